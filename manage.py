#!/usr/bin/env python
"""Django's command line: `python manage.py help` lists what it can do."""

from __future__ import annotations

import os
import sys

from detection.config import ConfigError


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polysite.settings")
    # Imported here, since importing Django is what can fail: then this says so by itself.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except ConfigError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
