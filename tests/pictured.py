"""Takes the picture of `python -m taskqueue status` in docs/, from a sandbox that it starts and gives some photos:

    .venv/bin/python -m tests.pictured

DETECTION_MODEL may name the model, as for the sandbox itself.
"""

from __future__ import annotations

import html
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox import environment
from sandbox.environment import Setup
from sandbox.ports import Ports
from sandbox.state import State
from tests.emulators import ROOT, free_port
from tests.processes import wait_for

PICTURE = ROOT / "docs/pictures/taskqueue-status.svg"
COMMAND = "python -m taskqueue status -A detection.celery"
TRIES = 10  # to find the worker with a task in each process: it says every 10 s what it does at that moment
SEND = """
import sys
from pathlib import Path
from detection.celery import app
from detection.clock import now
from detection.submit import submit_photo
app.send_task("detection.tasks.misspelt", args=("42-0",), queue="photos")  # a dead letter
photo = Path(sys.argv[1]).read_bytes()
for number in range(400):
    submit_photo(photo, chat_id=42 if number < 390 else number, message_id=number + 1, received_at=now())
"""
WIDTH, HEIGHT, EDGE = 8.43, 19, 16  # of a character at this size, of a line, and around all of it


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pictured-") as folder:
        ports = Ports(chat=free_port(), site=free_port(), aws=free_port())
        setup = Setup(state=State(Path(folder) / "state"), ports=ports, outer=os.environ)
        command = [sys.executable, "-m", "sandbox", "up", "--state", str(setup.state.folder), "--concurrency", "2"]
        command += ["--port", str(ports.chat), "--site-port", str(ports.site), "--aws-port", str(ports.aws)]
        log = Path(folder) / "log"
        with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT) as sandbox:
            try:
                wait_for(lambda: "Up after" in log.read_text() or sandbox.poll() is not None, seconds=180, what="the sandbox")
                PICTURE.write_text(drawn(COMMAND, status(environment.shared(setup))))
            finally:
                sandbox.terminate()
    return 0


def status(told: dict[str, str]) -> str:
    """What the command prints while some of the photos are looked at."""
    sending = [sys.executable, "-c", SEND, str(ROOT / "sandbox/samples/coffee.jpg")]
    subprocess.run(sending, cwd=ROOT, env=told, stdout=subprocess.DEVNULL, check=True)
    for _ in range(TRIES):
        done = subprocess.run([sys.executable, *COMMAND.split()[1:]], cwd=ROOT, env=told, stdout=subprocess.PIPE, text=True, check=True)
        if done.stdout.count("    runs ") == 2:
            return done.stdout
        time.sleep(2)
    raise RuntimeError(f"the worker was never seen at work:\n{done.stdout}")


def drawn(command: str, text: str) -> str:
    """A terminal with this command and its output, as SVG.

    >>> "<tspan" in drawn("ls", "a & b") and "a &amp; b" in drawn("ls", "a & b")
    True
    """
    lines = [f"$ {command}", *text.rstrip().splitlines()]
    width, height = max(map(len, lines)) * WIDTH + 2 * EDGE, len(lines) * HEIGHT + 2 * EDGE
    rows = "\n".join(
        f'<tspan x="{EDGE}" y="{EDGE + (number + 0.75) * HEIGHT:g}" fill="{_colour(line, number)}">{html.escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">
<rect width="100%" height="100%" rx="8" fill="#1c2128"/>
<text xml:space="preserve" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
{rows}
</text>
</svg>
"""


def _colour(line: str, number: int) -> str:
    if number == 0:
        return "#7ee787"
    return "#f0b72f" if line.startswith("!") else "#adbac7"


if __name__ == "__main__":
    sys.exit(main())
