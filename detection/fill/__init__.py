"""A believable month of made-up predictions, for development, tests and benchmarks. It is written to an emulator of AWS alone."""
