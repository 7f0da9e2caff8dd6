"""The two images: their recipes, and a command that builds and tries both without Docker."""
