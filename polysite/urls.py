"""Everything the site answers to. /healthz and /readyz come before: see botgateway.health."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import include, path

urlpatterns = [
    path("", include("botgateway.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("detection.api.urls")),
    # The admin's own few files, for a few operators. `insecure` only means: not for a public site's traffic.
    path("static/<path:path>", serve, {"insecure": True}),
]
