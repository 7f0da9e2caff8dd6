"""A worker's memory: what the system tells of its processes, and nothing where it tells nothing."""

from __future__ import annotations

from pathlib import Path

from taskqueue.memory import used


def told(proc: Path, pid: int, text: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "smaps_rollup").write_text(text)


def test_shares_are_summed(tmp_path: Path) -> None:
    told(tmp_path, 1, "00-ff ---p 00000000 00:00 0   [rollup]\nRss:  900 kB\nPss:  300 kB\nPss_Anon:  7 kB\n")
    told(tmp_path, 2, "Rss:  900 kB\nPss:  200 kB\n")
    assert used([1, 2], tmp_path) == 500 * 1024


def test_a_process_that_has_ended_takes_nothing(tmp_path: Path) -> None:
    told(tmp_path, 1, "Pss:  300 kB\n")
    assert used([1, 4711], tmp_path) == 300 * 1024


def test_where_one_is_not_told_the_whole_is_not_known(tmp_path: Path) -> None:
    told(tmp_path, 1, "Pss:  300 kB\n")
    (tmp_path / "2").mkdir()
    assert used([1, 2], tmp_path) is None
    told(tmp_path, 3, "of another kind\n")
    assert used([1, 3], tmp_path) is None


def test_a_system_without_such_files_tells_nothing(tmp_path: Path) -> None:
    assert used([1], tmp_path / "no-proc") is None
