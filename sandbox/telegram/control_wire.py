"""The control side's wire: updates to send again, faults to order, calls to count, events to watch."""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.telegram import people, updates
from sandbox.telegram.control_requests import Handling, body_of
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.experiments import deliver_copies
from sandbox.telegram.world import World

FAULT_FIELDS = {"chat_id", "times", "code", "description", "retry_after", "migrate_to_chat_id", "delay", "drop"}


async def health(_world: World, _request: Request) -> Response:
    """The stand-in listens."""
    return JSONResponse({"status": "ok"})


async def list_updates(world: World, request: Request) -> Response:
    """All updates that are kept."""
    chat_id = request.query_params.get("chat_id")
    found = updates.every(world.store, int(chat_id) if chat_id else None)
    return JSONResponse({"updates": [update.as_control() for update in found]})


async def deliver_update(world: World, request: Request) -> Response:
    """One update again, now."""
    update = updates.find(world.store, int(request.path_params["update"]))
    if update is None:
        raise ApiError(404, f"no update {request.path_params['update']}")
    return JSONResponse({"answers": await deliver_copies(world.store, json.dumps(update.body), (await body_of(request)).values)})


async def deliver_body(world: World, request: Request) -> Response:
    """A body of the caller's, now."""
    order = (await body_of(request)).values
    body = order.get("body")
    raw = body["raw"] if isinstance(body, dict) and set(body) == {"raw"} else json.dumps(body)
    return JSONResponse({"answers": await deliver_copies(world.store, raw, order)})


async def order_fault(world: World, request: Request) -> Response:
    """A fault to order."""
    order = (await body_of(request)).values
    method = order.pop("method", None)
    if not isinstance(method, str) or set(order) - FAULT_FIELDS:
        raise bad_request(f"a fault has a method, and any of {', '.join(sorted(FAULT_FIELDS))}; got {sorted(order)}")
    if order.get("drop") not in {None, "before", "after"}:
        raise bad_request("drop is before or after")
    return JSONResponse({"id": world.faults.order(method, **order).fault_id}, status_code=201)


async def list_faults(world: World, _request: Request) -> Response:
    """The faults that stand."""
    return JSONResponse({"faults": [fault.as_control() for fault in world.faults.every()]})


async def clear_faults(world: World, request: Request) -> Response:
    """No more of one fault, or of any."""
    fault_id = request.path_params.get("fault")
    world.faults.clear(int(fault_id) if fault_id else None)
    return Response(status_code=204)


async def list_calls(world: World, request: Request) -> Response:
    """Every call of the Bot API since the start."""
    method, chat_id = request.query_params.get("method", "").lower(), request.query_params.get("chat_id")
    found = [call for call in world.calls if method in {"", call.method.lower()} and chat_id in {None, str(call.chat_id)}]
    return JSONResponse({"calls": [call.as_control() for call in found]})


async def forget_calls(world: World, _request: Request) -> Response:
    """Count from here."""
    world.calls.clear()
    return Response(status_code=204)


async def reset(world: World, request: Request) -> Response:
    """Begin anew."""
    await people.reset(world, webhook=(await body_of(request)).flag("webhook"))
    return Response(status_code=204)


async def events(world: World, _request: Request) -> Response:
    """What happens from now on."""
    return StreamingResponse(world.feed.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


HANDLERS: tuple[Handling, ...] = (
    ("GET", "/health", health),
    ("GET", "/updates", list_updates),
    ("POST", "/updates/{update:int}/deliver", deliver_update),
    ("POST", "/deliver", deliver_body),
    ("POST", "/faults", order_fault),
    ("GET", "/faults", list_faults),
    ("DELETE", "/faults", clear_faults),
    ("DELETE", "/faults/{fault:int}", clear_faults),
    ("GET", "/calls", list_calls),
    ("DELETE", "/calls", forget_calls),
    ("POST", "/reset", reset),
    ("GET", "/events", events),
)
