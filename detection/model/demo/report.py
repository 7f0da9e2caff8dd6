"""The demo model's figures: measured, judged, written into its bundle, and shown as a table."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from detection.model import bundle
from detection.model.demo import evaluate
from detection.model.demo.emoji import MAIN, UNSEEN, EmojiSet
from detection.model.demo.evaluate import Figures
from detection.model.errors import ModelError

EVALUATION, LICENSES = "evaluation.json", "LICENSES.md"
LEAST_MAP50, LEAST_RECALL, LEAST_MAP50_UNSEEN = 0.90, 0.85, 0.50
MOST_FALSE, MOST_BYTES = 2, 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A bundle's figures for each emoji set, and what it says about each of the photographs."""

    version: str
    confidence: float
    size: int  # bytes of the bundle's files
    sets: dict[str, Figures]
    photographs: dict[str, list[str]]

    @property
    def false_detections(self) -> int:
        return sum(map(len, self.photographs.values()))


def check_can_measure() -> None:
    """Raises ModelError at the start rather than after the training."""
    if importlib.util.find_spec("pycocotools") is None:
        raise ModelError("pycocotools is not installed, and the evaluation needs it. `make setup` installs it.")


def measure(folder: Path, sets: Sequence[EmojiSet], *, scenes: int, say: Callable[[str], None]) -> Measured:
    loaded, figures = bundle.load(folder), {}
    for emoji in sets:
        say(f"evaluating with {scenes} compositions of {emoji.name}")
        figures[emoji.name] = evaluate.evaluate(folder, evaluate.held_out(emoji, count=scenes))
    size = (folder / bundle.MANIFEST).stat().st_size + loaded.onnx.stat().st_size
    photographs = evaluate.false_detections(folder)
    return Measured(version=loaded.version, confidence=loaded.confidence, size=size, sets=figures, photographs=photographs)


def shortfalls(measured: Measured) -> list[str]:
    """A line for each figure that isn't what it has to be."""
    wanted = [
        *((f"{name}: mAP@0.5", found.map50, LEAST_MAP50) for name, found in measured.sets.items() if name in MAIN),
        *((f"{name}: recall", found.recall, LEAST_RECALL) for name, found in measured.sets.items() if name in MAIN),
        *((f"{name}: mAP@0.5", found.map50, LEAST_MAP50_UNSEEN) for name, found in measured.sets.items() if name == UNSEEN),
    ]
    lines = [f"  {what} is {seen:.3f}, {least:.2f} is the least" for what, seen, least in wanted if seen < least]
    if measured.false_detections > MOST_FALSE:
        lines.append(f"  {measured.false_detections} false detections in the photographs, {MOST_FALSE} are the most")
    if measured.size > MOST_BYTES:
        lines.append(f"  it has {measured.size} bytes, {MOST_BYTES} are the most")
    return lines


def table(measured: Measured) -> str:
    """The figures as a table in Markdown."""
    rows = [
        f"| {name}{_part(name)} | {found.objects} in {found.scenes} | {found.map50:.3f} | {found.recall:.3f} | {found.precision:.3f} |"
        for name, found in measured.sets.items()
    ]
    head = ["| emoji set | objects in pictures | mAP@0.5 | recall | precision |", "|---|---|---|---|---|"]
    spoken = [f"{name}: {', '.join(said)}" for name, said in measured.photographs.items() if said]
    said = f" ({'; '.join(spoken)})" if spoken else ""
    count = len(measured.photographs)
    return "\n".join([*head, *rows, "", f"False detections in {count} photographs: {measured.false_detections}{said}."])


def _part(name: str) -> str:
    """What a set is to the model."""
    return " (never seen in training)" if name == UNSEEN else "" if name in MAIN else " (beside them)"


def write(measured: Measured, folder: Path, *, command: str) -> None:
    """Put evaluation.json and the licences beside the model."""
    facts = {"command": command, "false_detections": measured.false_detections, **asdict(measured)}
    (folder / EVALUATION).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.copy(Path(__file__).parent / LICENSES, folder / LICENSES)


def read(folder: Path) -> Measured:
    """The figures that a bundle brings along."""
    facts = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    sets = {name: Figures(**figures) for name, figures in facts["sets"].items()}
    others = {name: facts[name] for name in ("version", "confidence", "size", "photographs")}
    return Measured(sets=sets, **others)


def published(page: str, measured: Measured) -> str:
    """The documentation's page with these figures in it."""
    before, begin, rest = page.partition("<!-- table: evaluation -->\n")
    _, end, after = rest.partition("<!-- end -->")
    short = "\n".join(["\nIt falls short of what it should be:\n", *(f"- {line.strip()}" for line in shortfalls(measured)), ""])
    text = f"{measured.version}, at a confidence of {measured.confidence}:\n\n{table(measured)}\n{short if shortfalls(measured) else ''}"
    return before + begin + text + end + after


def install(folder: Path, to: Path) -> None:
    """Put the bundle there, in place of the one that is there."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
