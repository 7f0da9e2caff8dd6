"""From DETECTION_MODEL, whatever it names, to a model bundle on this machine: made once, then found again."""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from detection.model import bundle, fetch
from detection.model.errors import ModelError

# The smallest YOLOv5 of the last Ultralytics release. The release publishes no checksums, so what we trust is the https
# connection to GitHub, and that a checkpoint is read with nothing of it being run (see checkpoint.py): at worst it detects badly.
OFFICIAL = "https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5n.pt"
OFFICIAL_LICENCE = "AGPL-3.0"

# What this repository carries: a model of emoji, for machines that can't download the official one.
DEMO = Path(__file__).parent / "demo" / "bundle"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a model comes from, and the name that its bundle gets: another file at the same place gets another name."""

    address: str  # a path, or an http, https or s3 address
    name: str
    source: str
    sha256: str | None = None
    licence: str | None = None

    @property
    def file_name(self) -> str:
        return PurePosixPath(urlsplit(self.address).path if "://" in self.address else self.address).name


def prepare(model: str, *, into: Path, official: str = OFFICIAL, say: Say = lambda _: None) -> Path:
    """The folder of the bundle that DETECTION_MODEL's value stands for, made in `into` if it isn't there. Raises ModelError.

    Empty stands for YOLOv5n of the Ultralytics release or, where that can't be had, for the demo model. `say` is told what takes
    its time, and which of the two it is.
    """
    if not model:
        return _official_or_demo(into=into, official=official, say=say)
    if "://" not in model and Path(model).is_dir():
        return bundle.load(model).folder
    return _made_once(origin_of(model), into=into, say=say)


def _official_or_demo(*, into: Path, official: str, say: Say) -> Path:
    origin = Origin(address=official, name="yolov5n-v7.0", source=official, licence=OFFICIAL_LICENCE)
    try:
        return _made_once(origin, into=into, say=say)
    except ModelError as error:
        demo = bundle.load(DEMO)
        say(f"{error}\nUntil then the demo model answers, which knows {len(demo.names)} emoji and nothing else.")
        return demo.folder


def _made_once(origin: Origin, *, into: Path, say: Say) -> Path:
    folder = into / origin.name
    if not folder.exists() or not _is_whole(folder, say):
        into.mkdir(parents=True, exist_ok=True)
        with _alone(into), tempfile.TemporaryDirectory(prefix=".fetched-", dir=into) as work:
            if not folder.exists():  # else another process made it while this one waited
                _make(origin, folder, work=Path(work), say=say)
    return folder


def origin_of(model: str) -> Origin:
    """What DETECTION_MODEL names, if it isn't empty or a bundle's folder. Raises ModelError where that can't be used."""
    if model.startswith("s3://"):
        address = f"{model}{bundle.MANIFEST}" if model.endswith("/") else model
        return _named(address, sha256(f"{address} {fetch.etag(address)}".encode()).hexdigest())
    if model.startswith(("http://", "https://")):
        return _with_checksum(model)
    if "://" in model:
        raise ModelError(f"DETECTION_MODEL is {model!r}, and only paths and addresses with https://, http:// and s3:// are understood.")
    path = Path(model)
    if not path.is_file():
        raise ModelError(f"DETECTION_MODEL is {model!r}, and there is nothing at {path.absolute()}. {fetch.INSTEAD}")
    checksum = bundle.sha256(path)
    return _named(model, checksum, source=f"{path.name} (SHA-256 {checksum})")


def _with_checksum(model: str) -> Origin:
    address, _, fragment = model.partition("#")
    found = re.fullmatch(r"sha256=([0-9a-fA-F]{64})", fragment)
    if found is None:
        raise ModelError(
            f"DETECTION_MODEL is {fetch.shown(model)}{'#…' if fragment else ''}, without the checksum that tells the right file from "
            f"another. Add it: {fetch.shown(model)}#sha256= and the 64 digits that `sha256sum` prints for a copy that you trust."
        )
    return _named(address, found[1].lower(), checked=True)


def _named(address: str, identity: str, *, source: str | None = None, checked: bool = False) -> Origin:
    path = PurePosixPath(urlsplit(address).path if "://" in address else address)
    stem = path.parent.name if path.name == bundle.MANIFEST else path.stem
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", stem).strip(".") or "model"
    shown = source or fetch.shown(address)
    return Origin(address=address, name=f"{safe[:60]}-{identity[:12]}", source=shown, sha256=identity if checked else None)


def _is_whole(folder: Path, say: Say) -> bool:
    try:
        bundle.load(folder)
    except ModelError as error:
        say(f"{error}\nMaking it again.")
        shutil.rmtree(folder)  # ours, and made from something that is still named
        return False
    return True


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """One process at a time makes bundles here; the others wait, and then find what they need."""
    with (into / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(origin: Origin, folder: Path, *, work: Path, say: Say) -> None:
    if origin.file_name == bundle.MANIFEST:
        _fetch_bundle(origin, folder, work=work, say=say)
        return
    weights = Path(origin.address)
    if "://" in origin.address:
        _check_exporter()  # before the download, not after it
        weights = work / origin.file_name
        say(f"Downloading {fetch.shown(origin.address)}")
        fetch.fetch(origin.address, weights, sha256=origin.sha256)
    say(f"Making a model bundle of {weights.name} (some seconds, once)")
    from detection.model.export import export  # here, since it takes a second to import

    _, apart = export(weights, folder, source=origin.source, licence=origin.licence or bundle.UNSTATED_LICENCE)
    say(f"ONNX Runtime and torch agree: {apart}")


def _fetch_bundle(origin: Origin, folder: Path, *, work: Path, say: Say) -> None:
    """A bundle that lies elsewhere: its bundle.json, and beside that the files whose checksums it has."""
    say(f"Downloading the model bundle {fetch.shown(origin.address)}")
    fetch.fetch(origin.address, work / bundle.MANIFEST, sha256=origin.sha256)
    facts = bundle.parse((work / bundle.MANIFEST).read_text(encoding="utf-8", errors="replace"), folder=work)
    beside = origin.address.rpartition("/")[0]
    fetch.fetch(f"{beside}/{bundle.ONNX}", work / bundle.ONNX, sha256=facts.onnx_sha256)
    if facts.weights_sha256:
        fetch.fetch(f"{beside}/{bundle.WEIGHTS}", work / bundle.WEIGHTS, sha256=facts.weights_sha256)
    finished = work / "bundle"
    finished.mkdir()
    for name in (bundle.MANIFEST, bundle.ONNX, *([bundle.WEIGHTS] if facts.weights_sha256 else [])):
        (work / name).rename(finished / name)
    bundle.load(finished)
    finished.rename(folder)


def _check_exporter() -> None:
    from detection.model import yolov5_import

    yolov5_import.yolo()
