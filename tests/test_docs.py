"""The documentation says what is there, all of it where it is meant to, and nothing that isn't."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

from detection.config import Config
from detection.table import all_tables
from sandbox import environment
from sandbox.environment import Setup
from sandbox.ports import Ports
from sandbox.state import State
from taskqueue.config import MAX_RECEIVES, VISIBILITY_SECONDS
from tests import documented
from tests.commands import commands, mistake_in, modules, sources, subcommands, targets
from tests.settings import ENVIRONMENT

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXT = "\n".join(page.read_text() for page in PAGES)
CONFIGURATION, OPERATIONS = ((ROOT / "docs" / name).read_text() for name in ("configuration.md", "operations.md"))
FOREIGN = {"FORWARDED_ALLOW_IPS", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "X-Polybot-Signature"}  # read by what we use, not by us

page_by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def test_each_variable_is_in_its_table() -> None:
    assert documented.written(CONFIGURATION) == CONFIGURATION, "write it anew: .venv/bin/python -m tests.documented"


def test_a_page_without_its_tables_is_not_taken_for_a_whole_one() -> None:
    with pytest.raises(ValueError, match="no place for the variables of WorkerConfig"):
        documented.written(CONFIGURATION.replace("<!-- table: WorkerConfig -->", ""))


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(TELEGRAM_TOKEN="1:made-up")
        self.names = set[str]()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_each_variable_that_the_sandbox_reads_is_documented(tmp_path: Path) -> None:
    outer = Asked()
    setup = Setup(state=State(tmp_path), ports=Ports(), outer=outer)
    for make in (environment.aws, environment.telegram, environment.site):
        make(setup)
    environment.worker(setup, bundle="")
    environment.model(outer)
    assert len(outer.names) > 10
    section = CONFIGURATION.partition("## The sandbox")[2]
    assert [name for name in sorted(outer.names) if f"`{name.upper()}`" not in section] == []


def test_no_variable_is_documented_that_nothing_reads() -> None:
    code = "".join(path.read_text() for path in sources())
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)[=`]", TEXT))
    assert "RESULTS_KEYS" in named
    declared = {name.upper() for kind in documented.KINDS for name in kind.model_fields}
    assert [name for name in sorted(named - declared - FOREIGN) if not re.search(rf"\b{name}\b", code)] == []


def test_what_the_site_needs_for_tests_is_documented_too() -> None:
    assert [name for name in ENVIRONMENT if f"`{name}`" not in CONFIGURATION] == []


def test_each_queue_is_documented_with_its_dead_letters() -> None:
    names = Config(**{name.lower(): value for name, value in ENVIRONMENT.items() if name.lower() in Config.model_fields}).queue_urls  # type: ignore[arg-type]
    assert len(names) == 3
    for name in names:
        assert f"`{name}`" in CONFIGURATION
        assert f"`{name}-dead`" in CONFIGURATION
        assert f"`{name}`" in OPERATIONS
    assert f"{VISIBILITY_SECONDS} s" in CONFIGURATION
    assert f"received {MAX_RECEIVES} times" in CONFIGURATION


def test_each_table_is_documented() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    names = [table.Meta.table_name.rpartition("-")[2] for table in all_tables()]
    assert [name for name in names if f"| `{name}` |" not in architecture] == []


def test_each_make_target_is_documented() -> None:
    assert [name for name in targets() if f"make {name}" not in TEXT] == []


def test_each_management_command_of_ours_is_documented() -> None:
    ours = [
        name for name, app in get_commands().items() if not str(app).startswith(("django", "rest_framework", "drf_spectacular", "axes"))
    ]
    assert {"poll", "set_webhook"} <= set(ours)
    assert [name for name in ours if f"manage.py {name}" not in OPERATIONS] == []


def test_each_module_and_subcommand_is_documented() -> None:
    ways = [f"python -m {module} {name}".rstrip() for module in modules() for name in subcommands(module) or [""]]
    assert {"python -m detection show", "python -m sandbox.telegram"} <= set(ways)
    assert [way for way in ways if way not in TEXT] == []


@page_by_page
def test_what_is_linked_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not target.startswith(("https://", "http://")) and not (linked.exists() and (not anchor or anchor in anchors(linked))):
            broken.append(target)
    assert broken == []


@page_by_page
def test_each_test_that_is_named_is_there(page: Path) -> None:
    gone = []
    for path, _, name in re.findall(r"`(tests/[\w/]+\.py)(::(\w+))?`", page.read_text()):
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text()):
            gone.append(f"{path}::{name}")
    assert gone == []


@page_by_page
def test_commands_are_as_they_are_written(page: Path) -> None:
    wrong = [f"{' '.join(words)}: {mistake}" for words in commands(page.read_text()) if (mistake := mistake_in(words))]
    assert wrong == []


def test_commands_are_found_without_comments_and_variables() -> None:
    page = "```sh\nmake run  # it's all\nA=1 B_C=2 manage.py poll --take-over\n```\n```\nmake nothing\n```"
    assert list(commands(page)) == [["make", "run"], ["manage.py", "poll", "--take-over"]]


@pytest.mark.parametrize(
    "line", ["make nonsense", "manage.py nonsense", "python -m detection nonsense", "python -m nonsense", "python -m sandbox up --nonsense"]
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    assert mistake_in(line.split())


def anchors(page: Path) -> set[str]:
    """What a page's headings can be linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
