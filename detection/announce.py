"""Tell the site that a prediction is finished: POST /results?predictionId=…, signed."""

from __future__ import annotations

import logging
from functools import cache
from urllib.parse import urlencode

import urllib3

from detection import config, signature
from detection.clock import now
from detection.send import send_announcement
from taskqueue.delays import MAX_DELAY_SECONDS

log = logging.getLogger(__name__)

# The site has to hear Telegram out (45 s, botgateway.telegram): to give up before it would be to ask again while it still sends.
# Meanwhile the transport keeps this task's message hidden, however long it takes.
TIMEOUT = urllib3.Timeout(connect=3, read=50)
RETRY_SECONDS = 15  # where the site doesn't say


class NotAnnounced(Exception):
    """The site didn't take it; try again after `delay` seconds."""

    def __init__(self, why: str, delay: int) -> None:
        super().__init__(why)
        self.delay = delay


def announce(prediction_id: str) -> None:
    """Announce it now, or have it announced later by the queue `answers`. Raises Unavailable if neither can be done."""
    try:
        post(prediction_id)
    except NotAnnounced as refused:
        log.warning("%s deferred for %d s: %s", prediction_id, refused.delay, refused)
        send_announcement(prediction_id, delay=refused.delay)


def post(prediction_id: str) -> None:
    """One POST. Returns when the site has dealt with it (200), or doesn't know the prediction (404: dropped); else NotAnnounced."""
    settings = config.worker()
    url = f"{settings.results_url}?{urlencode({'predictionId': prediction_id})}"
    signed = signature.sign(prediction_id, at=now(), keys=settings.key_ring)
    try:
        answer = _pool().request("POST", url, headers={signature.HEADER: signed}, timeout=TIMEOUT, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise NotAnnounced(f"{type(error).__name__} from {settings.results_url}", RETRY_SECONDS) from None
    if answer.status == 200:
        log.info("%s announced", prediction_id)
    elif answer.status == 404:
        log.warning("%s dropped: the site doesn't know it (erased?)", prediction_id)
    else:
        if answer.status == 401:
            # Transient: a key is being rotated, or a clock has drifted. The answer must not be lost over it.
            log.error("%s refused: the site does not accept our signature; compare RESULTS_KEYS and the clocks", prediction_id)
        raise NotAnnounced(f"the site answered {answer.status}", _delay(answer.headers.get("Retry-After")))


def _delay(retry_after: str | None) -> int:
    seconds = int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else RETRY_SECONDS
    return min(max(seconds, 1), MAX_DELAY_SECONDS)


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=2)
