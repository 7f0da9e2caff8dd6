"""The dashboard, dead letters and queues in a real browser: readable in both schemes and on a phone, and anew by themselves if wanted."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from detection import dashboard
from detection.clock import now
from detection.counters import bucket
from taskqueue.registry import RunningTask, Worker
from tests import processes
from tests.browser import chromium, open_page, screenshot
from tests.clouds import opened
from tests.detection.test_dashboard import count
from tests.detection.test_letters_page import bury
from tests.emulators import ROOT, free_port

PAGES = {"dashboard": "dashboard/?range=day", "week": "dashboard/?range=week", "letters": "letters/", "queues": "queues/"}
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STAGES = {"storing": 0.1, "waiting": 0.3, "detecting": 0.07, "saving": 0.02, "answering": 0.4, "latency": 1.2}
OWNER = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import Group, User
User.objects.create_user("olga", password="made-up", is_staff=True).groups.add(Group.objects.get(name="owner"))
"""


@pytest.fixture(scope="module")
def admin(ministack: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The admin's address on a site that was busy for a week, and that has an owner, olga."""
    folder, port = tmp_path_factory.mktemp("admin"), free_port()
    with opened(ministack) as cloud:
        environment = cloud.environment | {"DATABASE_PATH": str(folder / "site.sqlite")}
        subprocess.run([sys.executable, "manage.py", "shell", "-c", OWNER], cwd=ROOT, env=environment, check=True, timeout=60)
        fill()
        with processes.site(environment, port=port, log=folder / "site.log"):
            yield f"http://127.0.0.1:{port}/admin/"


def fill() -> None:
    """Figures of a week with a rhythm and a pause, two workers, a paused queue, and two dead letters."""
    at = now()
    for back in range(169):
        photos = round(60 + 50 * math.sin(back / 24 * 2 * math.pi))
        amounts = {"photos": photos, "replied": photos - 3, "done": photos - 2, "failed": 2, "failure__damaged": 2}
        amounts |= {"model__yolov5n-4f180cf23ba0": photos, "class__person": photos, "class__dog": photos // 2, "class__hot dog": 1}
        for stage, seconds in STAGES.items():
            amounts |= {bucket(stage, seconds): photos - 8, bucket(stage, seconds * (3 + back % 5)): 7, bucket(stage, seconds * 20): 1}
        if back % 24 != 5:
            count(at - timedelta(hours=back), back % 8, **amounts)
    running = RunningTask(id="5f0c", name="detection.tasks.detect_objects", started_at=at - timedelta(seconds=17))
    versions = {"python": "3.11.7", "app": "0.1.0", "model": "yolov5n-4f180cf23ba0"}
    dashboard.registry().put(
        Worker(
            worker="celery@ip-10-0-1-17/4711", host="h", instance="i-0123456789abcdef0", started_at=at, heartbeat_at=at, versions=versions,
            memory_bytes=631_000_000, processes=2, busy=1, running=(running,), done=5123,
        )
    )  # fmt: skip
    dashboard.registry().put(Worker(worker="celery@gone/1", host="gone", started_at=at, heartbeat_at=at - timedelta(minutes=3)))
    dashboard.pauses().pause("photos-bulk", by="olga", at=at)
    bury("what is this", "and this")


@asynccontextmanager
async def logged_in(admin: str) -> AsyncIterator[Page]:
    async with chromium() as browser:
        page = await open_page(browser, f"{admin}login/")
        await page.fill("#id_username", "olga")
        await page.fill("#id_password", "made-up")
        await page.click("[type=submit]")
        await page.wait_for_url(f"{admin}dashboard/")
        yield page


async def findings(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical."""
    found = await Axe().run(page)
    bad = [one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in bad for node in one["nodes"]]


async def test_every_page_can_be_read_in_both_schemes_at_a_desk_and_on_a_phone(admin: str) -> None:
    async with logged_in(admin) as page:
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        for (size, (width, height)), scheme, (name, path) in product(SIZES.items(), SCHEMES, PAGES.items()):
            await page.set_viewport_size({"width": width, "height": height})
            await page.emulate_media(color_scheme=scheme)
            await page.goto(admin + path)  # anew: colours that are on their way from one scheme to the other are neither's
            which = f"{name}-{size}-{scheme}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{which} is wider than the window"
            await screenshot(page, which)
            assert await findings(page) == [], which
        assert troubles == []


async def test_the_figures_come_anew_by_themselves_unless_that_is_turned_off(admin: str) -> None:
    async with logged_in(admin) as page:
        await page.clock.install()
        await page.reload()
        await page.evaluate("document.querySelector('#figures').dataset.seen = 'before'")
        await page.clock.fast_forward(31_000)
        await page.wait_for_selector("#figures:not([data-seen])")
        await page.get_by_label("Refresh every 30 s").uncheck()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.fast_forward(120_000)
        assert asked == []
        await page.reload()
        assert not await page.get_by_label("Refresh every 30 s").is_checked(), "it stays turned off"


async def test_a_letter_is_looked_at_and_dropped_and_a_queue_resumed(admin: str) -> None:
    async with logged_in(admin) as page:
        await page.goto(f"{admin}letters/")
        await page.locator("tbody a").first.click()
        await screenshot(page, "letter")
        assert await findings(page) == []
        await page.get_by_role("button", name="Drop").click()
        assert await findings(page) == []
        await screenshot(page, "confirm")
        await page.get_by_role("button", name="Drop").click()
        assert "dropped" in await page.inner_text(".messagelist")
        await page.goto(f"{admin}queues/")
        await page.get_by_role("button", name="Resume photos-bulk").click()
        await page.get_by_role("button", name="Resume").click()
        assert "is resumed" in await page.inner_text(".messagelist")
        assert dashboard.pauses().all() == {}
