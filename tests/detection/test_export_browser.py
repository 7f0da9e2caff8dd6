"""The export where it is used: a site of its own, Chromium, and a client that hangs up."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect

from detection import photos, predictions
from detection.clock import now
from detection.predictions import Outcome
from tests import processes
from tests.browser import chromium, open_page
from tests.clouds import opened
from tests.detection.test_predictions import CAT, created
from tests.emulators import ROOT, free_port

PHOTO = b"\xff\xd8" + bytes(1_000_000)
MAKE_OWNER = """
from importlib import import_module
from django.core.management import call_command
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from tests.detection.roles import person
call_command("migrate", verbosity=0)
user = person("owner")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session.save()
print("session", session.session_key)
"""


@dataclass(frozen=True)
class Site:
    url: str
    session: str
    running: processes.Running


@pytest.fixture(scope="module")
def site(ministack: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site with an owner who is logged in, and 40 photos of a megabyte each."""
    folder = tmp_path_factory.mktemp("site")
    with opened(ministack) as cloud:
        for number in range(40):
            name = created(number)
            photos.put(f"42/{name}/photo", PHOTO, content_type="image/jpeg")
            predictions.finish(name, Outcome(model="m-1", size=(640, 480), detections=(CAT,)))
        environment = cloud.environment | {"DATABASE_PATH": str(folder / "site.sqlite3")}
        session = with_an_owner(environment)
        port = free_port()
        with processes.site(environment, port=port, log=folder / "site.log") as running:
            yield Site(f"http://127.0.0.1:{port}", session, running)


def with_an_owner(environment: dict[str, str]) -> str:
    """Make the site's database, with an owner in it; the key of the owner's session."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", MAKE_OWNER]
    made = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    return made.stdout.split()[-1]


async def test_it_is_saved_and_its_progress_shown_and_it_can_be_stopped(site: Site) -> None:
    async with chromium() as browser:
        page = await open_page(browser, f"{site.url}/healthz")
        await page.context.add_cookies([{"name": "sessionid", "value": site.session, "url": site.url}])
        await page.goto(f"{site.url}/admin/export/?labels=cat&since={now() - timedelta(days=1):%Y-%m-%d}")
        said = page.locator("#export-said")
        line = await page.context.new_cdp_session(page)
        await line.send("Network.enable")
        await line.send(
            "Network.emulateNetworkConditions", slow := {"offline": False, "latency": 0, "downloadThroughput": 4e6, "uploadThroughput": -1}
        )
        await page.get_by_role("button", name="Export").click()
        await expect(said).to_contain_text(" of 40 photos")
        await page.get_by_role("button", name="Stop").click()
        await expect(said).to_contain_text("Stopped: ")
        await line.send("Network.emulateNetworkConditions", slow | {"downloadThroughput": -1})
        await page.get_by_label("YOLO").check()
        async with page.expect_download() as saved:
            await page.get_by_role("button", name="Export").click()
        await expect(said).to_have_text(re.compile(r"^Done: 40 of 40 photos, 40\.\d MB\.$"))
        download = await saved.value
        assert re.fullmatch(r"predictions-yolo-[\d-]+\.zip", download.suggested_filename)
        with zipfile.ZipFile(await download.path()) as archive:
            assert archive.testzip() is None
            assert len([name for name in archive.namelist() if name.startswith("labels/")]) == 40


def test_a_client_that_hangs_up_stops_it_and_the_log_has_it(site: Site) -> None:
    cookies = {"sessionid": site.session, "csrftoken": "a" * 32}
    headers = {"X-CSRFToken": "a" * 32}
    with (
        httpx.Client(base_url=site.url, cookies=cookies, headers=headers, trust_env=False, timeout=30) as http,
        http.stream("POST", "/admin/export/", data={"format": "csv"}) as answer,
    ):
        assert answer.status_code == 200
        assert next(answer.iter_bytes())[:4] == b"PK\3\4"
    processes.wait_for(lambda: "broke off the export" in site.running.output(), seconds=10, what="the end of the export")
    told = re.search(r"broke off the export as csv; photos: (\d+);", site.running.output())
    assert told
    assert int(told[1]) < 40, "the rest was read for nobody"
