"""What the API says of predictions, and of what is wrong: the shapes that its document describes."""

from __future__ import annotations

from rest_framework import serializers

from detection.dashboard import STAGES
from detection.prediction import RIGHT, WRONG, Failure, Prediction, Status


class Box(serializers.Serializer[Prediction]):
    """Where a detection is, in 0-1 of the photo as a person sees it; (x1, y1) is the upper left corner."""

    x1 = serializers.FloatField()
    y1 = serializers.FloatField()
    x2 = serializers.FloatField()
    y2 = serializers.FloatField()


class Detection(serializers.Serializer[Prediction]):
    """One object found."""

    label = serializers.CharField()  # type: ignore[assignment]  # here it is one of the answer's fields, and no title of a form
    confidence = serializers.FloatField(help_text="0-1.")
    box = Box()


def _time(what: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(allow_null=True, help_text=what)


class OnePrediction(serializers.Serializer[Prediction]):
    """One run of an operation on one photo. Times are in UTC; null is "not yet"."""

    prediction_id = serializers.CharField(
        help_text="Such as 42-7: the chat's id and the message's, and the run's number where it is not the first."
    )
    chat_id = serializers.IntegerField()
    message_id = serializers.IntegerField()
    run = serializers.IntegerField(help_text="0 for the first run on this photo.")
    operation = serializers.CharField()
    status = serializers.ChoiceField(choices=[status.value for status in Status], source="status.value")
    is_open = serializers.BooleanField(help_text="The chat still waits: not replied to, and not undeliverable.")
    queue = serializers.CharField(allow_null=True, help_text="Where its task was sent.")
    attempts = serializers.IntegerField(help_text="How often it was started.")
    given_back = serializers.IntegerField(help_text="How many of these attempts ended by no fault of the photo's.")
    worker = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True, help_text="The version of the model that looked at it.")
    wanted_model = serializers.CharField(allow_null=True, help_text="The version that this run was asked to be made with.")
    width = serializers.IntegerField(allow_null=True, help_text="Of the photo as a person sees it, in pixels.")
    height = serializers.IntegerField(allow_null=True)
    detections = Detection(many=True)
    failure = serializers.ChoiceField(
        choices=[failure.value for failure in Failure], source="failure.value", allow_null=True, help_text="Why it FAILED."
    )
    undeliverable = serializers.CharField(allow_null=True, help_text="Why the chat can't have its answer.")
    verdict = serializers.ChoiceField(choices=[RIGHT, WRONG], allow_null=True, help_text="What a person said of the answer.")
    received_at = serializers.DateTimeField(help_text="The photo came to the bot.")
    stored_at = _time("The photo was stored.")
    created_at = serializers.DateTimeField(help_text="The prediction was made; lists are in the order of this time.")
    queued_at = _time("Its task was sent.")
    started_at = _time("A worker began its latest attempt.")
    detected_at = _time("The objects were detected.")
    saved_at = _time("The annotated photo was stored.")
    finished_at = _time("The result was written down.")
    announce_at = _time("When its next announcement is due, if the first was not taken.")
    replied_at = _time("The chat had its answer.")
    reopened_at = _time("When an operator last had the answer sent again.")


class Page(serializers.Serializer[dict[str, object]]):
    """Predictions, newest first."""

    predictions = OnePrediction(many=True)
    looked_back_to = serializers.DateTimeField(
        allow_null=True,
        help_text="Set where the page is not full because reading came to its bound: everything newer than this was looked at, "
        "and `older` looks further.",
    )
    newer = serializers.URLField(allow_null=True, help_text="The page of what is newer.")
    older = serializers.URLField(allow_null=True, help_text="The page of what is older; null at the end.")


class Seconds(serializers.Serializer[dict[str, object]]):
    """How long a stage took: of so many, up to so many seconds for 50, 95 and 99 in a hundred. At most 41 % too high, never too low."""

    times = serializers.IntegerField()
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)


def _by_name(what: str) -> serializers.DictField:
    return serializers.DictField(child=serializers.IntegerField(), help_text=what)


class Figures(serializers.Serializer[dict[str, object]]):
    """What was counted between two times, in whole hours."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    photos = serializers.IntegerField(help_text="That came in.")
    done = serializers.IntegerField(help_text="Predictions that were made.")
    failed = serializers.IntegerField()
    replied = serializers.IntegerField(help_text="Answers that chats had.")
    undeliverable = serializers.IntegerField()
    perhaps_twice = serializers.IntegerField(help_text="Answers that a chat may have had twice.")
    stages = serializers.DictField(child=Seconds(), help_text=f"Of {', '.join(STAGES)}.")
    failures = _by_name("Reason → predictions.")
    classes = _by_name("Label → detections.")
    models = _by_name("Version → predictions.")


class Problem(serializers.Serializer[dict[str, object]]):
    """What is wrong, in a sentence."""

    detail = serializers.CharField()


class Mistakes(Problem):
    """What is wrong in the query."""

    mistakes = serializers.DictField(child=serializers.CharField(), help_text="Parameter → what is wrong with it, and what belongs there.")
