"""Files from https:// and s3://, checked while they arrive."""

from __future__ import annotations

import hashlib
import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from detection.model.errors import ModelError
from detection.model.progress import Progress

CONNECT_SECONDS = 5  # without a connection by then, something is in the way that waiting won't help
STALL_SECONDS = 30  # without a byte
CHUNK = 1 << 18
AGENT = {"User-Agent": "polybot-service"}

INSTEAD = (
    "Set DETECTION_MODEL to what this machine can reach: a YOLOv5 checkpoint (/path/to/yolov5n.pt), a model bundle's folder, "
    "s3://bucket/key, or https://host/yolov5n.pt#sha256=CHECKSUM."
)


def fetch(address: str, to: Path, *, sha256: str | None = None) -> None:
    """Put the file at this http, https or s3 address into `to`, with a progress bar. Raises ModelError.

    Without a checksum the file is as trustworthy as the connection; the caller says why that is enough.
    """
    digest = hashlib.sha256()
    with _opened(address) as (stream, total), to.open("wb") as file:
        progress = Progress(shown(address).rsplit("/", 1)[-1], total)
        while chunk := stream.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            progress.add(len(chunk))
        progress.finish()
        if total is not None and progress.done != total:
            raise ModelError(f"{shown(address)} broke off after {progress.done} of {total} bytes. Try again.")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise ModelError(
            f"{shown(address)} is not the file it should be: its SHA-256 is {digest.hexdigest()}, {sha256} was expected. "
            "Correct the checksum in DETECTION_MODEL only if you know why the file changed."
        )


def etag(address: str) -> str:
    """What S3 calls this version of the file at this s3:// address. Raises ModelError."""
    with _s3_errors(address):
        return str(_s3().head_object(**_bucket_and_key(address))["ETag"])


def shown(address: str) -> str:
    """An address fit for logs and bundles: without user, password, query (where signatures are) and fragment."""
    parts = urlsplit(address)
    host = parts.netloc.rsplit("@", 1)[-1]
    return f"{parts.scheme}://{host}{parts.path}"


@contextmanager
def _opened(address: str) -> Iterator[tuple[IO[bytes] | Any, int | None]]:
    """The file's stream, and its length where that is known."""
    if address.startswith("s3://"):
        with _s3_errors(address):
            answer = _s3().get_object(**_bucket_and_key(address))
            with closing(answer["Body"]) as body:
                yield body, answer["ContentLength"]
        return
    try:
        with _connected(address) as response:
            length = response.headers.get("Content-Length")
            yield response, int(length) if length and length.isdigit() else None
    except urllib.error.HTTPError as error:
        error.close()  # it is the answer, too
        raise ModelError(f"{shown(address)} answered {error.code} {error.reason}. {INSTEAD}") from None
    except urllib.error.URLError as error:
        raise ModelError(f"{shown(address)} can't be reached ({error.reason}). {INSTEAD}") from None
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(f"{shown(address)} broke off ({error or type(error).__name__}). Try again. {INSTEAD}") from None


def _connected(address: str) -> Any:
    """An open response. A thread does the waiting, since looking up a name has no timeout and each of a host's addresses its own."""
    answers: queue.Queue[Any] = queue.Queue()
    request = urllib.request.Request(address, headers=AGENT)  # noqa: S310  # only http and https get here

    def connect() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=STALL_SECONDS))  # noqa: S310
        except Exception as error:  # noqa: BLE001  # raised below, in the caller's thread
            answers.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise ModelError(f"No connection to {shown(address)} within {CONNECT_SECONDS} s. {INSTEAD}") from None
    if isinstance(answer, Exception):
        raise answer
    if address.startswith("https://") and not answer.url.startswith("https://"):
        raise ModelError(f"{shown(address)} leads to {shown(answer.url)}, which is not https. Name the file's own address.")
    return answer


@contextmanager
def _s3_errors(address: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise ModelError(f"S3 answered {code} for {shown(address)}. Check the address, and that these credentials may read it.") from error
    except BotoCoreError as error:
        raise ModelError(f"{shown(address)} can't be fetched from S3: {error}. {INSTEAD}") from error


def _s3() -> Any:
    from detection import aws  # here, since an environment that exports models only has no AWS in it

    return aws.s3()


def _bucket_and_key(address: str) -> dict[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise ModelError(f"{address!r} names no file: an address in S3 is s3://bucket/key.")
    return {"Bucket": bucket, "Key": key}
