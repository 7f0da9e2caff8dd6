"""The commands of an operator, on moto, with a stand-in for Terraform that records what it is told."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy import __main__ as command
from deploy.operations import certificate, cost, doctor, secrets, settings, webhook
from deploy.operations.down import down
from deploy.operations.logs import ago
from deploy.operations.logs import lines as log_lines
from deploy.operations.settings import Refused, Settings
from deploy.operations.terraform import BOOTSTRAP, SERVICE, Failed
from deploy.operations.up import up
from deploy.rehearse.modelled.machine import Machine, programs
from tests.deploy.conftest import NEW_SITE, OLD_SITE, OLD_WORKER, QUICK, Account

HOST = "polybot-public-1.us-east-1.elb.amazonaws.com"
VARIABLES = {
    "region": "us-east-1",
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "site_image": OLD_SITE,
    "worker_image": OLD_WORKER,
    "github_repository": "me/polybot-service",
}

# Terraform as far as `up` and `down` see it: it records its arguments, and has the outputs of the service.
TERRAFORM = """\
#!/bin/sh
echo "${1##*/} $2 $*" >>"$RECORD"
[ "$2" = output ] && printf '%s' "$OUTPUTS"
[ "$1 $2" != "${FAILS:-}" ]
"""


@pytest.fixture
def chosen(account: Account, tmp_path: Path) -> Settings:
    """The settings of a service on the account."""
    path = tmp_path / "polybot.tfvars.json"
    path.write_text(json.dumps(VARIABLES | {"name": account.name}))
    return settings.read(path)


@pytest.fixture
def terraform(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in on the PATH; the file in which it records."""
    folder = tmp_path / "terraform-bin"
    folder.mkdir()
    (folder / "terraform").write_text(TERRAFORM)
    (folder / "terraform").chmod(0o755)
    outputs = {"public_host": HOST, "webhook_url": f"https://{HOST}/webhook", "dashboard_url": "https://x", "workflow_role": "arn:x"}
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RECORD", str(tmp_path / "terraform.log"))
    monkeypatch.setenv("OUTPUTS", json.dumps({name: {"value": value} for name, value in outputs.items()}))
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:made-up")
    return tmp_path / "terraform.log"


def made_by_terraform(account: Account) -> None:
    """The empty secrets."""
    for short in secrets.NAMES:
        account.front.client("secretsmanager").create_secret(Name=f"{account.name}/{short}")


def told(record: Path) -> list[str]:
    """The folder and the command of each call."""
    return [" ".join(line.split()[:2]) for line in record.read_text().splitlines()]


def test_up_makes_everything_in_its_order(site: Account, chosen: Settings, terraform: Path) -> None:
    made_by_terraform(site)
    containers(site)
    lines: list[str] = []
    up(chosen, lines.append, yes=True, pace=QUICK)
    assert told(terraform) == [
        "bootstrap init",
        "bootstrap apply",
        "terraform init",
        "terraform apply",
        "terraform output",
        "terraform apply",
    ]
    store = site.front.client("secretsmanager")
    values = {short: store.get_secret_value(SecretId=f"{site.name}/{short}")["SecretString"] for short in secrets.NAMES}
    assert values["telegram-token"] == "1:made-up"
    first, second = [line for line in terraform.read_text().splitlines() if line.startswith("terraform apply")]
    assert "certificate_arn" not in first
    arn = certificate.find(chosen.client("acm"), site.name)
    assert f"-var=certificate_arn={arn}" in second
    printed = "\n".join(lines)
    assert f"https://{HOST}/webhook" in printed
    assert "Telegram delivers to" in printed
    assert [short for short, value in values.items() if value in printed] == [], "no secret is shown"
    assert [short for short, value in values.items() if value in terraform.read_text()] == [], "no secret comes into Terraform's state"


def test_up_a_second_time_keeps_secrets_and_certificate(site: Account, chosen: Settings, terraform: Path) -> None:
    made_by_terraform(site)
    containers(site)
    site.front.client("s3").create_bucket(Bucket=f"{site.name}-terraform-123456789012")
    up(chosen, print, yes=True, pace=QUICK)
    store = site.front.client("secretsmanager")
    before = [store.get_secret_value(SecretId=f"{site.name}/{short}")["SecretString"] for short in secrets.NAMES]
    arn = certificate.find(chosen.client("acm"), site.name)
    terraform.unlink()
    up(chosen, print, yes=True, pace=QUICK)
    assert told(terraform) == ["terraform init", "terraform apply", "terraform output"]
    assert f"-var=certificate_arn={arn}" in terraform.read_text(), "or the listener would go"
    assert [store.get_secret_value(SecretId=f"{site.name}/{short}")["SecretString"] for short in secrets.NAMES] == before


