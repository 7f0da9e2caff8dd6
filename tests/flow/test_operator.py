"""An operator's day in a real browser, on the whole service: find, look, run again, export, erase."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Response, expect
from pycocotools.coco import COCO

from detection import photos, predictions, table
from detection.clock import now
from detection.items import day_shard, to_maps
from detection.prediction import Box, Detection
from tests.browser import chromium, open_page, screenshot
from tests.emulators import ROOT
from tests.sandbox.processes import white_jpeg
from tests.service import Service, wait_for_answers

pytestmark = pytest.mark.timeout(240)
PASSWORD = "made-up-by-olga"
OWNER = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import Group, User
User.objects.create_user("olga", password={PASSWORD!r}, is_staff=True).groups.add(Group.objects.get(name="owner"))
"""
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOST_BYTES = 300_000  # of script and style on a page


def last_tuesday() -> datetime:
    """Its afternoon; of the week before where that is still to come."""
    days = (now().weekday() - 1) % 7 or 7
    return (now() - timedelta(days=days)).replace(hour=14, minute=3, second=0, microsecond=0)


def happened(name: str, at: datetime, *, seconds: float, label: str, confidence: float) -> None:
    """As if it had been then: in this long, with this found."""
    shift = at - predictions.get(name).created_at  # type: ignore[union-attr]  # the caller has made it
    one = table.predictions().get(name)
    for field in ("received_at", "stored_at", "created_at", "queued_at", "started_at", "detected_at", "saved_at", "finished_at"):
        setattr(one, field, getattr(one, field) + shift)
    one.replied_at = one.received_at + timedelta(seconds=seconds)
    one.day_shard = day_shard(name, one.created_at)
    one.detections = to_maps((Detection(label, confidence, Box(0.25, 0.25, 0.75, 0.75)),))
    one.save()


class Visit:
    """The operator's page, and what is held against each page that it opens: its looks, its weight, where it is from."""

    def __init__(self, page: Page, site: str, pictures: str) -> None:
        self.page = page
        self._site = urlsplit(site).netloc
        self._pictures = urlsplit(pictures).netloc
        self._loaded: list[Response] = []
        self._troubles: list[str] = []
        page.on("response", self._keep)
        page.on("pageerror", lambda error: self._troubles.append(str(error)))
        page.on("console", lambda message: self._troubles.append(message.text) if message.type == "error" else None)

    def _keep(self, response: Response) -> None:
        self._loaded.append(response)

    async def has(self, name: str) -> None:
        """The page that is open now is accessible in each scheme at each size, is light, and loads from nowhere else."""
        await self._is_light_and_from_here()
        for (size, (width, height)), scheme in product(SIZES.items(), SCHEMES):
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours are there at once
            assert await self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"
            await screenshot(self.page, f"admin-{name}-{size}-{scheme}")
            found = (await Axe().run(self.page)).response["violations"]
            bad = [one for one in found if one["impact"] in {"serious", "critical"}]
            assert [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in bad for node in one["nodes"]] == [], name
        await self.page.set_viewport_size({"width": 1440, "height": 900})
        assert self._troubles == [], name

    async def _is_light_and_from_here(self) -> None:
        await self.page.reload()
        self._loaded.clear()
        await self.page.reload(wait_until="networkidle")
        weight = 0
        for response in self._loaded:
            kind, host = response.request.resource_type, urlsplit(response.url).netloc
            assert host == self._site or (kind == "image" and host == self._pictures), response.url
            if kind in {"script", "stylesheet"} and response.ok and response.status != 304:
                weight += len(await response.body())
        assert weight < MOST_BYTES


@dataclass(frozen=True)
class Scene:
    """The service with an owner, olga, and a chat with five answered photos, of which one is what olga looks for."""

    up: Service
    chat: int
    wanted: str
    day: datetime

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.up.port}"


@pytest.fixture
def scene(up: Service, tmp_path: Path) -> Scene:
    database = {"DATABASE_PATH": str(tmp_path / "site.sqlite3")}
    command = [sys.executable, "manage.py", "shell", "-c", OWNER]
    subprocess.run(command, cwd=ROOT, env=up.cloud.environment | database, check=True, timeout=60)
    up.site(more=database)
    up.worker()
    chat = up.chats.new()
    slow, unsure, quick, cat, monday = [f"{chat}-{up.chats.send_photo(chat, white_jpeg())}" for _ in range(5)]
    wait_for_answers(up, chat, 5, seconds=60)
    tuesday = last_tuesday()
    happened(slow, tuesday, seconds=41, label="dog", confidence=0.87)
    happened(unsure, tuesday, seconds=41, label="dog", confidence=0.55)
    happened(quick, tuesday, seconds=0.8, label="dog", confidence=0.87)
    happened(cat, tuesday, seconds=41, label="cat", confidence=0.87)
    happened(monday, tuesday - timedelta(days=1), seconds=41, label="dog", confidence=0.87)
    return Scene(up, chat, slow, tuesday)


