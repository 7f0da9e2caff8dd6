"""Text with its entities: markup that a bot sends (HTML, MarkdownV2), and what Telegram finds by itself (commands, links).

Offsets and lengths count UTF-16 code units, as in the Bot API.
"""

import re
from html.parser import HTMLParser

from sandbox.telegram.errors import bad_request
from sandbox.telegram.store import Json

HTML_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
MARKDOWN_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "`": "code", "```": "pre"}
MUST_BE_ESCAPED = ">#+-=|{}.!"
FOUND_BY_TELEGRAM = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?")),
    ("url", re.compile(r"(?<!\w)https?://[^\s<>\"]+[^\s<>\".,;:!?)]")),
)


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def found(text: str) -> list[Json]:
    """The entities that Telegram finds in plain text."""
    spans = [(kind, match) for kind, pattern in FOUND_BY_TELEGRAM for match in pattern.finditer(text)]
    entities = [{"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())} for kind, match in spans]
    return sorted(entities, key=lambda entity: int(str(entity["offset"])))


def parse(text: str, mode: str) -> tuple[str, list[Json]]:
    """The text without its markup, and the entities. Raises ApiError 400 where the markup is wrong."""
    known = {"": _plain, "html": _html, "markdownv2": _markdown, "markdown": _markdown}
    if mode.lower() not in known:
        raise bad_request("unsupported parse_mode")
    return known[mode.lower()](text)


def _plain(text: str) -> tuple[str, list[Json]]:
    return text, []


def _html(text: str) -> tuple[str, list[Json]]:
    parser = _Html()
    parser.feed(text)
    parser.close()
    return parser.finished()


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Json] = []
        self.open: list[tuple[str, Json]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HTML_TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {len(self.text.encode())}')
        link = {"url": dict(attrs).get("href") or ""} if tag == "a" else {}
        self.open.append((tag, {"type": HTML_TAGS[tag], "offset": units(self.text), **link}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {len(self.text.encode())}")
        entity = self.open.pop()[1]
        self.entities.append({**entity, "length": units(self.text) - entity["offset"]})

    def handle_data(self, data: str) -> None:
        self.text += data

    def finished(self) -> tuple[str, list[Json]]:
        if self.open:
            raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{self.open[-1][0]}\"")
        return self.text, _ordered(self.entities)


def _markdown(text: str) -> tuple[str, list[Json]]:
    plain, entities, position = "", [], 0
    open_at: list[tuple[str, int]] = []
    for match in re.finditer(r"\\(.)|```|\|\||__|\[([^\]]+)\]\(([^)\s]+)\)|[*_~`>#+\-=|{}.!]", text, re.DOTALL):
        plain += text[position : match.start()]
        position = match.end()
        mark = match.group()
        if match.group(1):
            plain += match.group(1)
        elif match.group(2):
            entities.append({"type": "text_link", "offset": units(plain), "length": units(match.group(2)), "url": match.group(3)})
            plain += match.group(2)
        elif open_at and open_at[-1][0] == mark:
            start = open_at.pop()[1]
            entities.append({"type": MARKDOWN_MARKS[mark], "offset": start, "length": units(plain) - start})
        elif mark in MUST_BE_ESCAPED:
            raise bad_request(f"can't parse entities: Character '{mark}' is reserved and must be escaped with the preceding '\\'")
        else:
            open_at.append((mark, units(plain)))
    if open_at:
        raise bad_request(f"can't parse entities: Can't find end of {MARKDOWN_MARKS[open_at[-1][0]].capitalize()} entity")
    return plain + text[position:], _ordered(entities)


def _ordered(entities: list[Json]) -> list[Json]:
    return sorted((entity for entity in entities if entity["length"]), key=lambda entity: (entity["offset"], -entity["length"]))
