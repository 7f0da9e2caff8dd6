"""The product: photos in, predictions out. See docs/architecture.md for the story."""
