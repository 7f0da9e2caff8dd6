"""`python -m deploy.images`: build both images, see how large they are, and have them answer a photo. See docs/images.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy import notes
from deploy.images.build import BASE, IMAGES, ROOT, Builder, Failed, pinned
from deploy.images.trial import NotWorking, tried
from deploy.notes import Event, Notes

ABOUT = """\
Build the images of site and workers, see how large they are, and run both: with a file system that is read-only, as their own user, with an
embedded AWS and a stand-in for Telegram. A photo has to be answered. It needs root, buildah and mmdebstrap: `make images` sees to it.

The base is made of Debian's packages, in the place of the one that the Dockerfiles pin:
{base}
What is made is kept in .images/, and the next run is quicker."""

MOST = {"site": 250.0, "worker": 450.0}
"""MB (of 1,000,000 bytes) over the base that an image may take, unpacked."""

# Celery ends with 0. uvicorn, having finished what it had, ends by the signal that it was sent.
BY_ITSELF = {0, -signal.SIGTERM}


def main() -> int:
    """1 where an image is too large, or doesn't do its part. The last line is JSON."""
    parser = argparse.ArgumentParser(
        "python -m deploy.images", description=ABOUT.format(base=pinned()), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep each event in this file, as JSON lines")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="build nothing: the figures of the events in this file")
    given = parser.parse_args()
    note = Notes(notes.read(given.figures) if given.figures else [])
    try:
        if not given.figures:
            build_and_try(note)
    except (Failed, NotWorking) as failed:
        print(failed, file=sys.stderr)
        return 1
    finally:
        if given.raw:
            note.write(given.raw)
    return report(figures(note.events))


def build_and_try(note: Notes) -> None:
    """All of it, noted as it goes. Raises Failed and NotWorking."""
    folder = ROOT / ".images"
    folder.mkdir(exist_ok=True)
    builder = Builder(folder)
    note("building", "building the base of Debian's packages")
    builder.base()
    _built("base", BASE, builder, note)
    for side, image in IMAGES.items():
        note("building", f"building {image} (minutes: its packages are fetched)")
        builder.build(side)
        _built(side, image, builder, note)
    with tempfile.TemporaryDirectory() as logs:
        tried(builder, Path(logs), note)


def _built(side: str, image: str, builder: Builder, note: Notes) -> None:
    size = builder.bytes(image)
    note("built", f"{image} built, {size / 1e6:.1f} MB", image=side, bytes=size)


def figures(events: Sequence[Event]) -> dict[str, Any]:
    """What these events come to. Sizes in MB of 1,000,000 bytes: the base's own, and each image's over it."""
    of = {(event["event"], event.get("image")): event for event in events}
    base = of["built", "base"]["bytes"]
    sizes = {f"{side}_mb": round((of["built", side]["bytes"] - base) / 1e6, 1) for side in IMAGES}
    healthy = {f"{side}_healthy_s": of["healthy", side]["seconds"] for side in IMAGES}
    stopped = {f"{side}_exit_status": of["stopped", side]["status"] for side in IMAGES}
    return {
        "base_mb": round(base / 1e6, 1),
        **sizes,
        **healthy,
        "healthz": of["answered", "site"]["status"],
        "answer": of["answered", "worker"]["text"],
        "answer_s": of["answered", "worker"]["seconds"],
        **stopped,
    }


def report(found: dict[str, Any]) -> int:
    """Print a table, what falls short, and the figures as JSON; 1 where something does."""
    print(f"\n{notes.table(found)}\n")
    large = [
        f"{side}: {found[f'{side}_mb']} MB over the base, {most:.0f} at most" for side, most in MOST.items() if found[f"{side}_mb"] > most
    ]
    killed = [
        f"{side}: ended with {found[f'{side}_exit_status']} when it was asked to"
        for side in MOST
        if found[f"{side}_exit_status"] not in BY_ITSELF
    ]
    print("\n".join([*large, *killed]) or "both are small enough, answer, and end when they are asked to")
    print(json.dumps(found))
    return 1 if large or killed else 0


if __name__ == "__main__":
    sys.exit(main())
