"""`python -m detection.model.demo`: make the demo model anew, measure a bundle, or draw samples. `make demo-model` has all it needs."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from detection.model.demo import emoji, report, samples
from detection.model.demo.emoji import TRAINED, UNSEEN, EmojiSet
from detection.model.errors import ModelError

BUNDLE = Path(__file__).parent / "bundle"
PAGE = Path(__file__).parents[3] / "docs" / "demo-model.md"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def make(options: argparse.Namespace) -> int:
    """Train, export, evaluate, and put the bundle into its place if it is as good as it has to be."""
    from detection.model.demo.produce import produce  # torch takes seconds to import

    report.check_can_measure()
    trained = tuple(_loaded(name, options) for name in options.sets)
    folder = produce(trained, work=options.work, seed=options.seed, shortened=options.steps, say=_say)
    measured = report.measure(folder, [*trained, _loaded(UNSEEN, options)], scenes=options.scenes, say=_say)
    report.write(measured, folder, command=f"make demo-model SEED={options.seed}{' ARGS=--anyway' if options.anyway else ''}")
    print(report.table(measured))
    if shortfalls := report.shortfalls(measured):
        print("\n".join(["Not good enough:", *shortfalls]), file=sys.stderr)
        if not options.anyway:
            print(
                f"The bundle stays in {folder}; --anyway puts it into its place, and the documentation says what it falls short of.",
                file=sys.stderr,
            )
            return 1
    report.install(folder, options.out)
    if options.out == BUNDLE:
        PAGE.write_text(report.published(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    print(options.out)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    report.check_can_measure()
    sets = [_loaded(name, options) for name in (*options.sets, UNSEEN)]
    measured = report.measure(options.bundle, sets, scenes=options.scenes, say=_say)
    print(report.table(measured))
    return 1 if report.shortfalls(measured) else 0


def draw_samples(options: argparse.Namespace) -> int:
    samples.write(options.out, {name: _loaded(name, options) for name in {sample.emoji for sample in samples.SAMPLES.values()}})
    return 0


COMMANDS = {"make": make, "evaluate": evaluate, "samples": draw_samples}


def _loaded(name: str, options: argparse.Namespace) -> EmojiSet:
    return emoji.load(name, icons=options.icons, font=options.font)


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m detection.model.demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="make | evaluate | samples")
    making = commands.add_parser("make", help="train, export, evaluate and install the demo model")
    measuring = commands.add_parser("evaluate", help="measure a bundle as `make` does")
    drawing = commands.add_parser("samples", help="draw the sample pictures that the chat page offers")
    for command in (making, measuring, drawing):
        command.add_argument("--icons", type=Path, default=Path(".demo-model/icons"), metavar="DIR", help="(default: %(default)s)")
        command.add_argument("--font", type=Path, default=emoji.FONT, metavar="FILE", help="Noto Color Emoji (default: %(default)s)")
    for command in (making, measuring):
        command.add_argument("--sets", nargs="+", choices=TRAINED, default=TRAINED, metavar="SET", help="(default: all of them)")
        command.add_argument("--scenes", type=int, default=300, metavar="N", help="compositions of each set (default: %(default)s)")
    making.add_argument("--work", type=Path, default=Path(".demo-model"), metavar="DIR", help="(default: %(default)s)")
    making.add_argument("--out", type=Path, default=BUNDLE, metavar="DIR", help="(default: %(default)s)")
    making.add_argument("--seed", type=int, default=1, metavar="N", help="(default: %(default)s)")
    making.add_argument("--anyway", action="store_true", help="take it although it is not as good as it should be")
    making.add_argument("--steps", type=int, metavar="N", help="so many in place of each stage's, for a short look at the whole")
    measuring.add_argument("bundle", type=Path, nargs="?", default=BUNDLE, metavar="DIR", help="(default: %(default)s)")
    drawing.add_argument("--out", type=Path, default=Path("sandbox/samples/emoji"), metavar="DIR", help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
