"""What Django has to know of predictions: a name for the admin and a permission. They are in DynamoDB, not in its database."""

from __future__ import annotations

from django.db import models


class Prediction(models.Model):
    """Holds no fields and no rows; `detection.table` has the item. Whoever may `view_prediction` sees the admin's pages."""

    class Meta:
        managed = False
        default_permissions = ("view",)

    def __str__(self) -> str:
        return "prediction"
