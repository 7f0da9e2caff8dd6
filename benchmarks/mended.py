"""An app with a bug: its task raises until the file `mended` stands beside its effects, and is a dead letter at its first failure."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import effects
from benchmarks.app import app

_effects = Path(os.environ["BENCH_EFFECTS"])
app.conf.broker_transport_options["max_receives"] = 1


@app.task(name="bench.mended")
def mended(key: str) -> None:
    if not _effects.with_name("mended").exists():
        raise ValueError(f"{key}: the bug")
    effects.have(_effects, key, node="")
