"""What the task queue costs and withstands, measured on real worker processes; not imported by the product."""
