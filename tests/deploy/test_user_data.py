"""User data of both sides, run in a folder that is an instance to it; docker, dnf, systemctl and aws write down how they are called."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from botgateway.management.commands import set_webhook
from botgateway.telegram import WebhookInfo
from deploy import terraforming
from tests.deploy.instance import Instance, fresh

TEMPLATES = terraforming.HERE / "templates"
OLD, NEW = (f"docker.io/someone/polybot@sha256:{digit * 64}" for digit in "ab")
SECRETS = {
    "secret-polybot-telegram-token": "1:token",
    "secret-polybot-webhook-secrets": "a-webhook-secret",
    "secret-polybot-results-keys": "a:$not #a `variable`",
    "secret-polybot-django-secret-key": "a key",
    "secret-arn-aws-secretsmanager-database": '{"username": "polybot", "password": "p$w"}',
}
COMMON = {"name": "polybot", "region": "eu-north-1", "environment": {"PHOTOS_BUCKET": "photos", "PUBLIC_URL": "https://bot.example.org"}}
VALUES = {
    "site": COMMON
    | {"image_at": "/polybot/site/image", "log_group": "/polybot/site", "database_at": "arn:aws:secretsmanager:database", "open_shards": 4},
    "worker": COMMON | {"image": OLD, "log_group": "/polybot/worker"},
}
CONTAINERS = {"site": "polybot", "worker": "yolo5"}

both = pytest.mark.parametrize("side", ["site", "worker"])

# What cloud-init does with user data before it runs any: tell its kind, and put each script where it will be run from.
CLOUD_INIT = """
import sys
from cloudinit import helpers, user_data, util
from cloudinit.handlers.shell_script import ShellScriptPartHandler
paths = helpers.Paths({"cloud_dir": sys.argv[1], "run_dir": sys.argv[1]})
message = user_data.UserDataProcessor(paths).process(sys.stdin.buffer.read())
for part in message.walk():
    if not part.is_multipart():
        print(part.get_content_type())
        payload = util.fully_decoded_payload(part)
        ShellScriptPartHandler(paths).handle_part(None, part.get_content_type(), part.get_filename(), payload, "per-instance")
"""


def rendered(side: str, folder: Path) -> str:
    """The user data as Terraform renders it, with these values."""
    folder.mkdir(exist_ok=True)
    expression = f'base64encode(templatefile("{TEMPLATES}/{side}.sh.tftpl", jsondecode({json.dumps(json.dumps(VALUES[side]))})))'
    try:
        program = terraforming.program()
    except terraforming.Missing as missing:
        pytest.skip(str(missing))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run([program, "console"], input=expression, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return base64.b64decode(done.stdout.strip().strip('"')).decode()


@pytest.fixture
def instance(tmp_path: Path, side: str) -> Instance:
    """After its first start; all secrets are there."""
    one = fresh(tmp_path / "root")
    (one.root / "user-data").write_text(rendered(side, tmp_path / "console"))
    done = one.run("bash", "/user-data")
    assert done.returncode == 0, done.stderr
    for name, value in SECRETS.items():
        one.put(name, value)
    one.put("parameter", OLD)
    return one


def start(instance: Instance) -> subprocess.CompletedProcess[str]:
    return instance.run("polybot-start")


def on_timer(instance: Instance) -> subprocess.CompletedProcess[str]:
    """What the site's timer starts, as its unit says."""
    units = instance.root / "etc/systemd/system"
    assert "Unit=" not in (units / "polybot-secrets.timer").read_text(), "the timer starts the unit of its own name"
    (command,) = [line for line in (units / "polybot-secrets.service").read_text().splitlines() if line.startswith("ExecStart=")]
    return instance.run(*command.removeprefix("ExecStart=").split())


def touched(calls: list[str]) -> list[str]:
    """What was done to the container, without the asking."""
    return [call for call in calls if call.startswith("docker") and not call.startswith("docker inspect")]


