"""What docs/configuration.md has to say of each variable, as the code declares it.

`python -m tests.documented` writes the page's tables anew; tests/test_docs.py compares them.
"""

from __future__ import annotations

from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from detection.config import Config, WorkerConfig
from polysite.config import SiteConfig

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
KINDS: tuple[type[BaseSettings], ...] = (Config, WorkerConfig, SiteConfig)


def table(kind: type[BaseSettings]) -> str:
    """A row for each variable that this class declares itself: its name, its default, and its description in the code."""
    inherited = {name for base in kind.__bases__ for name in getattr(base, "model_fields", {})}
    own = {name: field for name, field in kind.model_fields.items() if name not in inherited}
    rows = [f"| `{name.upper()}` | {default(field)} | {field.description} |\n" for name, field in own.items()]
    return "| variable | default | what it is |\n|---|---|---|\n" + "".join(rows)


def default(field: FieldInfo) -> str:
    """How a default is written: `30`, or a word where there is none.

    >>> default(FieldInfo(default="")), default(FieldInfo(default=3)), default(FieldInfo(annotation=str))
    ('empty', '`3`', '**required**')
    """
    if field.is_required():
        return "**required**"
    if field.default in {None, ""}:
        return "unset" if field.default is None else "empty"
    return f"`{field.default}`"


def written(page: str) -> str:
    """The page with each of its tables as it should be."""
    for kind in KINDS:
        begin, end = f"<!-- table: {kind.__name__} -->\n", "<!-- end -->"
        before, found, rest = page.partition(begin)
        if not found or end not in rest:
            raise ValueError(f"{PAGE} has no place for the variables of {kind.__name__}: a line {begin.strip()}, and below it {end}")
        page = before + begin + table(kind) + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
