"""What a newcomer does first: `make run`'s command, the chat page in a real browser, a photo, and its answer."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Error, Locator, Page, expect

from sandbox.ports import HOST, free_ports
from tests.browser import DESKTOP, PHONE, chromium, open_page, screenshot
from tests.samples import YOLOV5
from tests.sandbox.test_up import up as sandbox_up

pytestmark = pytest.mark.timeout(240)


def told(model: Path, folder: Path) -> dict[str, str]:
    """A newcomer's environment, but for the model."""
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DETECTION_MODEL": str(model), "TMPDIR": str(folder)}


async def test_with_the_demo_model_the_page_offers_what_it_knows(demo_bundle: Path, tmp_path: Path) -> None:
    ports = free_ports()
    with sandbox_up(ports, tmp_path / "state", told(demo_bundle, tmp_path / "tmp")) as running:
        assert "Model   demo model: knows 22 emoji; for photos of the world set DETECTION_MODEL to" in running.output()
        async with chromium() as browser:
            page = await open_page(browser, f"http://{HOST}:{ports.chat}/", size=DESKTOP)
            await _new_chat(page, "demo")
            samples = page.locator("[data-testid=sample]:visible")
            await expect(samples).to_have_count(4)
            names = {await sample.get_attribute("data-sample") for sample in await samples.all()}
            assert names == {"breakfast", "party", "street", "zoo"}
            await page.locator("[data-sample=zoo]:visible").first.click()
            answer = page.locator("[data-testid=message][data-from=bot]")
            await expect(answer).to_contain_text("4 objects: ", timeout=30_000)
            await expect(answer).to_contain_text("The demo model said this")
            await _is_annotated(page, answer, least=0.002)  # four boxes on a large, even ground
            await page.get_by_test_id("text").fill("/help")
            await page.get_by_test_id("text").press("Enter")
            await expect(page.locator("[data-testid=message][data-from=bot]").last).to_contain_text("a demo model looks at the photos")
            await screenshot(page, "chat-demo-model")


async def test_a_photo_sent_in_the_browser_comes_back_annotated(coco_bundle: Path, tmp_path: Path) -> None:
    ports = free_ports()
    with sandbox_up(ports, tmp_path / "state", told(coco_bundle, tmp_path / "tmp")):
        async with chromium() as browser:
            for name, size, dark in (("desktop", DESKTOP, False), ("phone", PHONE, True)):
                page = await open_page(browser, f"http://{HOST}:{ports.chat}/", size=size, dark=dark)
                errors: list[str] = []
                page.on("pageerror", _keep(errors))
                await _new_chat(page, name)
                await screenshot(page, f"chat-{name}-empty")
                await _send(page, YOLOV5 / "bus.jpg")
                await expect(page.get_by_test_id("indicator")).to_be_visible()
                answer = page.locator("[data-testid=message][data-from=bot]")
                await expect(answer).to_contain_text("5 objects: 4 people (87 %, 80 %, 79 %, 49 %), 1 bus (51 %)", timeout=30_000)
                await expect(answer.get_by_test_id("quote")).to_be_visible()
                await expect(page.get_by_test_id("indicator")).to_be_hidden()
                await _is_annotated(page, answer)
                await screenshot(page, f"chat-{name}")
                await answer.get_by_test_id("photo").click()
                await expect(page.get_by_test_id("viewer")).to_be_visible()
                await screenshot(page, f"chat-{name}-photo")
                assert errors == []


def _keep(errors: list[str]) -> Callable[[Error], None]:
    return lambda error: errors.append(str(error))


async def _new_chat(page: Page, name: str) -> None:
    await expect(page.get_by_test_id("composer")).to_be_visible()  # the page opens the last chat by itself
    if await page.get_by_test_id("back").is_visible():  # on a phone, instead of the list
        await page.get_by_test_id("back").click()
    await page.get_by_test_id("new-chat").click()
    await page.get_by_test_id("chat-name").fill(name.title())
    await page.get_by_test_id("create-chat").click()
    # the composer is there before, and would send to the chat that was open
    await expect(page.get_by_role("main")).to_contain_text(f"you are {name.title()}")


async def _send(page: Page, photo: Path) -> None:
    await page.get_by_test_id("attach-file").set_input_files(photo)
    await page.get_by_test_id("confirm-send").click()
    await expect(page.locator("[data-testid=message][data-from=person]")).to_be_visible()


async def _is_annotated(page: Page, answer: Locator, *, least: float = 0.01) -> None:
    """The picture in the answer is the one that was sent, but for the boxes."""
    pictures = []
    for message in (page.locator("[data-testid=message][data-from=person]"), answer):
        source = await message.locator("img").first.get_attribute("src")
        data = await (await page.request.get(f"{page.url.split('/#')[0].rstrip('/')}{source}")).body()
        pictures.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((405, 540)), dtype=int))
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2) > 80
    assert least < changed.mean() < 0.3, f"{changed.mean():.1%} of the picture differs"
