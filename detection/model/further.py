"""The models that a worker has besides the one that it serves: FURTHER_MODELS, by version."""

from __future__ import annotations

from pathlib import Path

from detection import config
from detection.model.bundle import described
from detection.model.errors import ModelError


def folders() -> dict[str, Path]:
    """Version → bundle's folder, as their bundle.json say. Raises ModelError for a folder that is no bundle, or two of one version."""
    found: dict[str, Path] = {}
    for folder in config.worker().further_folders:
        version = described(folder).version
        if version in found:
            raise ModelError(f"FURTHER_MODELS names version {version} twice, in {found[version]} and {folder}. Name each version once.")
        found[version] = folder
    return found