def test_a_new_certificate_takes_the_place_of_the_old_one(site: Account, chosen: Settings, terraform: Path) -> None:
    made_by_terraform(site)
    containers(site)
    up(chosen, print, yes=True, pace=QUICK)
    store, acm = site.front.client("secretsmanager"), chosen.client("acm")
    arn, before = certificate.find(acm, site.name), secrets.get(store, site.name, "certificate")
    up(chosen, print, yes=True, new_certificate=True, pace=QUICK)
    after = secrets.get(store, site.name, "certificate")
    assert before != after
    assert after
    # AWS keeps the tags of one that is imported anew; moto drops them, so it is looked for by its ARN here.
    assert acm.get_certificate(CertificateArn=arn)["Certificate"].strip() == certificate.certificate_of(after).strip()


def test_up_asks_before_terraform_changes_anything(site: Account, chosen: Settings, terraform: Path) -> None:
    made_by_terraform(site)
    containers(site)
    up(chosen, print, pace=QUICK)
    assert "-auto-approve" not in terraform.read_text()


def test_up_replaces_what_it_is_told_to_once(site: Account, chosen: Settings, terraform: Path) -> None:
    made_by_terraform(site)
    containers(site)
    up(chosen, print, yes=True, replace=["aws_launch_template.worker"], pace=QUICK)
    first, second = [line for line in terraform.read_text().splitlines() if line.startswith("terraform apply")]
    assert "-replace=aws_launch_template.worker" in first
    assert "-replace" not in second


def test_up_ends_where_terraform_fails(account: Account, chosen: Settings, terraform: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", f"-chdir={BOOTSTRAP} apply")
    with pytest.raises(Failed, match="terraform apply in bootstrap/ failed"):
        up(chosen, print, yes=True, pace=QUICK)
    assert told(terraform) == ["bootstrap init", "bootstrap apply"]


def test_a_domain_needs_its_certificate(account: Account, chosen: Settings, terraform: Path) -> None:
    other = Settings(chosen.path, chosen.values | {"domain": "bot.example.com"})
    with pytest.raises(Refused, match="names a domain, and no certificate_arn"):
        up(other, print, yes=True, pace=QUICK)
    assert "terraform apply" not in told(terraform)


@pytest.mark.parametrize("word", ["", "yes", "polybot"])
def test_down_destroys_nothing_unless_its_name_is_typed(account: Account, chosen: Settings, terraform: Path, word: str) -> None:
    account.front.client("s3").create_bucket(Bucket=f"{account.name}-terraform-123456789012")
    with pytest.raises(Refused, match="nothing was destroyed"):
        down(chosen, print, ask=lambda _: word)
    assert not terraform.exists()


def test_down_lifts_the_protection_and_destroys(account: Account, chosen: Settings, terraform: Path) -> None:
    account.front.client("s3").create_bucket(Bucket=f"{account.name}-terraform-123456789012")
    acm = chosen.client("acm")
    arn = certificate.import_into(acm, account.name, certificate.make(HOST))
    lines: list[str] = []
    down(chosen, lines.append, ask=lambda _: account.name)
    assert told(terraform) == ["terraform init", "terraform apply", "terraform destroy"]
    assert all("-var=protected=false" in line and f"-var=certificate_arn={arn}" in line for line in terraform.read_text().splitlines()[1:])
    assert "There is no way back" in lines[0]
    assert certificate.find(acm, account.name) == ""


def test_down_without_a_state_destroys_nothing(account: Account, chosen: Settings, terraform: Path) -> None:
    with pytest.raises(Refused, match="nothing here was made by"):
        down(chosen, print, ask=lambda _: account.name)
    assert not terraform.exists()


def test_a_certificate_names_its_host_and_fits_its_key() -> None:
    pem = certificate.make(HOST)
    made = x509.load_pem_x509_certificate(certificate.certificate_of(pem).encode())
    assert made.subject.rfc4514_string() == f"CN={HOST}"
    assert made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [HOST]
    key: Any = load_pem_private_key(certificate.key_of(pem).encode(), None)
    assert key.public_key() == made.public_key()
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=825)