async def test_an_operators_day(scene: Scene, tmp_path: Path) -> None:
    async with chromium() as browser:
        page = await open_page(browser, f"{scene.site}/admin/", size=SIZES["desk"])
        visit = Visit(page, scene.site, scene.up.cloud.endpoint)
        await visit.has("login")
        await log_in(page)
        await find_slow_dogs(page, scene.day)
        await visit.has("predictions")
        address = page.url
        await page.get_by_role("link", name="Table").click()
        await visit.has("predictions-table")

        await page.goto(address)
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=scene.wanted)).to_be_visible()
        await the_photo_is_there_with_its_boxes(page)
        await visit.has("prediction")

        await page.get_by_role("button", name="Run again…").click()
        await page.get_by_role("button", name="Run again").click()
        await expect(page.locator(".messagelist")).to_contain_text(f"run again as {scene.wanted}-1")
        await the_chat_page_shows(scene, await open_page(browser, scene.up.api), answers=6)

        await page.goto(address)
        await page.get_by_role("link", name="Export…").click()
        await visit.has("export")
        await the_export_can_be_loaded(page, tmp_path / "export.zip", scene.wanted)

        await page.goto(f"{scene.site}/admin/predictions/{scene.wanted}/")
        await page.get_by_role("link", name=str(scene.chat), exact=True).click()
        await visit.has("chat")
        await erase(page, scene)
    assert photos.keys(f"{scene.chat}/") == set()
    left = [item.to_simple_dict() for item in table.predictions().scan() if str(item.prediction_id).startswith(f"{scene.chat}-")]
    assert len(left) == 6
    assert all(set(item) == {"prediction_id", "erased_at", "expires_at"} for item in left)


async def log_in(page: Page) -> None:
    await page.get_by_label("Username").fill("olga")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


async def find_slow_dogs(page: Page, day: datetime) -> None:
    """By the form: dogs over 60 % of this day, that took ten seconds and more."""
    await page.get_by_role("link", name="Predictions").click()
    await expect(page.locator(".photos li")).to_have_count(5)
    await page.get_by_label("From (UTC)").fill(day.strftime("%Y-%m-%dT00:00"))
    await page.get_by_label("Until (UTC)").fill((day + timedelta(days=1)).strftime("%Y-%m-%dT00:00"))
    await page.get_by_label("Found").fill("dog")
    await page.get_by_label("Confidence from, in %").fill("60")
    await page.get_by_label("Answered after, seconds from").fill("10")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator(".photos li")).to_have_count(1)
    await expect(page.locator(".photos rect")).to_have_attribute("data-percent", "87")


async def the_photo_is_there_with_its_boxes(page: Page) -> None:
    photo = page.locator(".stage img")
    await expect(photo).to_have_js_property("naturalWidth", 640)
    box, frame = page.locator(".stage rect"), page.locator(".stage svg")
    await expect(box).to_be_visible()
    shown, whole = await box.bounding_box(), await frame.bounding_box()
    assert shown
    assert whole
    assert shown["width"] == pytest.approx(whole["width"] / 2, rel=0.03)
    await page.keyboard.press("b")
    await expect(box).to_be_hidden()
    await page.keyboard.press("b")
    await page.get_by_role("slider").fill("88")
    await expect(box).to_be_hidden()
    await expect(page.locator("#detections tbody tr")).to_be_hidden()
    await page.get_by_role("slider").fill("87")
    await expect(box).to_be_visible()
    await page.get_by_role("button", name="Zoom in").click()
    zoomed = await photo.bounding_box()
    assert zoomed
    assert zoomed["width"] > whole["width"] * 1.3
    await page.get_by_role("button", name="Fit").click()


async def the_chat_page_shows(scene: Scene, page: Page, *, answers: int) -> None:
    """The stand-in's page, as the person in the chat has it open."""
    await page.get_by_test_id("chat").first.click()
    await expect(page.locator("[data-testid=message][data-from=bot]")).to_have_count(answers, timeout=30_000)
    assert len(scene.up.chats.answers_to(scene.chat, int(scene.wanted.split("-")[1]))) == 2
    await page.close()


async def erase(page: Page, scene: Scene) -> None:
    await page.get_by_role("button", name="Erase…").click()
    await page.get_by_role("button", name=f"Erase chat {scene.chat}").click()
    await expect(page.locator("#receipt")).to_contain_text(f"erased of chat {scene.chat}: 6 predictions")
    await page.goto(f"{scene.site}/admin/predictions/?chat={scene.chat}")
    await expect(page.locator(".none")).to_be_visible()


async def the_export_can_be_loaded(page: Page, file: Path, name: str) -> None:
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export").click()
    await (await downloading.value).save_as(file)
    with zipfile.ZipFile(file) as archive:
        folder = file.with_suffix("")
        archive.extractall(folder)
    (annotations,) = folder.rglob("annotations.json")
    coco = COCO(annotations)
    (image,) = coco.loadImgs(coco.getImgIds())
    (box,) = coco.loadAnns(coco.getAnnIds())
    assert name in json.dumps(image)
    assert box["bbox"] == pytest.approx([160, 120, 320, 240])
    assert coco.loadCats([box["category_id"]])[0]["name"] == "dog"
    assert (folder / "images" / image["file_name"]).read_bytes()[:2] == b"\xff\xd8"
