"""What every test may ask for."""

pytest_plugins = ["tests.bundles", "tests.clouds", "tests.no_skips", "tests.results_server"]
