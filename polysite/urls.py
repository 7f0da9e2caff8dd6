"""Everything the site answers to. /healthz and /readyz come before: see botgateway.health."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from polysite.static import static

urlpatterns = [
    path("", include("botgateway.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("detection.api.urls")),
    path("static/<path:path>", static),
]
