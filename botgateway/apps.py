"""botgateway as a Django app: it brings the management commands."""

from __future__ import annotations

from django.apps import AppConfig


class BotGatewayConfig(AppConfig):
    name = "botgateway"
