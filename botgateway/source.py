"""The running version's own source, for whoever talks to it over a network: section 13 of the AGPL asks for that."""

from __future__ import annotations

import io
import tarfile
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

# Named one by one: what lies beside them (a database, an environment with secrets) is nobody's.
_ROOMS = ("polysite", "botgateway", "detection", "taskqueue", "sandbox", "deploy", "docs", "requirements", "tests")
_FILES = ("manage.py", "pyproject.toml", "Makefile", "README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md")
_KINDS = {".py", ".pyi", ".md", ".html", ".css", ".js", ".svg", ".toml", ".txt", ".lock", ".tf", ".sh", ".json"}


@require_safe
def source(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's first argument
    """A gzipped tar of the source that this process was started from."""
    headers = {"Content-Disposition": 'attachment; filename="polybot-service.tar.gz"'}
    return HttpResponse(_archive(Path(settings.BASE_DIR)), content_type="application/gzip", headers=headers)


@cache
def _archive(root: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in _sources(root):
            tar.add(path, arcname=f"polybot-service/{path.relative_to(root)}", recursive=False)
    return packed.getvalue()


def _sources(root: Path) -> list[Path]:
    files = [root / name for name in _FILES if (root / name).is_file()]
    for room in _ROOMS:
        found = (root / room).rglob("*")
        files += sorted(path for path in found if path.suffix in _KINDS and path.is_file() and not _is_hidden(path, root))
    return files


def _is_hidden(path: Path, root: Path) -> bool:
    """Below a folder, or in a file, that begins with a dot; or a link, which may lead anywhere."""
    return path.is_symlink() or any(part.startswith(".") for part in path.relative_to(root).parts)
