"""How to tell that the demo model answered: it knows a few emoji, and whoever reads its answer should know that. Pure."""

VERSION = "demo-"
"""What the version of its bundle begins with, and so the `model` of its predictions."""

KNOWS = 22
"""Emoji that it knows; a test compares this with its bundle, which nothing on the site reads."""


def is_demo(model: str | None) -> bool:
    """Whether a prediction with this `model` was made by the demo model.

    >>> is_demo("demo-emoji-0123456789ab"), is_demo("yolov5n-4f180cf23ba0"), is_demo(None)
    (True, False, False)
    """
    return model is not None and model.startswith(VERSION)
