"""The supervisor, with small processes of its own."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from sandbox.child import NotUp, Program
from sandbox.console import Console
from sandbox.supervisor import Supervisor
from tests.sandbox.processes import SLEEP, is_running, numbers, program, until

ROOT = Path(__file__).parents[2]

WRITE_PID = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "
FORK = """
import os, sys, time
if os.fork() == 0:
    open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')
    time.sleep(600)
time.sleep(0.2)
print('ready', flush=True)
time.sleep(600)
"""
SLOW_TO_STOP = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def supervisor(out: io.StringIO, *, grace: float = 5) -> Supervisor:
    return Supervisor(Console(out), folder=ROOT, grace=grace)


def tell_me(number: int, *, after: float) -> None:
    """Have this process get a signal in so many seconds."""
    asyncio.get_running_loop().call_later(after, os.kill, os.getpid(), number)


async def test_a_process_that_dies_is_started_again(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    restarts: list[str] = []

    async def on_restart() -> None:
        restarts.append("once more")

    async with supervisor(out) as running:
        await running.start(program(WRITE_PID + SLEEP, pids, ready="ready"), on_restart=on_restart)
        first = numbers(pids)[0]
        os.kill(first, signal.SIGKILL)
        await until(lambda: "up again" in out.getvalue())
        _, second = numbers(pids)
        assert is_running(second)
        assert not is_running(first)
    assert restarts == ["once more"]
    assert "sandbox  | dummy: ended by signal 9; started again in 0.5 s\n" in out.getvalue()


async def test_the_pause_grows_while_it_keeps_dying(out: io.StringIO) -> None:
    async with supervisor(out) as running:
        await running.start(program("print('ready', flush=True)", ready="ready"))
        await until(lambda: "in 2 s" in out.getvalue())
    assert [line for line in out.getvalue().splitlines() if "started again" in line] == [
        f"sandbox  | dummy: ended with exit status 0; started again in {pause} s" for pause in ("0.5", "1", "2")
    ]


async def test_a_restart_that_its_hook_does_not_survive_is_tried_again(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    failures = [NotUp("no bucket yet")]

    async def on_restart() -> None:
        if failures:
            raise failures.pop()

    async with supervisor(out) as running:
        await running.start(program(WRITE_PID + SLEEP, pids, name="aws", ready="ready"), on_restart=on_restart)
        await running.restart("aws")
        await until(lambda: "up again" in out.getvalue())
        assert len(numbers(pids)) == 3
    assert "aws: no bucket yet" in out.getvalue()


async def test_what_a_killed_process_leaves_in_its_group_is_gone_before_the_next(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with supervisor(out) as running:
        kept = await running.start(program(FORK, pids, ready="ready"))
        assert kept.pid
        os.kill(kept.pid, signal.SIGKILL)
        await until(lambda: "up again" in out.getvalue())
        first, second = numbers(pids)
        assert (is_running(first), is_running(second)) == (False, True)
    assert not is_running(second)


async def test_a_process_that_ends_before_it_is_ready_says_why_and_takes_the_others_along(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    broken = program("print('no such table'); raise SystemExit(3)", name="site", ready="http://127.0.0.1:9/healthz")

    async def start_both() -> None:
        async with supervisor(out) as running:
            await running.start(program(WRITE_PID + SLEEP, pids, name="aws", ready="ready"))
            await running.start(broken)

    with pytest.raises(NotUp) as raised:
        await start_both()
    assert str(raised.value) == "site ended with exit status 3. The last that it wrote:\n    no such table"
    assert not is_running(numbers(pids)[0])


async def test_a_process_that_is_not_ready_in_time_is_ended(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(NotUp, match="dummy was not ready within 1 s"):
        async with supervisor(out) as running:
            await running.start(program(WRITE_PID + SLEEP, pids, ready="words that never come", seconds=1))
    assert not is_running(numbers(pids)[0])


async def test_all_are_stopped_in_the_reverse_order(out: io.StringIO) -> None:
    says_so = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('stopped', flush=True), sys.exit())); " + SLEEP
    async with supervisor(out) as running:
        for name in ("aws", "site", "worker"):
            await running.start(program(says_so, name=name, ready="ready"))
    assert out.getvalue().splitlines()[-3:] == ["worker   | stopped", "site     | stopped", "aws      | stopped"]


async def test_one_that_does_not_stop_is_killed_after_its_time(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with supervisor(out, grace=0.5) as running:
        await running.start(program(WRITE_PID + SLOW_TO_STOP, pids, ready="ready"))
    assert not is_running(numbers(pids)[0])


async def test_a_second_signal_does_not_wait(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    began = time.monotonic()

    async def start_and_be_told() -> None:
        async with supervisor(out, grace=60) as running:
            await running.start(program(WRITE_PID + SLOW_TO_STOP, pids, ready="ready"))
            tell_me(signal.SIGTERM, after=0.2)
            tell_me(signal.SIGINT, after=0.5)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await start_and_be_told()
    assert time.monotonic() - began < 30
    assert not is_running(numbers(pids)[0])


async def test_a_signal_while_something_is_starting_leaves_nothing(out: io.StringIO, tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def start_and_be_told() -> None:
        async with supervisor(out) as running:
            tell_me(signal.SIGHUP, after=0.5)
            async with asyncio.TaskGroup() as together:
                together.create_task(running.start(program(WRITE_PID + SLEEP, pids, ready="words that never come")))
                together.create_task(running.run(program(WRITE_PID + SLEEP, pids)))

    with pytest.raises(asyncio.CancelledError):
        await start_and_be_told()
    assert len(numbers(pids)) == 2
    assert not any(map(is_running, numbers(pids)))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_nothing_is_left_when_the_supervisor_is_killed(number: int, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import asyncio, sys
        from pathlib import Path
        from sandbox.console import Console
        from sandbox.supervisor import Supervisor
        from tests.sandbox.processes import program
        from tests.sandbox.test_supervisor import FORK

        async def main():
            async with Supervisor(Console(sys.stdout), folder=Path("."), grace=5) as running:
                await running.start(program(FORK, {str(pids)!r}, ready="ready"))
                print("all up", flush=True)
                await asyncio.Event().wait()

        asyncio.run(main())
    """
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else is to run meanwhile
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        while b"all up" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(number)
        process.wait(timeout=10)
    await until(lambda: not any(map(is_running, numbers(pids))))
    assert len(numbers(pids)) == 1


