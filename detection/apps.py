"""detection as a Django app: its pages in the admin. A worker never loads this."""

from __future__ import annotations

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    """Predictions, in the admin."""

    name = "detection"
    verbose_name = "Detection"
