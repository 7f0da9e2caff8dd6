"""The benchmarks' app on an instance that boots: the worker is loaded, and takes no work before BENCH_BOOTED (seconds since 1970)."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import signals

from benchmarks.app import app

__all__ = ["app"]  # Celery looks for it here


@signals.worker_init.connect
def boot(**_: Any) -> None:
    time.sleep(max(0.0, float(os.environ["BENCH_BOOTED"]) - time.time()))
