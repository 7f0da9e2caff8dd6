"""How often each of COCO's classes is seen: what people take photos of."""

from __future__ import annotations

import random
from itertools import accumulate

from detection.colours import POSITIONS
from detection.prediction import Box, Detection

# Objects in COCO's train2017, in the order of its classes.
_SEEN = (
    262465, 7113, 43867, 8725, 5135, 6069, 4571, 9973, 10759, 12884, 1865, 1983, 1285, 9838,
    10806, 4768, 5508, 6587, 9509, 8147, 5513, 1294, 5303, 5131, 8720, 11431, 12354, 6496, 6192, 2682, 6646, 2685,
    6347, 9076, 3276, 3747, 5543, 6126, 4812, 24342, 7913, 20650, 5479, 7770, 6165, 14358,
    9458, 5851, 4373, 6399, 7308, 7852, 2918, 5821, 7179, 6353, 38491, 5779, 8652, 4192, 15714, 4157, 5805,
    4970, 2262, 5703, 2855, 6434, 1673, 3334, 225, 5610, 2637, 24715, 6334, 6613, 1481, 4793,
    198, 1954,
)  # fmt: skip
FREQUENCIES = dict(zip(POSITIONS, _SEEN, strict=True))
_LABELS, _UP_TO = tuple(FREQUENCIES), tuple(accumulate(_SEEN))
_OBJECTS = (0, 1, 2, 3, 4, 5, 6, 8, 12)  # in a photo, and …
_OF_100 = (7, 27, 20, 14, 11, 8, 6, 5, 2)  # … in how many of a hundred so many are found


def seen(chance: random.Random) -> tuple[Detection, ...]:
    """What one photo shows, the most certain first, in the decimals that the detector writes."""
    (number,) = chance.choices(_OBJECTS, _OF_100)
    labels = chance.choices(_LABELS, cum_weights=_UP_TO, k=number)
    found = [Detection(label, round(0.25 + 0.72 * chance.betavariate(3, 1.6), 4), _box(chance)) for label in labels]
    return tuple(sorted(found, key=lambda one: -one.confidence))


def _box(chance: random.Random) -> Box:
    """Small ones are more frequent than large ones; each lies wholly in the photo."""
    width, height = (0.06 + 0.74 * chance.random() ** 2 for _ in range(2))
    x, y = chance.uniform(0.01, 0.99 - width), chance.uniform(0.01, 0.99 - height)
    return Box(round(x, 6), round(y, 6), round(x + width, 6), round(y + height, 6))
