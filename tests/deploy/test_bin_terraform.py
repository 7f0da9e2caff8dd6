"""bin/terraform, which nothing here can let download: in a folder of its own, with stand-ins for the programs that reach out of it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy import terraforming
from tests.emulators import ROOT

NEEDED = ("bash", "cat", "chmod", "cp", "dirname", "env", "mktemp", "rm", "sha256sum")
VERSION = (ROOT / "bin" / "terraform").read_text().partition("\nversion=")[2].partition("\n")[0]
RELEASE = f"https://releases.hashicorp.com/terraform/{VERSION}"

# Each writes down how it was called, with the temporary folder's name taken out.
STUBS = {
    "curl": 'while [ "$1" != --output ]; do shift; done\ncp "$FROM/${3##*/}" "$2" 2>/dev/null || { echo "curl: (22) 404" >&2; exit 22; }',
    "uname": 'echo "$MACHINE"',
    "id": 'echo "$WHO"',
    "sudo": '"$@"',
    "mkdir": "",
    "install": 'cp "$3" "$BIN/terraform"\nchmod 755 "$BIN/terraform"',  # its second place on the PATH instead of /usr/local/bin
}
TERRAFORM = '#!/bin/sh\necho "terraform $*" >>"$CALLS"\n'


@dataclass(frozen=True)
class Tree:
    """A clone after its set-up, on a machine without Terraform; `site` is what releases.hashicorp.com has."""

    root: Path

    @property
    def site(self) -> Path:
        return self.root / "site"

    @property
    def bin(self) -> Path:
        return self.root / "path"

    def release(self, machine: str, *, checksum: str | None = None, program: str = TERRAFORM) -> None:
        """Put an archive there, with its checksum or with another one."""
        archive = self.site / f"terraform_{VERSION}_linux_{machine}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("LICENSE.txt", "none")
            packed.writestr("terraform", program)
        found = checksum or hashlib.sha256(archive.read_bytes()).hexdigest()
        sums = [f"{found}  {archive.name}", f"{'0' * 64}  terraform_{VERSION}_windows_386.zip"]
        (self.site / f"terraform_{VERSION}_SHA256SUMS").write_text("\n".join(sums) + "\n")

    def run(self, *, machine: str = "x86_64", who: int = 0, plugins: Path | None = None) -> subprocess.CompletedProcess[str]:
        known = {"PATH": str(self.bin), "BIN": str(self.bin), "FROM": str(self.site), "CALLS": str(self.root / "calls")}
        known |= {
            "MACHINE": machine,
            "WHO": str(who),
            "TMPDIR": str(self.root / "tmp"),
            "TF_PLUGIN_DIR": str(plugins or self.root / "none"),
        }
        command = [str(self.root / "clone/bin/terraform")]
        return subprocess.run(command, env=known, capture_output=True, text=True, timeout=60, check=False)

    def calls(self) -> list[str]:
        """What was called, in order."""
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def called(self, program: str) -> list[str]:
        return [call for call in self.calls() if call.split()[0] == program]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for folder in ("site", "path", "tmp", "clone/bin", "clone/.venv/bin", "clone/deploy"):
        (tmp_path / folder).mkdir(parents=True)
    for program in NEEDED:
        (tmp_path / "path" / program).symlink_to(str(shutil.which(program)))
    for name, body in STUBS.items():
        (tmp_path / "path" / name).write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>"$CALLS"\n{body}\n')
        (tmp_path / "path" / name).chmod(0o755)
    shutil.copy(ROOT / "bin" / "terraform", tmp_path / "clone/bin")
    shutil.copy(ROOT / "deploy" / "terraforming.py", tmp_path / "clone/deploy")
    python = tmp_path / "clone/.venv/bin/python"
    python.write_text(f'#!/usr/bin/env bash\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return Tree(tmp_path)


@pytest.mark.parametrize(("machine", "release"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64")])
def test_program_and_provider_are_fetched(tree: Tree, machine: str, release: str) -> None:
    tree.release(release)
    done = tree.run(machine=machine)
    assert done.returncode == 0, done.stderr
    assert [call.rsplit(" ", 1)[1] for call in tree.called("curl")] == [
        f"{RELEASE}/terraform_{VERSION}_linux_{release}.zip",
        f"{RELEASE}/terraform_{VERSION}_SHA256SUMS",
    ]
    (installed,) = tree.called("install")
    assert installed.startswith("install -m 0755 ")
    assert installed.endswith("/terraform /usr/local/bin/terraform")
    assert (tree.bin / "terraform").read_text() == TERRAFORM
    assert tree.called("mkdir") == ["mkdir -p /usr/local/share/terraform/plugins"]
    assert tree.called("terraform") == ["terraform -chdir=deploy/terraform providers mirror /usr/local/share/terraform/plugins"]
    assert "/usr/local/share/terraform/plugins" in terraforming.PLACES, "or nobody would look there"
    assert list((tree.root / "tmp").iterdir()) == [], "nothing is left behind"
    assert tree.called("sudo") == []


@pytest.mark.parametrize("checksum", ["f" * 64, "not a checksum"])
def test_an_archive_that_is_not_what_was_released_is_refused(tree: Tree, checksum: str) -> None:
    tree.release("amd64", checksum=checksum)
    done = tree.run()
    assert done.returncode != 0
    assert f"terraform_{VERSION}" in done.stderr + done.stdout
    assert tree.called("install") == []
    assert list((tree.root / "tmp").iterdir()) == []


def test_an_archive_that_no_checksum_names_is_refused(tree: Tree) -> None:
    tree.release("amd64")
    (tree.site / f"terraform_{VERSION}_SHA256SUMS").write_text(f"{'0' * 64}  terraform_{VERSION}_windows_386.zip\n")
    assert tree.run().returncode != 0
    assert tree.called("install") == []


def test_what_cannot_be_fetched_ends_it(tree: Tree) -> None:
    done = tree.run()
    assert (done.returncode, done.stderr) == (22, "curl: (22) 404\n")
    assert tree.called("install") == []


def test_a_machine_that_there_is_no_program_for_is_named(tree: Tree) -> None:
    done = tree.run(machine="riscv64")
    assert done.returncode == 1
    assert done.stderr == "terraform: no program for riscv64; see https://developer.hashicorp.com/terraform/install\n"
    assert tree.called("curl") == []


def test_who_is_not_root_becomes_it_for_what_needs_it(tree: Tree) -> None:
    tree.release("amd64")
    assert tree.run(who=1000).returncode == 0
    assert [call.split()[1] for call in tree.called("sudo")] == ["install", "mkdir", "terraform"]


def test_nothing_is_done_where_both_are_there(tree: Tree) -> None:
    (tree.bin / "terraform").write_text(TERRAFORM)
    (tree.bin / "terraform").chmod(0o755)
    (tree.root / "plugins" / terraforming.PROVIDER).mkdir(parents=True)
    assert tree.run(plugins=tree.root / "plugins").returncode == 0
    assert tree.calls() == []