@both
def test_the_first_start_sets_up_and_a_second_run_changes_nothing(instance: Instance, side: str) -> None:
    timers = ["polybot-secrets.timer", "polybot-watch.timer"] if side == "site" else ["polybot-secrets.timer"]
    expected = [
        "dnf --assumeyes --quiet install docker",
        "systemctl daemon-reload",
        f"systemctl enable --now docker.service {' '.join(timers)}",
        "systemctl enable polybot.service",
        "systemctl start --no-block polybot.service",
    ]
    files = instance.files()
    assert instance.calls() == expected
    assert instance.run("bash", "/user-data").returncode == 0
    assert instance.calls() == expected
    assert instance.files() == files
    assert {"etc/polybot/environment", "etc/systemd/system/polybot.service", "usr/local/bin/polybot-start"} < set(files)
    assert [path for path, (mode, _) in files.items() if path.startswith("usr/local/bin") and mode != 0o755] == []


@both
def test_a_network_that_comes_late_is_waited_for(instance: Instance) -> None:
    instance.calls()
    instance.put("fails-dnf---assumeyes", "2")
    assert instance.run("bash", "/user-data").returncode == 0
    install = "dnf --assumeyes --quiet install docker"
    assert instance.calls()[:6] == [install, "sleep 5", install, "sleep 10", install, "systemctl daemon-reload"]


@both
def test_the_container_is_started_once_and_then_left_alone(instance: Instance, side: str) -> None:
    name = CONTAINERS[side]
    instance.calls()
    done = start(instance)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, OLD), done.stderr
    assert [call.split()[1] for call in touched(instance.calls())] == ["pull", "stop", "rm", "run"]
    again = start(instance)
    assert (again.returncode, again.stdout) == (0, f"{OLD}\n")
    assert touched(instance.calls()) == []
    assert f"--name {name} " in "".join(instance_run(instance, side))
    assert not (instance.root / "run/polybot.env").exists()


def instance_run(instance: Instance, side: str) -> list[str]:
    """How the container of this side is run."""
    instance.run("rm", "-f", "/state/running")
    start(instance)
    return [call for call in instance.calls() if call.startswith("docker run")]


@pytest.mark.parametrize(("side", "restart", "seconds"), [("site", "always", 60), ("worker", "on-failure", 110)])
def test_the_container_may_do_little(instance: Instance, side: str, restart: str, seconds: int) -> None:
    (run,) = instance_run(instance, side)
    for option in (
        "--detach",
        f"--restart {restart} ",
        f"--stop-timeout {seconds} ",
        "--read-only ",
        "--cap-drop ALL ",
        "--security-opt no-new-privileges ",
        f"awslogs-group=/polybot/{side} ",
        "awslogs-stream=i-0123456789abcdef0 ",
    ):
        assert option in run
    assert run.endswith(OLD)
    assert not [secret for secret in SECRETS.values() if secret in run], "a command line is seen by all"


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("site", ["TELEGRAM_TOKEN=1:token", 'DATABASE_SECRET={"username": "polybot", "password": "p$w"}', "DJANGO_SECRET_KEY=a key"]),
        ("worker", []),
    ],
)
def test_the_container_is_told_its_settings_and_its_secrets(instance: Instance, told: list[str]) -> None:
    start(instance)
    lines = (instance.state / "environment").read_text().splitlines()
    assert lines[:2] == ["PHOTOS_BUCKET=photos", "PUBLIC_URL=https://bot.example.org"]
    assert {"RESULTS_KEYS=a:$not #a `variable`", *told} <= set(lines)
    assert len(lines) == (7 if told else 3)


@both
@pytest.mark.parametrize("lost", ["secret-polybot-results-keys"])
def test_without_its_secrets_nothing_is_started_and_nothing_stopped(instance: Instance, lost: str) -> None:
    (instance.state / lost).unlink()
    instance.calls()
    assert start(instance).returncode != 0
    assert touched(instance.calls()) == []
    instance.put(lost, SECRETS[lost])
    assert start(instance).returncode == 0, "the timer's next try"


@both
def test_a_rotated_secret_is_followed(instance: Instance) -> None:
    start(instance)
    instance.calls()
    instance.put("secret-polybot-results-keys", "b:another one")
    assert start(instance).returncode == 0
    assert [call.split()[1] for call in touched(instance.calls())] == ["pull", "stop", "rm", "run"]
    assert "RESULTS_KEYS=b:another one" in (instance.state / "environment").read_text().splitlines()


@pytest.mark.parametrize("side", ["site"])
def test_a_roll_of_the_site_changes_the_image(instance: Instance) -> None:
    start(instance)
    instance.put("parameter", NEW)
    done = start(instance)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, NEW)


