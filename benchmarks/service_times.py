"""How long a worker's process computes for a photo: `python -m benchmarks.service_times BUNDLE --out deploy/simulate/service_times.json`.

The product's own steps (decode, detect, draw) on the photographs of sandbox/samples, made as large as Telegram sends photos, in as many
processes at once as this machine has cores, one thread each. What a task waits for (S3, DynamoDB, the site) is not in these times.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import report
from benchmarks.subjects import ROOT
from detection.annotate import annotate
from detection.decode import decode
from detection.model import bundle
from detection.model.detector import load_detector

LONGER_SIDE = 1280  # pixels of a photo that Telegram has made smaller
WARM_UP = 10  # photos that are not counted


def photos() -> list[bytes]:
    return [_enlarged(path) for path in sorted((ROOT / "sandbox/samples").glob("*.jpg"))]


def _enlarged(path: Path) -> bytes:
    with Image.open(path) as photo:
        scale = LONGER_SIDE / max(photo.size)
        out = io.BytesIO()
        photo.resize((round(photo.width * scale), round(photo.height * scale))).save(out, "JPEG", quality=87)
    return out.getvalue()


def measure(folder: Path, count: int) -> list[float]:
    """Seconds of each photo, in this process. Raises ModelError."""
    detector, found = load_detector(folder), photos()
    took = []
    for number in range(WARM_UP + count):
        began = time.perf_counter()
        photo = decode(found[number % len(found)], max_pixels=50_000_000)
        annotate(photo, detector.detect(photo))
        took.append(time.perf_counter() - began)
    return took[WARM_UP:]


def record(folder: Path, *, count: int, processes: int) -> dict[str, Any]:
    """`count` times from each of so many processes that run beside one another, and what they were measured with."""
    # Not forked: ONNX Runtime is loaded in the process that uses it.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [took for its in pool.map(measure, [folder] * processes, [count] * processes) for took in its]
    model = bundle.load(folder)
    return {
        "what": f"decode, detect and draw a photo of {LONGER_SIDE} px, {processes} processes of one thread at once",
        "model": model.version,
        "input_size": model.input_size,
        "backend": f"onnxruntime {version('onnxruntime')}",
        "machine": {name: value for name, value in report.machine().items() if name != "load_1m"},
        "recorded": datetime.now(UTC).date().isoformat(),
        "seconds": [round(took, 5) for took in found],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "bundle", type=Path, help="a model bundle: detection/model/demo/bundle, or one that `python -m detection.model` made"
    )
    parser.add_argument("--out", type=Path, help="keep the record in this file")
    parser.add_argument("--count", type=int, default=200, help="photos of each process (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="processes at once: as many as cores (default: %(default)s)")
    given = parser.parse_args(arguments)
    found = record(given.bundle, count=given.count, processes=given.processes)
    if given.out:
        given.out.write_text(json.dumps(found) + "\n")
    seconds = sorted(found.pop("seconds"))
    summary = {"photos": len(seconds), "mean_s": statistics.fmean(seconds), "p50_s": statistics.median(seconds), "max_s": seconds[-1]}
    report.say(report.table(["", "seen"], list(summary.items())))
    return report.finish({**found, **summary}, [])


if __name__ == "__main__":
    sys.exit(main())
