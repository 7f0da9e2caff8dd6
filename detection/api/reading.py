"""What each of the API's addresses has in common: who may ask, how often, and how it says that something is wrong."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from detection.api.answers import Mistakes, Problem
from detection.errors import Unavailable
from detection.filters import BadFilters
from detection.listing import BadCursor

RETRY_SECONDS = 5


class _Mistaken(APIException):
    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, mistakes: dict[str, str]) -> None:
        told = "; ".join(f"{name} {what}" for name, what in mistakes.items())
        super().__init__({"detail": told, "mistakes": mistakes})


class _Away(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = RETRY_SECONDS  # REST framework makes Retry-After of this


class MayView(BasePermission):
    """The right to see predictions, as on the admin's page of users."""

    message = "The token's user may not view predictions."

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - REST framework's signature
        return request.user.has_perm("detection.view_prediction")


class Reading(APIView):
    """One address to be read, by whoever has a token and the permission: 401, 403 and 429 are answered here for all."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (MayView,)
    throttle_classes = (UserRateThrottle,)

    def handle_exception(self, exc: Exception) -> Response:
        """Our own errors as answers, beside those that REST framework knows."""
        match exc:
            case BadFilters():
                exc = _Mistaken(exc.mistakes)
            case BadCursor():
                exc = _Mistaken({"cursor": str(exc)})
            case Unavailable():
                exc = _Away(f"Out of reach: {exc}. Try again")
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *arguments: Any, **named: Any) -> Response:
        """The answer, which nobody on the way may keep."""
        final = super().finalize_response(request, response, *arguments, **named)
        final["Cache-Control"] = "no-store"
        return final


_ERRORS: dict[int, tuple[Any, str]] = {
    400: (Mistakes, "A parameter is unknown, empty, given twice, or can't be read: each is named."),
    401: (Problem, "There is no token, or none that is known."),
    403: (Problem, "The token's user may not view predictions."),
    404: (Problem, "There is no such prediction: never made, erased, or expired."),
    429: (Problem, "Too many requests; Retry-After says in how many seconds to go on."),
    503: (Problem, "AWS did not do its part; Retry-After says in how many seconds to try again."),
}
RETRY_AFTER = OpenApiParameter("Retry-After", int, location=OpenApiParameter.HEADER, response=[429, 503], description="Seconds.")


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """These errors for the document, with those that each address may answer."""
    return {code: OpenApiResponse(*_ERRORS[code]) for code in (*codes, 401, 403, 429, 503)}
