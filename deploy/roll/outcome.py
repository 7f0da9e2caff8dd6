"""How a roll can end; each has an exit status of its own, which docs/aws.md lists."""

from __future__ import annotations


class Outcome(Exception):
    """An end other than success; the text says what is where, and what to do."""

    status: int


class RolledBack(Outcome):
    """The new image did not serve; everything runs what it ran before."""

    status = 1


class Refused(Outcome):
    """It can't be done as it was asked; nothing was changed."""

    status = 2


class Locked(Refused):
    """Another roll of the same side is under way."""

    status = 3


class Stopped(Outcome):
    """Neither rolled out nor back: a person has to look. The same command goes on from there."""

    status = 4


class NotServing(Exception):
    """An instance or the group did not come to serve this image; the reason. Answered by going back."""
