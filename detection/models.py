"""What Django has to know of predictions: a name for its log, and what a person may be allowed. Their place is DynamoDB."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Prediction(models.Model):
    """Holds no fields and no rows; `detection.table` has the item. The roles that have these permissions are made by a migration."""

    class Meta:
        managed = False
        default_permissions = ("view", "change", "delete")
        permissions: ClassVar = [
            ("view_photo", "Can see people's photos (each look is written down)"),
            ("export_prediction", "Can export predictions with their photos"),
            ("block_chat", "Can block a chat, and unblock it"),
            ("erase_chat", "Can erase a chat"),
            ("redrive_letter", "Can redrive dead letters"),
            ("drop_letter", "Can drop dead letters"),
            ("control_queue", "Can pause and resume queues"),
        ]

    def __str__(self) -> str:
        return "prediction"
