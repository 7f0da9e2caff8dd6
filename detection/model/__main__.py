"""`python -m detection.model`: make model bundles, and look at them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from detection.errors import PhotoUnreadable
from detection.model import bundle
from detection.model.errors import ModelError

ABOUT = """\
Make model bundles, and look at them. A model bundle is a folder with a model in the form that a worker serves: model.onnx,
bundle.json with its class names, thresholds, version and checksums, and weights.pt for torch.

  your own model     python -m detection.model export best.pt --out models/mine
                     DETECTION_MODEL=models/mine make run
  is it any good?    python -m detection.model detect models/mine photo.jpg
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except (ModelError, PhotoUnreadable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def export(options: argparse.Namespace) -> None:
    from detection.model.export import export as make_bundle

    made, apart = make_bundle(options.weights, options.out, licence=options.licence, source=options.source)
    print(f"{made.version}: {len(made.names)} classes. ONNX Runtime and torch agree: {apart}", file=sys.stderr)
    print(made.folder)


def prepare(options: argparse.Namespace) -> None:
    from detection.model.prepare import prepare as bundle_for

    print(bundle_for(options.model.strip(), into=options.into, say=lambda line: print(line, file=sys.stderr)))


def show(options: argparse.Namespace) -> None:
    facts = dataclasses.asdict(bundle.load(options.bundle))
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:{width}}  {', '.join(value) if isinstance(value, tuple) else value}")


def detect(options: argparse.Namespace) -> None:
    from detection.decode import decode
    from detection.model.detector import load_detector

    detector = load_detector(options.bundle, options.backend)
    try:
        data = options.photo.read_bytes()
    except OSError as error:
        raise ModelError(f"{options.photo} can't be read: {error.strerror}") from None
    found = detector.detect(decode(data, max_pixels=options.max_pixels))
    print(json.dumps({"model": detector.model, "detections": [dataclasses.asdict(detection) for detection in found]}, indent=1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m detection.model", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("export", help="make a bundle of a YOLOv5 checkpoint", description=EXPORT)
    command.set_defaults(command=export)
    command.add_argument("weights", type=Path, metavar="WEIGHTS.pt", help="a YOLOv5 detection checkpoint, such as a training's best.pt")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle's folder, which must not be there yet")
    command.add_argument("--licence", default=bundle.UNSTATED_LICENCE, help="recorded in the bundle (default: %(default)s)")
    command.add_argument("--source", help="recorded in the bundle: where the checkpoint is from (default: its file name and checksum)")

    command = commands.add_parser("prepare", help="make or find the bundle that DETECTION_MODEL names", description=PREPARE)
    command.set_defaults(command=prepare)
    command.add_argument("model", nargs="?", default=os.environ.get("DETECTION_MODEL", ""), help="(default: $DETECTION_MODEL)")
    command.add_argument("--into", type=Path, default=Path(".models"), metavar="DIR", help="where bundles are kept (default: %(default)s)")

    command = commands.add_parser("show", help="print a bundle's facts, and check its files")
    command.set_defaults(command=show)
    command.add_argument("bundle", type=Path, metavar="DIR")

    command = commands.add_parser("detect", help="look at one photo, and print what is in it as JSON")
    command.set_defaults(command=detect)
    command.add_argument("bundle", type=Path, metavar="DIR")
    command.add_argument("photo", type=Path, metavar="PHOTO")
    command.add_argument("--backend", choices=["onnx", "torch"], default="onnx", help="(default: %(default)s)")
    command.add_argument("--max-pixels", type=int, default=50_000_000, help="(default: %(default)s)")
    return parser


EXPORT = """Make a bundle of a YOLOv5 checkpoint. Nothing in the checkpoint is run: it is read by an allow-list and the model built anew.
The bundle appears only if ONNX Runtime and torch say the same about it. Needs the extra `model` (torch and yolov5)."""

PREPARE = """Print the folder of the bundle that DETECTION_MODEL names, as the only line on stdout. A bundle's folder is checked and
printed; of a checkpoint (a path, s3://bucket/key, or https://…#sha256=CHECKSUM) a bundle is made, once. A bundle may also lie in S3
or on a web server: name its bundle.json, or its folder in S3 with a slash at the end. Without DETECTION_MODEL: YOLOv5n, downloaded
from the Ultralytics release, or the demo model of this repository where that can't be downloaded."""

if __name__ == "__main__":
    sys.exit(main())
