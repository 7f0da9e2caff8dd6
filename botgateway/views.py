"""HTTP in: Telegram's webhook, and the workers' POST /results. Each view: parse, guard, one call, answer."""

from __future__ import annotations

import hmac
import json
import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from botgateway import answers, receive
from botgateway.telegram import TokenRefused, TryLater
from botgateway.updates import parse
from detection import predictions, signature
from detection.clock import now
from detection.errors import Unavailable

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
RETRY_SECONDS = 5
TOKEN_RETRY_SECONDS = 60  # somebody has to put the token right first
LONGEST_RETRY_SECONDS = 3600  # what Telegram honours


@csrf_exempt
@require_POST
async def webhook(request: HttpRequest) -> HttpResponse:
    """An update from Telegram. 200: never send it again; 503: send it again later."""
    if not _is_telegram(request.headers.get(SECRET_HEADER, "")):
        log.warning("webhook refused: wrong or missing secret; if Telegram sent this, run `manage.py set_webhook`")
        return HttpResponse(status=status.HTTP_403_FORBIDDEN)
    try:
        await receive.handle(parse(_json(request.body)))
    except (Unavailable, TryLater, TokenRefused) as failed:
        return HttpResponse(status=status.HTTP_503_SERVICE_UNAVAILABLE, headers=_retry(failed))
    return HttpResponse()


class Results(APIView):
    """POST /results?predictionId=…, signed: this prediction is finished, so answer the chat."""

    authentication_classes = ()
    permission_classes = ()  # the signature is the guard: see post()

    def post(self, request: Request) -> Response:
        """200: done, drop it; 404: unknown, drop it; 409 and 503: announce it again, after Retry-After; 401: not signed by us."""
        prediction_id = request.query_params.get("predictionId", "")
        try:
            signature.verify(request.headers.get(signature.HEADER), prediction_id, now=now(), keys=settings.RESULTS_KEYS)
        except signature.BadSignature as refused:
            log.error("alarm: /results refused for %r: %s", prediction_id[:80], refused)  # noqa: TRY400 - no bug of ours
            return Response({"detail": str(refused)}, status=status.HTTP_401_UNAUTHORIZED)
        return _answered(prediction_id)


def _answered(prediction_id: str) -> Response:
    try:
        answers.answer(prediction_id)
    except predictions.NotFound:
        log.info("%s unknown", prediction_id[:80])
        return Response({"detail": "unknown"}, status=status.HTTP_404_NOT_FOUND)
    except predictions.AlreadyReplied:
        return Response({"detail": "already answered"})
    except predictions.NotYet as busy:
        return Response({"detail": str(busy)}, status=status.HTTP_409_CONFLICT, headers=_retry(busy))
    except (Unavailable, TryLater, TokenRefused) as failed:
        return Response({"detail": str(failed)}, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers=_retry(failed))
    return Response({"detail": "answered"})


def _is_telegram(secret: str) -> bool:
    """Compares with every secret, each in constant time, so that timing tells nothing."""
    matches = [hmac.compare_digest(secret.encode(), known.encode()) for known in settings.WEBHOOK_SECRETS]
    return any(matches)


def _json(body: bytes) -> object:
    """The body's JSON value; None for what isn't JSON (RecursionError: too deep to be an update)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _retry(failed: Exception) -> dict[str, str]:
    default = TOKEN_RETRY_SECONDS if isinstance(failed, TokenRefused) else RETRY_SECONDS
    return {"Retry-After": str(min(getattr(failed, "retry_after", default), LONGEST_RETRY_SECONDS))}
