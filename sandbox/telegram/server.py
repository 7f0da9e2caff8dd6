"""The HTTP server: Bot API, control side and chat page on one port of 127.0.0.1."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.telegram import control, methods, pages
from sandbox.telegram.connections import CuttableProtocol
from sandbox.telegram.settings import Settings
from sandbox.telegram.world import World, open_world

HOST = "127.0.0.1"


def application(world: World) -> Starlette:
    """The ASGI application over a world."""
    bot_api = [
        Route("/bot{token}/{method}", methods.call, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", methods.download),
    ]
    app = Starlette(routes=[*bot_api, *control.routes(), *pages.routes()], lifespan=partial(_lifespan, world))
    app.state.world = world
    return app


@asynccontextmanager
async def _lifespan(world: World, _: Starlette) -> AsyncIterator[None]:
    world.courier.on_call = partial(methods.perform_answer, world)
    await world.courier.start()
    yield
    await world.courier.stop()
    world.store.close()


def listen(port: int) -> socket.socket:
    """Take a port of 127.0.0.1, 0 for a free one; OSError where it is taken."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
    except OSError:
        taken.close()
        raise
    return taken


def serve(settings: Settings, listening: socket.socket) -> None:
    """Run until SIGTERM or Ctrl-C."""
    asyncio.run(_serve(settings, listening))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    world = open_world(settings)
    # Access logs would hold the token: Telegram has it in the path.
    config = uvicorn.Config(application(world), http=CuttableProtocol, access_log=False, log_config=None, timeout_graceful_shutdown=3)
    await _Server(config, world).serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends its event streams and long polls when it is told to stop, or it would wait for them."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # uvicorn calls it
        # Not uvicorn's own: that raises the signal again at the end, and this is the ordinary way to stop, with exit status 0.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._world.feed.close()
        self._world.courier.wake()
