"""Photos in S3. Every key begins with the chat's id, so that all pictures of a chat can be found and erased."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from detection import aws, config
from detection.errors import PhotoMissing, Unavailable
from detection.prediction import Prediction, chat_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


LINK_SECONDS = 900  # a page's photos are loaded as they are scrolled to


def photo_key(chat_id: int, prediction_id: str) -> str:
    """Where the photo that a chat sent is kept.

    >>> photo_key(42, "42-7")
    '42/42-7/photo'
    """
    return f"{chat_id}/{prediction_id}/photo"


def annotated_key(prediction: Prediction) -> str:
    """Where this attempt's annotated photo goes: two attempts at once never write the same key.

    For chat 42, message 7, first attempt: `42/42-7/annotated-1.jpg`.
    """
    return f"{prediction.chat_id}/{prediction.prediction_id}/annotated-{prediction.attempts}.jpg"


def folder(prediction_id: str) -> str:
    """What the keys of all pictures of this prediction begin with.

    >>> folder("-100123-7-2")
    '-100123/-100123-7-2/'
    """
    return f"{chat_of(prediction_id)}/{prediction_id}/"


def put(key: str, data: bytes, *, content_type: str) -> None:
    """Store these bytes under this key; the same again is harmless. Raises Unavailable."""
    with aws.translated(f"storing {key}"):
        aws.s3().put_object(Bucket=config.shared().photos_bucket, Key=key, Body=data, ContentType=content_type)


def get(key: str) -> bytes:
    """The bytes under this key. Raises PhotoMissing if there are none, else Unavailable."""
    with aws.translated(f"loading {key}"):
        try:
            return aws.s3().get_object(Bucket=config.shared().photos_bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise PhotoMissing(f"no photo under {key}: erased, or older than {config.shared().retention_days} days") from None
            raise


def link(key: str) -> str:
    """An address under which whoever has it can load this picture for LINK_SECONDS, signed for us by our credentials."""
    with aws.translated(f"signing a link to {key}"):
        params = {"Bucket": config.shared().photos_bucket, "Key": key}
        return aws.s3().generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)


def origin() -> str:
    """Where the links lead, as a Content-Security-Policy names it: scheme, host and port."""
    place = urlsplit(link("-"))
    return f"{place.scheme}://{place.netloc}"


def exists(key: str) -> bool:
    """Whether anything is under this key. Raises Unavailable."""
    with aws.translated(f"looking for {key}"):
        try:
            aws.s3().head_object(Bucket=config.shared().photos_bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return False
            raise
        return True


def keys(prefix: str) -> set[str]:
    """Everything that begins so, also what only older versions are left of. Raises Unavailable."""
    with aws.translated(f"listing {prefix}"):
        return {one["Key"] for page in _versions(prefix) for one in page}


def delete(prefix: str) -> int:
    """Remove everything that begins so, in all its versions, and return how many pictures that were. Raises Unavailable."""
    deleted = set()
    with aws.translated(f"deleting {prefix}"):
        for page in _versions(prefix):
            answer = aws.s3().delete_objects(Bucket=config.shared().photos_bucket, Delete={"Objects": page, "Quiet": True})
            if errors := answer.get("Errors"):
                raise Unavailable(f"S3 deletes {errors[0].get('Key')} not: {errors[0].get('Code')}")
            deleted |= {one["Key"] for one in page}
    return len(deleted)


def _versions(prefix: str) -> Iterator[list[ObjectIdentifierTypeDef]]:
    """Versions and delete markers, up to 1,000 at a time."""
    for page in aws.s3().get_paginator("list_object_versions").paginate(Bucket=config.shared().photos_bucket, Prefix=prefix):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            yield [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
