"""Configuration: declared once, read from the environment, and wrong only at start, with every mistake at once.

`Config` is what the site and the workers share; `WorkerConfig` is a worker's; the site adds its own in `polysite.config`.
docs/configuration.md is tested against these classes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConfigError(Exception):
    """Every mistake in the environment, one a line, each with its variable, what is wrong, and what belongs there. No secret."""


def _key_ring(value: SecretStr) -> SecretStr:
    pairs = [part.partition(":") for part in value.get_secret_value().split(",")]
    if not all(key_id and len(secret) >= 16 for key_id, _, secret in pairs) or any(";" in key_id for key_id, _, _ in pairs):
        raise ValueError("must read id:secret,id:secret with secrets of 16 characters or more, the signing key first")
    if len({key_id for key_id, _, _ in pairs}) < len(pairs):
        raise ValueError("names a key id twice: each id belongs to one secret")
    return value


KeyRing = Annotated[SecretStr, AfterValidator(_key_ring)]


class Config(BaseSettings):
    """What the site and the workers share."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    photos_bucket: str = Field(min_length=3, description="The S3 bucket that holds photos and annotated photos.")
    table_prefix: str = Field(
        default="polybot", description="DynamoDB tables are named PREFIX-predictions, PREFIX-chats, …", pattern=r"^[A-Za-z0-9_.-]+$"
    )
    photos_queue_url: HttpUrl = Field(description="SQS queue of predictions to be made.")
    photos_bulk_queue_url: HttpUrl = Field(description="SQS queue of predictions for chats that already have several open ones.")
    answers_queue_url: HttpUrl = Field(description="SQS queue of finished predictions to be announced, and of `reconcile`.")
    results_keys: KeyRing = Field(
        description="Keys of POST /results, `id:secret,id:secret`: the first signs, all are accepted. To rotate: add, reorder, remove."
    )
    retention_days: int = Field(
        default=30, ge=15, le=3650, description="Days until a photo and its prediction expire (at least 15: dead letters stay 14)."
    )
    bulk_threshold: int = Field(
        default=3, ge=1, description="A chat with this many open predictions has its next photo sent to photos-bulk."
    )

    metrics_namespace: str = Field(
        default="", description="CloudWatch namespace: workers write metrics to their log, in CloudWatch's embedded format. Unset: none."
    )

    @property
    def workers_table(self) -> str:
        """The table in which workers say what they do."""
        return f"{self.table_prefix}-workers"

    @property
    def queue_urls(self) -> dict[str, str]:
        """Queue name → URL, in the order in which they are to be read."""
        return {
            "answers": str(self.answers_queue_url),
            "photos": str(self.photos_queue_url),
            "photos-bulk": str(self.photos_bulk_queue_url),
        }

    @property
    def key_ring(self) -> dict[str, str]:
        """The keys of /results: id → secret, the signing one first."""
        pairs = (part.partition(":") for part in self.results_keys.get_secret_value().split(","))
        return {key_id: secret for key_id, _, secret in pairs}


class WorkerConfig(Config):
    """What only a worker needs."""

    detection_model: Path = Field(
        description="The model bundle that this worker serves: a folder made by `python -m detection.model export`."
    )
    results_url: HttpUrl = Field(description="Where finished predictions are announced: the site's /results.")
    detection_backend: Literal["onnx", "torch"] = Field(
        default="onnx", description="What runs the model: `onnx` (ONNX Runtime) or `torch` (the reference; needs the `model` extra)."
    )
    detection_threads: int = Field(
        default=1, ge=1, le=64, description="Threads of one prediction. One a process is best where there is a process for each processor."
    )
    further_models: str = Field(
        default="",
        description=(
            "Folders of further model bundles, comma-separated: an operator may have a photo looked at again by one of these. "
            "Each is loaded when it is first asked for, and stays."
        ),
    )
    max_attempts: int = Field(
        default=3, ge=1, le=10, description="How often a prediction may be started without being finished; after that it FAILED."
    )
    max_pixels: int = Field(
        default=50_000_000,
        ge=1_000_000,
        description="A photo with more pixels than this is not opened: it would not fit in a worker's memory.",
    )

    @property
    def further_folders(self) -> list[Path]:
        """The folders of the further model bundles."""
        return [Path(name) for part in self.further_models.split(",") if (name := part.strip())]


ConfigT = TypeVar("ConfigT", bound=Config)


def load(kind: type[ConfigT]) -> ConfigT:
    """The configuration in the environment; raises ConfigError with all that is missing or wrong in it."""
    try:
        return kind()
    except ValidationError as error:
        mistakes = [_mistake(kind, detail["loc"], detail["msg"]) for detail in error.errors(include_input=False, include_url=False)]
    # Outside the handler, so that no chained exception carries the input that was wrong: it may be a secret.
    raise ConfigError("the environment is not complete:\n" + "\n".join(mistakes))


def _mistake(kind: type[Config], place: tuple[int | str, ...], message: str) -> str:
    field = str(place[0]) if place else ""
    about = kind.model_fields[field].description if field in kind.model_fields else ""
    what = "is missing" if message == "Field required" else message.removeprefix("Value error, ")
    return f"  {field.upper()} {what}. {about}".rstrip()


@cache
def shared() -> Config:
    """The part that site and workers share, read once a process."""
    return load(Config)


@cache
def worker() -> WorkerConfig:
    """A worker's configuration, read once a process."""
    return load(WorkerConfig)


def forget() -> None:
    """Read the environment again at the next use (for tests, which change it)."""
    shared.cache_clear()
    worker.cache_clear()
