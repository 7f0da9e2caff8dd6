"""What the demo model knows: COCO's name for a thing, its emoji, and what the icon sets of the npm registry call that emoji."""

from __future__ import annotations

import re

CLASSES = {
    "bicycle": ("🚲", "bicycle"),
    "car": ("🚗", "automobile"),
    "airplane": ("✈", "airplane"),
    "train": ("🚂", "locomotive"),
    "boat": ("⛵", "sailboat"),
    "traffic light": ("🚦", "vertical-traffic-light"),
    "stop sign": ("🛑", "stop-sign"),
    "cat": ("🐱", "cat-face"),
    "dog": ("🐶", "dog-face"),
    "elephant": ("🐘", "elephant"),
    "umbrella": ("☂", "umbrella"),
    "sports ball": ("⚽", "soccer-ball"),
    "banana": ("🍌", "banana"),
    "apple": ("🍎", "red-apple"),
    "carrot": ("🥕", "carrot"),
    "hot dog": ("🌭", "hot-dog"),
    "pizza": ("🍕", "pizza"),
    "donut": ("🍩", "doughnut"),
    "clock": ("⏰", "alarm-clock"),
    "scissors": ("✂", "scissors"),
    "wine glass": ("🍷", "wine-glass"),
    "cup": ("☕", "hot-beverage"),
}
NAMES = tuple(CLASSES)

# Emoji that look like one of the classes, or have one in them: never shown as something that is none of them.
_LIKE_A_CLASS = re.compile(
    r"apple|automobile|ball|banana|barber|bear|bicycl|bik(e|ing)|boat|bus\b|cab\b|car\b|carrot|cat\b|clock|-thirty|cocktail|coffee|cup\b|dog|donut|doughnut"
    r"|airplane|aeroplane|aircraft|elephant|flag|fox|glass|goblet|hot-?\s?dog|keycap|light|lion|locomotive|mammoth|mug|octagon|pear|peach|pizza|poodle"
    r"|police|racing|rail|rugby|sail|scissors|ship|sign|skin|soccer|stop|subway|sushi|taxi|tea\b|teacup|tiger|timer|tomato|tophat|tractor|train|tram"
    r"|trolley|truck|tropical-drink|umbrella|van\b|vehicle|watch|wine|wolf|peanut|corn|burrito|baguette|cutting|beverage|tumbler|metro|canoe|cyclist"
)


def is_like_a_class(name: str) -> bool:
    """Whether an emoji of this name (of Unicode or of an icon set) could be taken for one of the classes.

    >>> is_like_a_class("AUTOMOBILE"), is_like_a_class("cat-with-tears-of-joy"), is_like_a_class("rose")
    (True, True, False)
    """
    return _LIKE_A_CLASS.search(name.lower()) is not None
