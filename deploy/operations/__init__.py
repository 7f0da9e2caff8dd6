"""What an operator does on AWS, one module a command of `python -m deploy`."""
