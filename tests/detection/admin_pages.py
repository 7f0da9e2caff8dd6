"""The addresses of all the admin's pages of ours, from the URL configuration, so that no page is forgotten."""

from __future__ import annotations

import re

from django.urls import reverse

from detection.admin.site import PAGES

# What stands in an address, by the name that its route gives it.
_SAMPLES = {"prediction_id": "42-7", "chat_id": "42"}


def address(name: str, route: str) -> str:
    """Of the page of this name. KeyError: its route has a part for which there is no sample yet."""
    return reverse(f"admin:{name}", kwargs={part: _SAMPLES[part] for part in re.findall(r"<(?:\w+:)?(\w+)>", route)})


NO_PAGES = ("find", "act", "letters-act", "letter", "queues-act")  # they act, lead elsewhere, or need what is not there yet
ADDRESSES = [address(page.name, page.route) for page in PAGES if page.name not in NO_PAGES]
