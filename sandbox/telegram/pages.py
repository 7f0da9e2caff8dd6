"""The chat page and the sample pictures: files of this package, nothing from other hosts."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.telegram.settings import EMOJI, PHOTOGRAPHS
from sandbox.telegram.world import World

PAGE = Path(__file__).parent / "page"
SAMPLES = Path(__file__).parent.parent / "samples"
FOLDERS = {PHOTOGRAPHS: SAMPLES, EMOJI: SAMPLES / "emoji"}
# The page runs its own files only, even where a chat brings something else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)


async def index(_: Request) -> Response:
    """The chat page."""
    return FileResponse(
        PAGE / "index.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}
    )


async def samples(request: Request) -> Response:
    """The names of the sample pictures: those that suit the model."""
    world: World = request.app.state.world
    found = sorted(FOLDERS[world.settings.samples].glob("*.jpg"))
    return JSONResponse({"samples": [{"name": path.stem, "url": f"/samples/{path.relative_to(SAMPLES)}"} for path in found]})


def routes() -> list[BaseRoute]:
    """Everything a browser opens."""
    return [
        Route("/", index),
        Route("/samples/", samples),
        Mount("/samples", StaticFiles(directory=SAMPLES)),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