async def test_a_step_returns_what_it_wrote(out: io.StringIO) -> None:
    async with supervisor(out) as running:
        assert await running.run(program("print('made bucket'); print('made table', end='')", name="aws")) == ["made bucket", "made table"]
        assert await running.run(program("print('none'); raise SystemExit(1)"), quiet=True, fine=(0, 1)) == ["none"]
    assert out.getvalue() == "aws      | made bucket\naws      | made table\n"


async def test_a_step_that_fails_or_takes_too_long_says_so(out: io.StringIO) -> None:
    async with supervisor(out) as running:
        with pytest.raises(NotUp, match="site ended with exit status 2, and wrote nothing"):
            await running.run(program("raise SystemExit(2)", name="site"))
        with pytest.raises(NotUp, match=r"dummy was not done within 1 s\. The last that it wrote:\n    ready"):
            await running.run(program(SLEEP, seconds=1))


async def test_what_is_not_installed_is_named(out: io.StringIO) -> None:
    async with supervisor(out) as running:
        with pytest.raises(NotUp, match=r"aws is not installed: there is no /no/ministack\. `make setup`"):
            await running.start(Program(name="aws", command=("/no/ministack",), environment={}))


async def test_a_mistake_of_our_own_is_told(out: io.StringIO) -> None:
    async def mistaken() -> None:
        raise KeyError("replied_at")

    async with supervisor(out) as running:
        running.also(mistaken())
        await until(lambda: "a mistake in the sandbox itself: KeyError('replied_at')" in out.getvalue())


async def test_a_line_without_end_does_not_stop_the_flow(out: io.StringIO) -> None:
    async with supervisor(out) as running:
        written = await running.run(program("print('x' * 3_000_000); print('\\xe4 after it')"), quiet=True)
    assert sum(map(len, written[:-1])) == 3_000_000
    assert written[-1].endswith("after it")


async def test_nobody_gets_the_environment_of_the_supervisor(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:secret")
    async with supervisor(out) as running:
        written = await running.run(program("import os; print(sorted(name for name in os.environ if name != 'LC_CTYPE'))"))
    assert written == ["[]"]
