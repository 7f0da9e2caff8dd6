"""What the bot says, as a person would say it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from botgateway.updates import CommandName
from detection import demo_model as demo
from detection.prediction import Detection, Failure, Prediction, Status

CAPTION_LIMIT = 1024
"""Telegram's limit of a caption, in UTF-16 code units."""

CONFIDENCES_SHOWN = 8
LABEL_LIMIT = 60

NOTHING_FOUND = "I see nothing I know in this photo."
TOO_LARGE = (
    "This photo is over 20 MB, and Telegram does not give files of that size to bots. "
    "Please send a smaller one, or send it as a photo rather than as a file."
)
NOT_RECEIVED = "Telegram would not give me this photo. Please send it again."
HINT = "Send me a photo, and I will send it back with the objects that I find in it. /help says more."

_START = "Hello! Send me a photo, and I will send it back with the objects that I find in it boxed and named."
_HELP = (
    "Send me a photo, or an image as a file of up to 20 MB (JPEG, PNG, WebP, GIF …). I look for objects in it and answer "
    "with the same photo, where each one that I find is boxed and named. The percentages say how sure I am.\n\n"
    "In a group I answer every photo that I can see there.\n\n"
    "I am free software (AGPL-3.0-or-later); the source of the version that you are talking to: {source}"
)

DEMO_NOTE = f"(The demo model said this: it knows {demo.KNOWS} emoji, and nothing of the world in photos.)"
_DEMO_HELP = (
    f"\n\nJust now a demo model looks at the photos: it knows {demo.KNOWS} emoji, and nothing of the world in photos. "
    "Whoever runs me can give me another with DETECTION_MODEL."
)

_FAILURES = {
    Failure.EMPTY: "This file is empty: there is nothing in it that I could look at. Please send the photo again.",
    Failure.NOT_A_PHOTO: "This does not seem to be a photo. Please send me a picture: JPEG, PNG, WebP or GIF.",
    Failure.FORMAT: "I can't open pictures of this kind. Please send it as a photo, or as a JPEG or PNG file.",
    Failure.DAMAGED: "This photo is damaged, so I can't open it to its end. Please send it again.",
    Failure.TOO_LARGE: "This photo has more pixels than I can handle. Please send a smaller one.",
    Failure.NO_MODEL: "I was to look at this photo once more, with a model that I don't have any more. Sorry! My earlier answer stands.",
    Failure.GAVE_UP: "I tried to look at this photo several times and could not. Sorry! Another photo may work.",
}

# What ends otherwise than the rules of _plural say. COCO's labels, and what other models are likely to know.
_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "goose": "geese",
    "tooth": "teeth",
    "foot": "feet",
    "ox": "oxen",
    "sheep": "sheep",
    "fish": "fish",
    "deer": "deer",
    "aircraft": "aircraft",
    "broccoli": "broccoli",
    "knife": "knives",
    "shelf": "shelves",
    "leaf": "leaves",
    "wolf": "wolves",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "tv": "TVs",
}
# Labels that are said differently even of one.
_ONE = {"tv": "TV", "skis": "ski", "scissors": "pair of scissors"}
_MANY = {"skis": "skis", "scissors": "pairs of scissors"}


def command(name: CommandName, *, source_url: str, demo_model: bool = False) -> str:
    """The answer to a command. /help links to the running version's source, as section 13 of the AGPL asks."""
    said = _START if name is CommandName.START else _HELP.format(source=source_url)
    return said + _DEMO_HELP if demo_model else said


def answer(prediction: Prediction) -> str:
    """What is said of a finished prediction, in at most CAPTION_LIMIT code units."""
    if prediction.status is Status.FAILED:
        return _FAILURES[prediction.failure or Failure.GAVE_UP]
    if not demo.is_demo(prediction.model):
        return caption(prediction.detections)
    note = f"\n\n{DEMO_NOTE}"
    return caption(prediction.detections, limit=CAPTION_LIMIT - _length(note)) + note


def caption(detections: Sequence[Detection], *, limit: int = CAPTION_LIMIT) -> str:
    """Counts and confidences, the most frequent label first, cut with "and N more" where it would be too long.

    >>> from detection.prediction import Box
    >>> box = Box(0, 0, 1, 1)
    >>> caption([Detection("person", 0.91, box), Detection("car", 0.77, box), Detection("person", 0.84, box)])
    '3 objects: 2 people (91 %, 84 %), 1 car (77 %)'
    """
    if not detections:
        return NOTHING_FOUND
    groups = _groups(detections)
    total = f"{len(detections)} object{'' if len(detections) == 1 else 's'}: "
    # Fewer and fewer groups, until it fits; one always does, since labels and confidences are bounded.
    return next(text for shown in range(len(groups), 0, -1) if _length(text := total + _listed(groups, shown)) <= limit)


def _groups(detections: Iterable[Detection]) -> list[tuple[str, list[float]]]:
    """Label → confidences, highest first; the most frequent label first, and the surer one of equals."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for detection in detections:
        found[detection.label].append(detection.confidence)
    groups = [(label, sorted(confidences, reverse=True)) for label, confidences in found.items()]
    return sorted(groups, key=lambda group: (-len(group[1]), -group[1][0], group[0]))


def _listed(groups: Sequence[tuple[str, list[float]]], shown: int) -> str:
    text = ", ".join(_group(label, confidences) for label, confidences in groups[:shown])
    rest = sum(len(confidences) for _, confidences in groups[shown:])
    return f"{text} and {rest} more" if rest else text


def _group(label: str, confidences: Sequence[float]) -> str:
    percentages = ", ".join(f"{confidence * 100:.0f} %" for confidence in confidences[:CONFIDENCES_SHOWN])
    if len(confidences) > CONFIDENCES_SHOWN:
        percentages += ", …"
    return f"{_counted(len(confidences), _shortened(label))} ({percentages})"


def _counted(count: int, label: str) -> str:
    if count == 1:
        return f"1 {_ONE.get(label, label)}"
    *before, last = label.split(" ")
    return f"{count} {_MANY.get(label) or ' '.join([*before, _plural(last)])}"


def _plural(word: str) -> str:
    """The plural of a noun, by the rules of English spelling and their commonest exceptions."""
    if (irregular := _IRREGULAR.get(word)) is not None:
        return irregular
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL_LIMIT else label[: LABEL_LIMIT - 1] + "…"


def _length(text: str) -> int:
    """As Telegram counts: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2
