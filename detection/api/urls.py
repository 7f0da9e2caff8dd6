"""Below /api/."""

from __future__ import annotations

from django.urls import path, re_path
from django.views.decorators.cache import cache_page

from detection.api.document import ApiPage, Document
from detection.api.views import Dashboard, OneOfThem, Predictions

_HOUR = 3600

urlpatterns = [
    path("", ApiPage.as_view(), name="api"),
    # Nobody is asked who they are here, and making it takes a while.
    path("schema", cache_page(_HOUR)(Document.as_view()), name="api-schema"),
    path("dashboard", Dashboard.as_view(), name="api-dashboard"),
    path("predictions", Predictions.as_view(), name="api-predictions"),
    # Whatever follows is asked for as an id, so that what is none (it has a slash, say) is answered as any other that isn't there
    re_path(r"^predictions/(?P<prediction_id>[\s\S]+)\Z", OneOfThem.as_view(), name="api-prediction"),
]
