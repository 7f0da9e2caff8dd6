"""The model that answers: what its bundle says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.child import NotUp

DEMO = "demo-"
"""What the version of the demo model begins with. It is what answers where no other model can be had."""


@dataclass(frozen=True)
class Model:
    """A model bundle: its folder, its version, and how many kinds of things it knows."""

    folder: Path
    version: str
    classes: int

    @property
    def is_demo(self) -> bool:
        return self.version.startswith(DEMO)

    @property
    def samples(self) -> str:
        """The sample pictures that suit it."""
        return "emoji" if self.is_demo else "photographs"

    def __str__(self) -> str:
        if self.is_demo:
            return (
                f"demo model: knows {self.classes} emoji; for photos of the world set DETECTION_MODEL to a YOLOv5 checkpoint (yolov5n.pt)"
            )
        return self.folder.name


def read(folder: Path) -> Model:
    """The bundle in this folder. Raises NotUp."""
    try:
        facts = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        return Model(folder, str(facts["version"]), len(facts["names"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotUp(f"model: {folder} is not a model bundle ({error!r})") from None