@pytest.mark.parametrize("side", ["site"])
def test_the_timer_follows_secrets_and_leaves_the_image_to_rolls(instance: Instance) -> None:
    """A roll that is at the other instance has put its image into the parameter; this one would start it undrained."""
    start(instance)
    instance.put("parameter", NEW)
    instance.calls()
    done = on_timer(instance)
    assert (done.returncode, done.stdout) == (0, f"{OLD}\n")
    assert touched(instance.calls()) == []
    instance.put("secret-polybot-results-keys", "b:another one")
    done = on_timer(instance)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, OLD), done.stderr
    (run,) = [call for call in instance.calls() if call.startswith("docker run --detach")]
    assert run.endswith(OLD)
    assert "RESULTS_KEYS=b:another one" in (instance.state / "environment").read_text().splitlines()


@pytest.mark.parametrize("side", ["site"])
def test_the_timer_starts_a_site_that_was_up_before_its_secrets(instance: Instance) -> None:
    (instance.state / "secret-polybot-results-keys").unlink()
    assert start(instance).returncode != 0
    instance.put("secret-polybot-results-keys", "a:key")
    done = on_timer(instance)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, OLD), done.stderr


@both
def test_an_image_that_cannot_be_had_leaves_what_runs(instance: Instance) -> None:
    start(instance)
    instance.calls()
    instance.put("secret-polybot-results-keys", "b:another one")
    instance.put("fails-docker-pull", "1")
    assert start(instance).returncode != 0
    assert [call.split()[1] for call in touched(instance.calls())] == ["pull"]


@both
def test_a_container_that_ended_is_started_again(instance: Instance) -> None:
    """At a boot, after Docker's own restart has failed, or where a worker has drained and its instance stays."""
    start(instance)
    running = (instance.state / "running").read_text()
    instance.put("running", running.replace("true", "false").strip())
    instance.calls()
    start(instance)
    assert [call.split()[1] for call in touched(instance.calls())] == ["pull", "stop", "rm", "run"]


@pytest.mark.parametrize("side", ["site"])
@pytest.mark.parametrize(
    ("waiting", "last_error", "errors"),
    [(0, None, 0), (0, "Connection refused", 0), (7, "Connection refused", 1), (7, None, 0), (10, "Connection refused", 1)],
)
def test_the_site_tells_of_webhook_and_open_predictions(instance: Instance, waiting: int, last_error: str | None, errors: int) -> None:
    instance.put("shown", set_webhook._described(WebhookInfo("https://bot.example.org/webhook", waiting, last_error)))
    instance.calls()
    done = instance.run("polybot-watch")
    assert done.returncode == 0, done.stderr
    assert [call for call in instance.calls() if "put-metric-data" in call] == [
        "aws cloudwatch put-metric-data --namespace polybot --metric-name OpenPredictions --value 12",
        f"aws cloudwatch put-metric-data --namespace polybot --metric-name WebhookErrors --value {errors}",
    ]


@both
def test_what_reads_shell_finds_no_mistake(instance: Instance) -> None:
    """bash itself, and shellcheck where it is installed."""
    scripts = [*(instance.root / "usr/local/bin").iterdir(), instance.root / "user-data"]
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)
    if shellcheck := shutil.which("shellcheck", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])):
        done = subprocess.run([shellcheck, *map(str, scripts)], capture_output=True, text=True, check=False)
        assert done.stdout == ""


@both
def test_cloud_init_takes_it_for_a_script_and_leaves_it_as_it_is(tmp_path: Path, side: str) -> None:
    """By cloud-init's own code. `cloud-init schema` is for #cloud-config alone, and refuses a script."""
    system = "/usr/bin/python3"  # of which cloud-init is a package, and no other
    if subprocess.run([system, "-c", "import cloudinit"], capture_output=True, check=False).returncode:
        pytest.skip("needs cloud-init; get it: make cloud-init")
    script = rendered(side, tmp_path / "console").encode()
    done = subprocess.run([system, "-c", CLOUD_INIT, str(tmp_path / "cloud")], input=script, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"text/x-shellscript\n"), done.stderr
    (written,) = (tmp_path / "cloud" / "instance" / "scripts").iterdir()
    assert written.read_bytes() == script
    assert written.stat().st_mode & 0o100
