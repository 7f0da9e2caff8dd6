"""Where Telegram and the workers come in."""

from __future__ import annotations

from django.urls import path

from botgateway.source import source
from botgateway.views import Results, webhook

urlpatterns = [
    path("webhook", webhook, name="webhook"),
    path("results", Results.as_view(), name="results"),
    path("source", source, name="source"),
]
