"""The chat page in a real browser, at a desk and on a phone, with a bot that is only a webhook."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.telegram.settings import DEFAULT_TOKEN
from tests.sandbox.telegram.rig import ROOT, Json, StandIn, Webhook, picture, running

SAMPLES = ROOT / "sandbox" / "samples"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the PATH: `make chromium` installs it")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        opened.close()


class FakeBot:
    """Acts and answers as the service does: a chat action at once, the photo back after a moment."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.pause = 0.0

    def __call__(self, update: Json) -> tuple[int, dict[str, str], bytes]:
        if "callback_query" in update:
            return self._by_return("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="Thank you")
        if "message" not in update:
            return 200, {}, b""
        message = update["message"]
        chat = message["chat"]["id"]
        if "photo" not in message:
            buttons = {"inline_keyboard": [[{"text": "Right", "callback_data": "right"}]]}
            return self._by_return("sendMessage", chat_id=chat, text="Send me a <b>photo</b>", parse_mode="HTML", reply_markup=buttons)
        self._answer(chat, message["message_id"])
        return 200, {}, b""

    def _answer(self, chat: int, message_id: int) -> None:
        with httpx.Client(base_url=f"{self.stand_in.url}/bot{DEFAULT_TOKEN}/", trust_env=False) as api:
            api.post("sendChatAction", json={"chat_id": chat, "action": "upload_photo"})
            time.sleep(self.pause)
            values = {"chat_id": str(chat), "caption": "1 object: 1 cat (91 %)", "reply_parameters": json.dumps({"message_id": message_id})}
            api.post("sendPhoto", data=values, files={"photo": picture(640, 480)})

    def _by_return(self, method: str, **values: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps({"method": method, **values}).encode()


@pytest.fixture
def fake_bot(stand_in: StandIn, webhook: Webhook) -> FakeBot:
    """A bot that answers."""
    bot = FakeBot(stand_in)
    webhook.answer = bot
    stand_in.listen_with(webhook.url)
    return bot


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(browser: Browser, stand_in: StandIn, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page on a first visit; it must ask nothing of other hosts, and complain of nothing."""
    context = browser.new_context(viewport=request.param)
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda asking: asked.append(asking.url))
    opened.goto(stand_in.url)
    expect(opened.get_by_test_id("welcome")).to_be_visible()
    yield opened
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((stand_in.url, "blob:", "data:"))] == []


def of_bot(page: Page) -> Any:
    """The bot's messages."""
    return page.locator("[data-testid=message][data-from=bot]")


def of_person(page: Page) -> Any:
    """The person's messages."""
    return page.locator("[data-testid=message][data-from=person]")


def test_first_visit_invites(page: Page) -> None:
    expect(page.get_by_role("heading", name="Send a photo…")).to_be_visible()
    expect(page.get_by_text("stand-in").locator("visible=true").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in page.locator("button:visible, a:visible, input:visible, textarea:visible").all():
        assert control.evaluate("element => element.ariaLabel || element.textContent.trim() || element.labels?.length"), (
            control.inner_html()
        )


def test_sample_is_one_click_and_comes_back(page: Page, fake_bot: FakeBot, stand_in: StandIn) -> None:
    fake_bot.pause = 0.5
    page.locator("[data-sample=chelsea]:visible").first.click()
    expect(page.get_by_test_id("indicator")).to_have_text("Polybot is looking at your photo…")
    expect(of_bot(page).locator("img").last).to_be_visible()
    expect(page.get_by_test_id("indicator")).to_be_hidden()
    expect(of_bot(page)).to_contain_text("1 object: 1 cat (91 %)")
    expect(of_bot(page).get_by_test_id("quote")).to_contain_text("You")
    expect(of_person(page).get_by_label("Taken by the bot")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    [sent, _] = stand_in.messages(stand_in.control("GET", "/chats")["chats"][0]["id"])
    assert sent["files"][0]["width"] == 451


def test_photo_opens_large_and_closes_by_key(page: Page, fake_bot: FakeBot) -> None:
    page.locator("[data-sample=coffee]:visible").first.click()
    of_bot(page).get_by_test_id("photo").click()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    expect(page.locator("#viewer-caption")).to_have_text("1 object: 1 cat (91 %)")
    answered = page.locator("#viewer-photo").get_attribute("src")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#viewer-photo")).not_to_have_attribute("src", answered or "")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_be_hidden()


def test_photo_by_button_with_a_caption(page: Page, stand_in: StandIn) -> None:
    page.get_by_test_id("attach-file").set_input_files(SAMPLES / "rocket.jpg")
    page.get_by_test_id("caption").fill("what is this?")
    page.keyboard.press("Enter")
    expect(of_person(page)).to_contain_text("what is this?")
    [message] = stand_in.messages(stand_in.control("GET", "/chats")["chats"][0]["id"])
    assert ("photo" in message, message["caption"]) == (True, "what is this?")


def test_photo_as_a_file_stays_as_it_is(page: Page, stand_in: StandIn) -> None:
    page.get_by_test_id("attach-file").set_input_files(SAMPLES / "rocket.jpg")
    page.get_by_test_id("as-file").check()
    page.get_by_test_id("confirm-send").click()
    expect(of_person(page).get_by_test_id("file")).to_contain_text("rocket.jpg")
    [message] = stand_in.messages(stand_in.control("GET", "/chats")["chats"][0]["id"])
    assert message["document"]["file_size"] == (SAMPLES / "rocket.jpg").stat().st_size


def test_several_photos_are_an_album_and_other_files_go_as_files(page: Page, stand_in: StandIn, tmp_path: Path) -> None:
    page.get_by_test_id("attach-file").set_input_files([SAMPLES / "rocket.jpg", SAMPLES / "coffee.jpg"])
    page.get_by_test_id("confirm-send").click()
    expect(of_person(page).get_by_test_id("photo")).to_have_count(2)
    (tmp_path / "notes.txt").write_text("no photo")
    page.get_by_test_id("attach-file").set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_test_id("as-file")).to_be_hidden()
    page.get_by_test_id("confirm-send").click()
    expect(of_person(page).get_by_test_id("file")).to_contain_text("notes.txt")
    messages = stand_in.messages(stand_in.control("GET", "/chats")["chats"][0]["id"])
    assert [message.get("media_group_id") is not None for message in messages] == [True, True, False]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_photo_is_dropped_or_pasted(page: Page, way: str) -> None:
    give = """async ([way, url]) => {
        const data = new DataTransfer();
        data.items.add(new File([await (await fetch(url)).blob()], "given.jpg", {type: "image/jpeg"}));
        const at = document.getElementById("scroll");
        if (way === "paste") return at.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        at.dispatchEvent(new DragEvent("dragover", {dataTransfer: data, bubbles: true, cancelable: true}));
        at.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(give, [way, "/samples/coffee.jpg"])
    expect(page.get_by_test_id("outgoing").locator("img")).to_be_visible()
    page.get_by_test_id("confirm-send").click()
    expect(of_person(page).get_by_test_id("photo")).to_be_visible()


def test_text_and_buttons(page: Page, fake_bot: FakeBot) -> None:
    page.get_by_test_id("text").fill("<b>hello</b> /start")
    page.keyboard.press("Enter")
    expect(of_person(page).first).to_contain_text("<b>hello</b> /start")
    expect(of_bot(page).first.locator("strong")).to_have_text("photo")
    of_bot(page).first.get_by_test_id("button").click()
    expect(page.get_by_test_id("toast")).to_have_text("Thank you")
    of_person(page).first.get_by_role("button", name="/start").click()
    expect(of_person(page)).to_have_count(2)
    expect(page.get_by_test_id("text")).to_have_value("")


def test_several_chats(page: Page, stand_in: StandIn) -> None:
    phone = page.viewport_size == PHONE
    if phone:
        page.get_by_test_id("back").click()
    page.get_by_test_id("new-chat").click()
    page.get_by_test_id("chat-name").fill("Grace")
    page.get_by_test_id("create-chat").click()
    expect(page.locator("#subtitle")).to_have_text("bot · you are Grace")
    page.get_by_test_id("text").fill("I am Grace")
    page.keyboard.press("Enter")
    expect(of_person(page)).to_have_count(1)
    if phone:
        page.get_by_test_id("back").click()
    expect(page.get_by_test_id("chat")).to_have_count(2)
    first = stand_in.control("GET", "/chats")["chats"][0]["id"]
    stand_in.call("sendMessage", chat_id=first, text="news for another")
    expect(page.get_by_label("New message")).to_be_visible()
    page.locator(f"[data-chat-id='{first}']").click()
    expect(of_bot(page)).to_contain_text("news for another")
    expect(page.get_by_label("New message")).to_have_count(0)


def test_block_and_unblock(page: Page, stand_in: StandIn) -> None:
    page.get_by_test_id("more").click()
    page.get_by_role("menuitem", name="Block Polybot").click()
    expect(page.get_by_test_id("composer")).to_be_hidden()
    chat = stand_in.control("GET", "/chats")["chats"][0]["id"]
    assert stand_in.call("sendMessage", chat_id=chat, text="x")["error_code"] == 403
    page.get_by_test_id("unblock").click()
    expect(page.get_by_test_id("composer")).to_be_visible()


def test_nothing_sent_as_text_becomes_markup(page: Page, stand_in: StandIn) -> None:
    chat = stand_in.control("GET", "/chats")["chats"][0]["id"]
    evil = "<img src=x onerror=alert(1)>"
    stand_in.upload(chat, "document", b"x", name=f"{evil}.txt", caption=evil)
    stand_in.chat(name=evil)
    stand_in.call(
        "sendMessage", chat_id=chat, text=evil, entities=[{"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(1)"}]
    )
    expect(of_bot(page)).to_contain_text(evil)
    assert page.locator("img[src=x], [onerror], a[href^=javascript]").count() == 0


def test_page_comes_back_after_the_stand_in_did(browser: Browser, tmp_path: Path) -> None:
    with running(tmp_path / "state") as own:
        context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(own.url)
        page.get_by_test_id("text").fill("before")
        page.keyboard.press("Enter")
        expect(of_person(page)).to_have_count(1)
        own.end(kill=True)
        expect(page.locator("#subtitle")).to_have_text("connecting…")
        own.start()
        own.call("sendMessage", chat_id=own.control("GET", "/chats")["chats"][0]["id"], text="after")
        expect(of_bot(page)).to_contain_text("after", timeout=15_000)
        expect(page.locator("#subtitle")).to_have_text(re.compile("you are"))
        context.close()


READ = {
    ".bot .words": ".bot .bubble",
    ".bot .meta": ".bot .bubble",
    ".person .words": ".person .bubble",
    ".person .meta": ".person .bubble",
    "#subtitle": ".conversation > .bar",
    ".stand-in span": ".sidebar",
    ".chat .what": ".chat[aria-current=true]",
}
COLOURS = """([text, ground]) => [
    getComputedStyle(document.querySelector(text)).color, getComputedStyle(document.querySelector(ground)).backgroundColor
]"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_dark(browser: Browser, stand_in: StandIn, scheme: Any) -> None:
    """Contrast of text on its ground, by WCAG's formula: 4.5 at least."""
    chat = stand_in.chat()
    stand_in.text(chat, "hello")
    stand_in.call("sendMessage", chat_id=chat, text="hello")
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(stand_in.url)
    expect(of_bot(page)).to_have_count(1)
    ratios = {text: contrast(*page.evaluate(COLOURS, [text, ground])) for text, ground in READ.items()}
    context.close()
    assert min(ratios.values()) >= 4.5, ratios


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two CSS colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an rgb() colour."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
