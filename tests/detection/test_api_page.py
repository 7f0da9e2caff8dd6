"""The API's page in a real browser: whole under a strict Content-Security-Policy, with nothing from another host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Response, expect

from tests import processes
from tests.browser import chromium, screenshot
from tests.clouds import Cloud
from tests.emulators import free_port


@pytest.fixture
def site(cloud: Cloud, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    with processes.site(cloud.environment | {"DATABASE_PATH": str(tmp_path / "site.sqlite3")}, port=port, log=tmp_path / "site.log"):
        yield f"http://127.0.0.1:{port}"


async def test_it_shows_every_address_and_breaks_no_strict_policy(site: str) -> None:
    asked: list[Response] = []
    complaints: list[str] = []

    async with chromium() as browser:
        page = await browser.new_page()
        page.on("response", lambda answer: asked.append(answer))  # noqa: PLW0108 - Playwright writes on what it calls
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = await page.goto(f"{site}/api/")
        await expect(page.locator(".opblock-summary-path")).to_contain_text(
            ["/api/dashboard", "/api/predictions", "/api/predictions/{prediction_id}"]
        )
        await page.locator(".opblock-summary-control").nth(1).click()
        await expect(page.get_by_text("Still waited for: not replied to, and not undeliverable.")).to_be_visible()
        await screenshot(page, "api")
    assert answer
    policy = answer.headers["content-security-policy"].split(";")  # in any order
    assert "script-src 'self'" in [directive.strip() for directive in policy]
    assert complaints == []
    hosts = {urlsplit(answer.url).netloc for answer in asked if not answer.url.startswith("data:")}
    assert hosts == {urlsplit(site).netloc}
    assert [answer.url for answer in asked if answer.status >= 400] == []