def test_a_host_name_that_no_certificate_takes_is_refused() -> None:
    with pytest.raises(Refused, match="has 65 characters"):
        certificate.make("x" * 65)


def test_telegram_gets_the_certificate_without_its_key(tmp_path: Path) -> None:
    machine = Machine.make(tmp_path / "i-1", programs(tmp_path / "programs"), OLD_SITE, (OLD_SITE,))
    docker = '#!/bin/sh\necho "$*" >>"$HERE/calls"\n[ "$2" = -i ] && cat >"$HERE/got"\ntrue\n'
    (machine.programs / "docker").write_text(docker)
    pem = certificate.make(HOST)
    done = machine.run(webhook.script(certificate.certificate_of(pem)), seconds=20, parameter="")
    assert done.returncode == 0, done.stderr
    assert (machine.folder / "got").read_text() == certificate.certificate_of(pem)
    assert "PRIVATE" not in base64.b64decode(webhook.script(certificate.certificate_of(pem)).split("echo ")[1].split()[0]).decode()
    assert (machine.folder / "calls").read_text().splitlines()[
        -1
    ] == "exec polybot python manage.py set_webhook --certificate /tmp/certificate.pem"


def test_with_a_certificate_of_acm_telegram_gets_none() -> None:
    assert "--certificate" not in webhook.script("")


def test_status_shows_what_runs_and_what_waits(
    site: Account, workers: Account, chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    queues(site)
    assert command.main(["status", "--vars", str(chosen.path)]) == 0
    printed = capsys.readouterr().out
    assert "site: to run me/polybot@aaaaaaaaaaaa" in printed
    assert printed.count("public healthy, internal healthy") == 2
    assert "workers: 4 in service, 4 of them of version 1, me/yolo5@aaaaaaaaaaaa" in printed
    assert "queue photos: 1 waiting, 0 in flight, 0 delayed, 0 dead" in printed
    assert "alarms: none" in printed


def test_logs_are_those_of_a_side_with_a_word_in_them(account: Account, chosen: Settings) -> None:
    client, group = account.front.client("logs"), f"/{account.name}/site"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="i-1")
    now = int(time.time() * 1000)
    said = ["42-7 received", "43-1 received"]
    client.put_log_events(logGroupName=group, logStreamName="i-1", logEvents=[{"timestamp": now, "message": one} for one in said])
    assert list(log_lines(chosen, "site", since=timedelta(minutes=1))) == ["i-1 | 42-7 received", "i-1 | 43-1 received"]
    assert list(log_lines(chosen, "site", since=timedelta(minutes=1), word="42-7")) == ["i-1 | 42-7 received"]


def test_followed_logs_repeat_nothing(account: Account, chosen: Settings) -> None:
    client, group = account.front.client("logs"), f"/{account.name}/site"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="i-1")
    now = int(time.time() * 1000)
    following = log_lines(chosen, "site", since=timedelta(minutes=1), follow=True, every=0.01)
    for message in ("one", "two"):
        client.put_log_events(logGroupName=group, logStreamName="i-1", logEvents=[{"timestamp": now, "message": message}])
        assert next(following) == f"i-1 | {message}"


@pytest.mark.parametrize("span", ["", "10", "m", "1w", "-5m"])
def test_a_span_that_is_none_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match="is no time span"):
        ago(span)


def test_the_cost_is_the_sum_of_its_lines(chosen: Settings) -> None:
    *rows, total = [line for line in cost.lines(chosen, 2) if line[-1].isdigit()]
    assert float(total.split()[-1]) == pytest.approx(sum(float(row.split()[-1]) for row in rows), abs=0.05)
    assert "workers, t3.medium" in rows[1]
    assert rows[1].split("workers, t3.medium")[1].split() == ["2", "×", "30.37", "=", "60.74"]
    more = cost.items(chosen, 3)
    assert sum(one.dollars for one in more) - float(total.split()[-1]) == pytest.approx(30.37 + 3.65 + 1.28 + 2.10 + 0.63, abs=0.02)


def test_the_alarms_that_are_paid_for_are_those_that_there_are() -> None:
    listed = (SERVICE / "tests" / "watching.tftest.hcl").read_text().partition("toset([for name in [")[2].partition("]")[0]
    assert len(re.findall(r'"[\w-]+"', listed)) + 8 == cost.ALARMS


def test_a_type_without_a_price_is_named(chosen: Settings) -> None:
    with pytest.raises(Refused, match=r"no price of u7i-12tb\.224xlarge"):
        cost.lines(Settings(chosen.path, chosen.values | {"worker_instance_type": "u7i-12tb.224xlarge"}), 1)


