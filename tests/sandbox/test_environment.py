"""What each process is told, and what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import environment, programs
from sandbox.environment import Environment, Setup
from sandbox.ports import Ports
from sandbox.state import State
from sandbox.telegram.settings import DEFAULT_TOKEN

OUTER = {
    "PATH": "/usr/bin",
    "HOME": "/home/ada",
    "HTTPS_PROXY": "http://proxy:3128",
    "NO_PROXY": "intranet",
    "SSL_CERT_FILE": "/certs.pem",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIA-REAL",
    "DETECTION_MODEL": "s3://models/mine.pt",
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "PYTHONWARNINGS": "error",
    "SOMETHING_ELSE": "private",
}
TOKEN = "123:a-real-token"


def setup_in(folder: Path, **outer: str) -> Setup:
    return Setup(state=State(folder), ports=Ports(), outer=OUTER | outer)


@pytest.fixture
def worker(tmp_path: Path) -> Environment:
    return environment.worker(setup_in(tmp_path, TELEGRAM_TOKEN=TOKEN), bundle="/models/yolov5n")


@pytest.fixture
def site(tmp_path: Path) -> Environment:
    return environment.site(setup_in(tmp_path))


def test_a_worker_has_no_secret_but_the_one_of_results(worker: Environment, tmp_path: Path) -> None:
    secrets = State(tmp_path).secrets()
    assert not {"TELEGRAM_TOKEN", "TELEGRAM_API_URL", "WEBHOOK_SECRETS", "DJANGO_SECRET_KEY", "DATABASE_PATH"} & worker.keys()
    assert not {TOKEN, DEFAULT_TOKEN, secrets.django_secret_key, secrets.webhook_secret} & set(worker.values())
    assert worker["RESULTS_KEYS"] == f"sandbox:{secrets.results_key}"
    assert worker["DETECTION_MODEL"] == "/models/yolov5n"
    assert worker["RESULTS_URL"] == "http://127.0.0.1:8000/results"
    assert worker["OMP_NUM_THREADS"] == "1"


def test_the_site_has_no_model(site: Environment) -> None:
    assert "DETECTION_MODEL" not in site
    assert site["TELEGRAM_TOKEN"] == DEFAULT_TOKEN
    assert site["TELEGRAM_API_URL"] == "http://127.0.0.1:8080"
    assert site["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_the_site_is_told_whether_the_demo_model_answers(tmp_path: Path) -> None:
    told = [programs.site(setup_in(tmp_path), demo_model=demo).environment["DEMO_MODEL"] for demo in (True, False)]
    assert told == ["true", "false"]


def test_what_was_not_named_is_handed_to_nobody(site: Environment, worker: Environment, tmp_path: Path) -> None:
    setup = setup_in(tmp_path)
    for made in (site, worker, environment.aws(setup), environment.telegram(setup), environment.model(OUTER)):
        assert not {"SOMETHING_ELSE", "PYTHONWARNINGS", "DJANGO_SETTINGS_MODULE"} & made.keys()
        assert made["PATH"] == "/usr/bin"
        assert made["NO_PROXY"] == made["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_nothing_leads_to_a_real_account(site: Environment, worker: Environment) -> None:
    for made in (site, worker):
        assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
        assert made["AWS_ACCESS_KEY_ID"] == "sandbox"
        assert made["AWS_CONFIG_FILE"] == made["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
        assert "AWS_PROFILE" not in made


def test_the_model_may_be_fetched_with_the_callers_own_credentials() -> None:
    made = environment.model(OUTER)
    assert (made["AWS_PROFILE"], made["DETECTION_MODEL"]) == ("production", "s3://models/mine.pt")


def test_with_a_real_token_the_site_speaks_to_telegram(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, TELEGRAM_TOKEN=TOKEN)
    made = environment.site(setup)
    assert setup.is_real
    assert made["TELEGRAM_TOKEN"] == TOKEN
    assert "TELEGRAM_API_URL" not in made
    assert TOKEN not in " ".join(programs.poll(setup, demo_model=False).command)


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    setup = setup_in(tmp_path)
    secrets = setup.state.secrets()
    made = [programs.aws(setup), programs.telegram(setup, samples="emoji"), programs.site(setup, demo_model=True)]
    made += [programs.set_webhook(setup), programs.migrate(setup)]
    shown = " ".join(word for program in [*made, programs.worker(setup, bundle="b")] for word in program.command)
    assert not any(secret in shown for secret in (secrets.django_secret_key, secrets.webhook_secret, secrets.results_key))
    assert "0.0.0.0" not in shown
