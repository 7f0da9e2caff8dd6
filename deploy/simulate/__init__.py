"""What the workers' Auto Scaling group makes of a load: simulated, so that its settings need no guess. `python -m deploy.simulate`."""
