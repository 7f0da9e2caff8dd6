"""The API's OpenAPI document, and the page that shows it and tries it out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

Endpoint = tuple[str, str, str, Any]


def only_the_api(endpoints: list[Endpoint], **_: Any) -> list[Endpoint]:
    """Of all addresses that REST framework serves those below /api/: /results is for the workers alone."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/")]


class Document(SpectacularJSONAPIView):
    """GET /api/schema: for anyone, as the code that it describes is."""

    authentication_classes = ()
    permission_classes = ()


class ApiPage(SpectacularSwaggerSplitView):
    """GET /api/: Swagger UI, its scripts and styles from this site. With `?script` the script that sets it up."""

    authentication_classes = ()
    permission_classes = ()
    template_name = "detection/api.html"
    url_name = "api-schema"
