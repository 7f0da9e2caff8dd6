"""What an export says of its photos, in three formats for programs that train and judge models.

Each notes one photo after the other (`add`, which returns paths and texts of files that are to stand beside that photo), and says at
the end what the files are that all the photos share (`files`). What has to wait until then is in temporary files, not in memory.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, ClassVar

from detection.prediction import Detection, Prediction

Pieces = Iterator[str]
Temporary = Callable[[], IO[str]]  # makes an empty file that is gone when the export is over


class Coco:
    """annotations.json as COCO has it: boxes in pixels, classes numbered from 1 in the order in which they were met."""

    needs_size: ClassVar[bool] = True  # a photo whose width and height are not known can't be in it

    def __init__(self, temporary: Temporary) -> None:
        self._images, self._annotations = temporary(), temporary()
        self._photos = self._boxes = 0
        self._classes: dict[str, int] = {}

    def add(self, prediction: Prediction, name: str) -> Iterator[tuple[str, str]]:
        width, height = prediction.width or 0, prediction.height or 0
        self._photos += 1
        image: dict[str, Any] = {"id": self._photos, "file_name": name, "width": width, "height": height}
        image |= {"date_captured": prediction.received_at.isoformat(), "model": prediction.model, "verdict": prediction.verdict}
        _write_line(self._images, image)
        for found in prediction.detections:
            self._boxes += 1
            x, y = found.box.x1 * width, found.box.y1 * height
            w, h = (found.box.x2 - found.box.x1) * width, (found.box.y2 - found.box.y1) * height
            note: dict[str, Any] = {"id": self._boxes, "image_id": self._photos, "category_id": _number(self._classes, found.label) + 1}
            note |= {"bbox": [round(side, 2) for side in (x, y, w, h)], "area": round(w * h, 2), "iscrowd": 0, "score": found.confidence}
            _write_line(self._annotations, note)
        return iter(())

    def files(self) -> Iterator[tuple[str, Pieces]]:
        yield "annotations.json", self._whole()

    def _whole(self) -> Pieces:
        yield '{"images": [\n'
        yield from _lines(self._images)
        yield '], "annotations": [\n'
        yield from _lines(self._annotations)
        classes = [{"id": number + 1, "name": label, "supercategory": ""} for label, number in self._classes.items()]
        yield f'], "categories": {json.dumps(classes)}}}\n'


class Yolo:
    """labels/NAME.txt for each photo, a line for each box (class, centre, width and height in 0-1), and the classes in data.yaml."""

    needs_size: ClassVar[bool] = False

    def __init__(self, _: Temporary) -> None:
        self._classes: dict[str, int] = {}

    def add(self, prediction: Prediction, name: str) -> Iterator[tuple[str, str]]:
        yield f"labels/{name.rpartition('.')[0]}.txt", "".join(map(self._line, prediction.detections))

    def files(self) -> Iterator[tuple[str, Pieces]]:
        names = (f"  {number}: {json.dumps(label, ensure_ascii=False)}\n" for label, number in self._classes.items())
        yield "data.yaml", iter(["path: .\ntrain: images\nval: images\nnames:\n", *names])

    def _line(self, found: Detection) -> str:
        box = found.box
        sides = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.x2 - box.x1, box.y2 - box.y1)
        return f"{_number(self._classes, found.label)} {' '.join(f'{side:.6f}' for side in sides)}\n"


class Csv:
    """detections.csv: a row for each box, in 0-1, and one without a box for a photo in which nothing was found."""

    needs_size: ClassVar[bool] = False
    _HEAD = (
        "photo", "prediction_id", "chat_id", "message_id", "run", "received_at", "replied_at", "model", "verdict", "width", "height",
        "label", "confidence", "x1", "y1", "x2", "y2",
    )  # fmt: skip

    def __init__(self, temporary: Temporary) -> None:
        self._rows = temporary()
        self._rows.write(_row(self._HEAD))

    def add(self, prediction: Prediction, name: str) -> Iterator[tuple[str, str]]:
        one = prediction
        times = [at.isoformat() if at else "" for at in (one.received_at, one.replied_at)]
        about = [name, one.prediction_id, one.chat_id, one.message_id, one.run, *times, one.model, one.verdict, one.width, one.height]
        boxes = [[found.label, found.confidence, found.box.x1, found.box.y1, found.box.x2, found.box.y2] for found in one.detections]
        for box in boxes or [[""] * 6]:
            self._rows.write(_row([*about, *box]))
        return iter(())

    def files(self) -> Iterator[tuple[str, Pieces]]:
        self._rows.seek(0)
        yield "detections.csv", iter(self._rows)


FORMATS: dict[str, type[Coco | Yolo | Csv]] = {"coco": Coco, "yolo": Yolo, "csv": Csv}


def _number(classes: dict[str, int], label: str) -> int:
    return classes.setdefault(label, len(classes))


def _write_line(file: IO[str], value: Mapping[str, object]) -> None:
    file.write(json.dumps(value) + "\n")


def _lines(file: IO[str]) -> Pieces:
    """What was written line by line, with commas between."""
    file.seek(0)
    before = ""
    for line in file:
        yield before + line.rstrip("\n")
        before = ",\n"


def _row(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
