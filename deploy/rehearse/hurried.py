"""`python -m deploy.rehearse.hurried …`: `python -m deploy.roll …` that waits less, since nothing boots or drains on an emulator."""

from __future__ import annotations

import sys

from deploy.roll.__main__ import main
from deploy.roll.pace import Pace

PACE = Pace(poll=0.2, reach=5, drain=10, serve=2, boot=2, refresh=30, back=30, checkpoint=1)

if __name__ == "__main__":
    sys.exit(main(pace=PACE))
