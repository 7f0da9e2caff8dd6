"""Who did what, and who looked at whose photos, in Django's own log of the admin: it outlives the predictions that it names."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from detection.models import Prediction

_LONGEST_NAME = 200  # of LogEntry.object_repr


def note(request: HttpRequest, name: str, what: str, *, deleted: bool = False) -> LogEntry:
    """Write down that whoever asks did this to the thing of this name: a prediction's id, `chat 42`, `queue photos`."""
    if isinstance(request.user, AnonymousUser):
        raise TypeError("nobody does anything here without having logged in")
    return LogEntry.objects.create(
        user_id=request.user.pk,
        content_type_id=ContentType.objects.get_for_model(Prediction, for_concrete_model=False).pk,
        object_id=name[:_LONGEST_NAME],
        object_repr=name[:_LONGEST_NAME],
        action_flag=DELETION if deleted else CHANGE,
        change_message=what,
    )


def photos_viewed(request: HttpRequest, prediction_ids: Sequence[str]) -> None:
    """Write down, in one entry, whose photos a page has shown."""
    if prediction_ids:
        name = prediction_ids[0] if len(prediction_ids) == 1 else f"{len(prediction_ids)} photos"
        note(request, name, f"viewed the photos of {', '.join(prediction_ids)}")
