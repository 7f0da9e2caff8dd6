"""The site in the environment that user data gives it on AWS, as an operator reaches it: through a tunnel that ends on localhost."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from detection import photos, predictions
from detection.clock import now
from detection.predictions import Outcome
from tests import processes
from tests.botgateway.standin import jpeg
from tests.browser import chromium, open_page
from tests.clouds import opened
from tests.detection.test_dashboard_browser import OWNER
from tests.detection.test_predictions import CAT, created
from tests.emulators import ROOT, free_port

PUBLIC, INNER = "polybot-public-1.eu-north-1.elb.amazonaws.com", "internal-polybot-internal-1.eu-north-1.elb.amazonaws.com"
# What deploy/terraform/site.tf writes for the site alone, without the database: this site's is a file.
ON_AWS = {
    "PUBLIC_URL": f"https://{PUBLIC}",
    "ALLOWED_HOSTS": INNER,
    "FORWARDED_ALLOW_IPS": "127.0.0.1",  # of load balancers, which this machine is here
}


@pytest.fixture(scope="module")
def port(ministack: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the site listens, on this machine's address. It has an owner, olga, and one photo with a cat."""
    folder, port = tmp_path_factory.mktemp("on-aws"), free_port()
    with opened(ministack) as cloud:
        photos.put(f"42/{(name := created())}/photo", jpeg(640, 480), content_type="image/jpeg")
        predictions.finish(name, Outcome(model="m-1", size=(640, 480), detections=(CAT,)))
        environment = cloud.environment | ON_AWS | {"DATABASE_PATH": str(folder / "site.sqlite3")}
        subprocess.run([sys.executable, "manage.py", "shell", "-c", OWNER], cwd=ROOT, env=environment, check=True, timeout=60)
        with processes.site(environment, port=port, log=folder / "site.log"):
            yield port


def test_this_is_the_environment_of_user_data() -> None:
    written = re.search(
        r"environment = merge\(local\.shared_environment, \{\n(.*?)\n    \}\)", (ROOT / "deploy/terraform/site.tf").read_text(), re.DOTALL
    )
    assert written
    names = re.findall(r"^ +([A-Z_]+) +=", written[1], re.MULTILINE)
    assert sorted(names) == sorted([*ON_AWS, "DATABASE_HOST", "DATABASE_NAME"])


async def test_an_operator_works_through_the_tunnel(port: int, tmp_path: Path) -> None:
    admin = f"http://localhost:{port}/admin/"
    async with chromium() as browser:
        page = await open_page(browser, f"{admin}login/")
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        await page.goto(admin)
        await page.fill("#id_username", "olga")
        await page.fill("#id_password", "made-up")
        await page.click("[type=submit]")
        await page.wait_for_url(f"{admin}dashboard/")
        cookies = await page.context.cookies()
        assert {cookie["name"]: cookie["secure"] for cookie in cookies} == {"sessionid": True, "csrftoken": True}

        await page.goto(f"{admin}predictions/")
        await expect(page.locator("body")).to_contain_text("cat")
        shown = page.locator("img[src*='X-Amz-Signature']").first
        await expect(shown).to_be_visible()
        assert await shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640

        await page.goto(f"{admin}export/?labels=cat&since={now() - timedelta(days=1):%Y-%m-%d}")
        async with page.expect_download() as saved:
            await page.get_by_role("button", name="Export").click()
        await (await saved.value).save_as(tmp_path / "export.zip")
        assert zipfile.is_zipfile(tmp_path / "export.zip")

        await page.get_by_role("button", name="Log out").click()
        await page.goto(admin)
        await page.wait_for_url(f"{admin}login/?next=/admin/")
        assert troubles == []


def asked(port: int, path: str, host: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    return httpx.request(method, f"http://127.0.0.1:{port}{path}", headers={"Host": host, **headers}, trust_env=False)


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/api/predictions", "/static/admin/css/base.css", "/webhook"])
@pytest.mark.parametrize("host", [PUBLIC, INNER])
def test_under_every_other_name_plain_http_leads_to_https(port: int, host: str, path: str) -> None:
    answer = asked(port, f"{path}?a=b", host)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{host}{path}?a=b")
    assert asked(port, path, f"{host}:80").headers["Location"] == f"https://{host}:80{path}"


@pytest.mark.parametrize("host", ["127.0.0.1", "bot.example.org", "localhost.example.org", "localhost@bot.example.org", "notlocalhost"])
def test_no_other_host_is_answered(port: int, host: str) -> None:
    assert asked(port, "/admin/login/", host).status_code == 400


def test_who_says_localhost_from_outside_gains_nothing(port: int) -> None:
    """What the public load balancer forwards is POST /webhook, whatever its Host header says; the internal one, POST /results."""
    by_https = {"X-Forwarded-Proto": "https"}
    for host in ("localhost", PUBLIC):
        assert asked(port, "/webhook", host, method="POST", **by_https).status_code == 403
    for host in ("localhost", INNER):
        assert asked(port, "/results?predictionId=42-7", host, method="POST").status_code == 401
    login = asked(port, "/admin/", "localhost")
    assert (login.status_code, login.headers["Location"]) == (302, "/admin/login/?next=/admin/")
    assert "Strict-Transport-Security" not in login.headers, "or the browser would ask its localhost for https from now on"
    assert asked(port, "/api/predictions", "localhost").status_code in {401, 403}


def test_another_page_in_the_operators_browser_sends_nothing(port: int) -> None:
    with httpx.Client(base_url=f"http://localhost:{port}", trust_env=False) as http:
        token = http.get("/admin/login/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        cookie = {"Cookie": f"csrftoken={http.cookies['csrftoken']}"}
        said = {"username": "olga", "password": "made-up", "csrfmiddlewaretoken": token}
        for origin, status in (("https://evil.example.org", 403), (f"http://localhost:{port + 1}", 403), (f"http://localhost:{port}", 302)):
            answer = http.post("/admin/login/", data=said, headers=cookie | {"Origin": origin})
            assert (origin, answer.status_code) == (origin, status)
