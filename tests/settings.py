"""Django's settings for tests and for mypy: the site's own, in an environment where each needed variable has a made-up value.

A variable that is already set stays. Nothing here can reach AWS or Telegram: the endpoints are closed ports of this machine.
"""

from __future__ import annotations

import os

CLOSED = "http://127.0.0.1:9"  # the discard port: a call that a test forgot to arrange is refused at once

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-north-1",
    "AWS_ENDPOINT_URL": CLOSED,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PHOTOS_BUCKET": "test-photos",
    "TABLE_PREFIX": "test",
    "PHOTOS_QUEUE_URL": f"{CLOSED}/000000000000/test-photos",
    "PHOTOS_BULK_QUEUE_URL": f"{CLOSED}/000000000000/test-photos-bulk",
    "ANSWERS_QUEUE_URL": f"{CLOSED}/000000000000/test-answers",
    "RESULTS_KEYS": "test:a-made-up-results-secret",
    "TELEGRAM_TOKEN": "1:made-up-token",
    "TELEGRAM_API_URL": CLOSED,
    "WEBHOOK_SECRETS": "a-made-up-webhook-secret",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "DJANGO_SECRET_KEY": "a-made-up-secret-key-that-is-long-enough-for-its-purpose",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DATABASE_PATH": ":memory:",
}

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)

from polysite.settings import *  # noqa: E402, F403 - the environment has to stand before the settings read it

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real ones are slow on purpose
