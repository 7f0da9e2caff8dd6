"""Photos in S3. Every key begins with the chat's id, so that all pictures of a chat can be found and erased."""

from __future__ import annotations

from botocore.exceptions import ClientError

from detection import aws, config
from detection.errors import PhotoMissing
from detection.prediction import Prediction


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


def delete(key: str) -> None:
    """Remove what is under this key, if anything is. Raises Unavailable."""
    with aws.translated(f"deleting {key}"):
        aws.s3().delete_object(Bucket=config.shared().photos_bucket, Key=key)