def test_doctor_finds_what_is_missing_and_ends_with_1(account: Account, chosen: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["doctor", "--vars", str(chosen.path)]) == 1
    printed = capsys.readouterr().out
    assert f"LOOK  the bucket of Terraform's state, {account.name}-terraform-123456789012" in printed
    assert "LOOK  there is no certificate" in printed
    assert "LOOK  0 of 2 site instances run" in printed
    assert "LOOK  secrets: An error occurred (ResourceNotFoundException)" in printed


def test_doctor_is_content_with_what_is_right(site: Account, chosen: Settings, terraform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_by_terraform(site)
    containers(site)
    up(chosen, print, yes=True, pace=QUICK)
    site.front.client("s3").create_bucket(Bucket=f"{site.name}-terraform-123456789012")
    capsys.readouterr()
    command.main(["doctor", "--vars", str(chosen.path)])
    printed = capsys.readouterr().out
    assert printed.count("has a value") == 5
    assert "ok    the certificate lasts for 82" in printed
    assert "ok    2 of 2 site instances run" in printed
    assert printed.count("is healthy and healthy") == 2
    assert "ok    the bucket of Terraform's state" in printed


def test_doctor_counts_the_vcpus_of_the_kind_that_workers_are(account: Account, chosen: Settings) -> None:
    assert doctor.vcpus(chosen) == {doctor.ON_DEMAND: 4 + 8 + 4}
    assert doctor.vcpus(Settings(chosen.path, chosen.values | {"worker_spot": True})) == {doctor.ON_DEMAND: 4, doctor.SPOT: 12}


@pytest.mark.parametrize("name", ["up", "status", "roll", "logs", "down", "cost", "doctor"])
def test_each_command_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([name, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith("usage: python -m deploy")
    options = set(re.findall(r"^ +(--[a-z-]+)", printed, re.MULTILINE))
    for example in re.findall(r"^ +python -m deploy (.+?)(?: {3,}.*)?$", printed, re.MULTILINE):
        words = shlex.split(example)
        assert words[0] == name
        assert {word for word in words if word.startswith("--")} <= options
        command.parser().parse_args(words)
    assert name == "roll" or f"python -m deploy {name}" in printed.partition("\n\n")[2], "it shows how it is called"


def test_roll_is_the_same_command(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["roll", "site", "--image", NEW_SITE, "--name", f"{site.name}x"]) == 2
    assert f"target groups {site.name}x-public" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "is not there"),
        ("{", "is no JSON"),
        ("[]", "one JSON object"),
        ('{"region": "eu-north-1"}', "lacks availability_zones, site_image"),
    ],
)
def test_settings_that_will_not_do_are_refused(tmp_path: Path, content: str | None, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vars.json"
    if content is not None:
        path.write_text(content)
    assert command.main(["cost", "--vars", str(path)]) == 2
    assert word in capsys.readouterr().err


def test_the_defaults_are_terraforms() -> None:
    declared = "".join(path.read_text() for path in SERVICE.glob("variables*.tf"))
    found = dict(re.findall(r'^variable "(\w+)" \{\n(?:(?!\}).*\n)*?  default += (.+)$', declared, re.MULTILINE))
    assert {name: json.loads(found[name]) for name in settings.DEFAULTS} == settings.DEFAULTS


def test_what_aws_refuses_is_told(account: Account, chosen: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    account.front.denied.add("ssm:GetParameter")
    assert command.main(["status", "--vars", str(chosen.path)]) == 2
    assert capsys.readouterr().err.startswith("python -m deploy: AWS: An error occurred (AccessDenied)")


def containers(account: Account) -> None:
    """Docker on the site's instances answers `set_webhook` as the product does."""
    docker = f"""\
#!/bin/sh
case "$*" in
    *-i*) cat >/dev/null ;;
    *set_webhook*) echo 'Telegram delivers to https://{HOST}/webhook; 0 updates wait.' ;;
esac
"""
    for machine in account.front.machines.values():
        (machine.programs / "docker").write_text(docker)


def queues(account: Account) -> None:
    sqs = account.front.client("sqs")
    for name in ("answers", "photos", "photos-bulk"):
        for queue in (name, f"{name}-dead"):
            sqs.create_queue(QueueName=f"{account.name}-{queue}")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=f"{account.name}-photos")["QueueUrl"], MessageBody="42-7")
