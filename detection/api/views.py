"""GET /api/predictions, GET /api/predictions/{prediction_id} and GET /api/dashboard."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import urlencode

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from detection import dashboard, listing, predictions
from detection.api import query
from detection.api.answers import Figures, OnePrediction, Page
from detection.api.reading import RETRY_AFTER, Reading, errors
from detection.filters import parse, to_query
from detection.prediction import Prediction, chat_of

_LONGEST_ID = 64  # a chat's id, a message's and a run's number have 16, 10 and a few digits


class Predictions(Reading):
    """The list."""

    @extend_schema(
        operation_id="list_predictions",
        parameters=[*query.described(query.LIST), RETRY_AFTER],
        responses={200: OpenApiResponse(Page, "A page."), **errors(400)},
    )
    def get(self, request: Request) -> Response:
        """Predictions that meet all these filters, newest first, by pages of 50.

        A page reads a bounded part of the table. Where few predictions match, it may so have fewer than 50, or none, and more
        may come further back: it says in `looked_back_to` how far it has looked, and `older` goes on there.
        """
        asked = query.strict(request.query_params, query.LIST)
        filters = parse(asked)
        page = listing.page(filters, cursor=asked.get(query.CURSOR))
        here, kept = request.build_absolute_uri(request.path), to_query(filters)

        def link(cursor: str | None) -> str | None:
            return f"{here}?{urlencode(kept | {query.CURSOR: cursor})}" if cursor else None

        found = {"predictions": page.predictions, "looked_back_to": page.looked_back_to}
        return Response(Page({**found, "newer": link(page.newer), "older": link(page.older)}).data)


class OneOfThem(Reading):
    """One prediction."""

    @extend_schema(
        operation_id="get_prediction",
        parameters=[OpenApiParameter("prediction_id", str, OpenApiParameter.PATH, description="Such as 42-7."), RETRY_AFTER],
        responses={200: OpenApiResponse(OnePrediction, "The prediction."), **errors(404)},
    )
    def get(self, request: Request, prediction_id: str) -> Response:  # noqa: ARG002 - Django passes it
        """One prediction, as it is now."""
        return Response(OnePrediction(_found(prediction_id)).data)


class Dashboard(Reading):
    """How the service was."""

    @extend_schema(
        operation_id="get_dashboard",
        parameters=[*query.described(query.RANGE), RETRY_AFTER],
        responses={200: OpenApiResponse(Figures, "The figures."), **errors(400)},
    )
    def get(self, request: Request) -> Response:
        """What was counted in the last hour, day or week. It costs the same however many predictions there are."""
        found = dashboard.period(query.strict(request.query_params, query.RANGE).get("range", "day"))
        named = {"failures": dict(found.failures), "classes": dict(found.classes), "models": dict(found.models)}
        counted = {field.name: getattr(found, field.name) for field in fields(found)}
        return Response(Figures({**counted, **named}).data)


def _found(prediction_id: str) -> Prediction:
    try:
        chat_of(prediction_id[:_LONGEST_ID])
    except ValueError as mistake:
        raise Http404(str(mistake)) from None
    prediction = predictions.get(prediction_id) if len(prediction_id) <= _LONGEST_ID else None
    if prediction is None:
        raise Http404(f"There is no prediction {prediction_id[:_LONGEST_ID]}: never made, erased, or expired.")
    return prediction
