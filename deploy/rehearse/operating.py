"""What operators do on the running site, over HTTP, with the site's role behind it. A flow is True where it worked."""

from __future__ import annotations

import io
import re
import zipfile

from deploy.rehearse.desk import OPERATOR, Desk, read
from deploy.rehearse.flows import ANSWER_SECONDS, BEAT_SECONDS, Flow, WorkerFlow, depth, message, send
from deploy.rehearse.processes import Running, wait_until
from deploy.rehearse.service import Service

SEEN_SECONDS = 10
DETECT = "detection.tasks.detect_objects"


def open_accounts(service: Service) -> None:
    """Django's own tables, and somebody who may do everything: before the site is started."""
    service.manage("migrate", "--verbosity", "0")
    service.manage("createsuperuser", "--noinput", "--username", OPERATOR, "--email", "ada@rehearsed.example")


def sees_the_dashboard(service: Service) -> bool:
    """What hours have counted, and queues and workers as they are."""
    desk = Desk(service.address)
    pages = [desk.get(f"/admin/{page}") for page in ("dashboard/", "dashboard/?range=week", "queues/")]
    return all(page.status == 200 and "photos-bulk" in page.text for page in pages)


def looks_at_predictions(service: Service) -> bool:
    """The list by time, by chat and of what is open, one prediction, and its chat."""
    name, desk = _photographed(service), Desk(service.address)
    chat = name.partition("-")[0]
    pages = ("predictions/", f"predictions/?chat={chat}", "predictions/?is_open=yes&view=table", f"predictions/{name}/")
    return all(name in desk.get(f"/admin/{page}").text for page in pages) and desk.get(f"/admin/chats/{chat}/").status == 200


def reads_by_token(service: Service) -> bool:
    """A script, with a token and no session."""
    name, token, api = _photographed(service), _token(service), f"{service.address}/api"
    listed, one = read(f"{api}/predictions", token), read(f"{api}/predictions/{name}", token)
    found = [one["prediction_id"] for one in listed["predictions"]] if listed else []
    return name in found and one is not None and one["prediction_id"] == name and bool(read(f"{api}/dashboard?range=hour", token))


def runs_again(service: Service) -> bool:
    """One that still waits is replaced by a further run, in one transaction; then both are deleted."""
    name, desk = _photographed(service), Desk(service.address)
    desk.post("/admin/predictions/act/", action="run-again", ids=name, confirmed="yes")
    if f"{name}-1" not in desk.get(f"/admin/predictions/{name}-1/").text:
        return False
    desk.post("/admin/predictions/act/", action="delete", ids=name, confirmed="yes")
    return {desk.get(f"/admin/predictions/{one}/").status for one in (name, f"{name}-1")} == {404}


def blocks_a_chat(service: Service) -> bool:
    chat, desk = service.telegram.new_chat(), Desk(service.address)
    pages = [desk.post(f"/admin/chats/{chat}/", action=action, confirmed="yes") for action in ("block", "unblock")]
    return all(f"Chat {chat} is {action}ed" in page.text for page, action in zip(pages, ("block", "unblock"), strict=True))


def erases_a_chat(service: Service) -> bool:
    name = _photographed(service)
    chat = name.partition("-")[0]
    page = Desk(service.address).post(f"/admin/chats/{chat}/", action="erase", confirmed="yes")
    return f"erased of chat {chat}: 1 prediction" in page.text


def deals_with_dead_letters(service: Service) -> bool:
    """Two photos' letters are listed, one is looked at and redriven, the other one dropped."""
    names, desk = [_photographed(service) for _ in range(2)], Desk(service.address)
    before = depth(service, "photos-dead")
    for name in names:
        send(service, "administrator", "photos-dead", message(DETECT, name))
    letters = {name: _letter(desk, name) for name in names}
    if not all(letters.values()) or DETECT not in desk.get(f"/admin/letters/{letters[names[0]]}/").text:
        return False
    for action, name in zip(("redrive", "drop"), names, strict=True):
        desk.post("/admin/letters/act/", action=action, letters=str(letters[name]), confirmed="yes")
    redriven = desk.get(f"/admin/predictions/{names[0]}-1/").status == 200
    return redriven and desk.get(f"/admin/predictions/{names[1]}-1/").status == 404 and depth(service, "photos-dead") == before


def pauses_a_queue(service: Service) -> bool:
    desk = Desk(service.address)
    pages = [desk.post("/admin/queues/act/", action=action, queue="photos-bulk", confirmed="yes") for action in ("pause", "resume")]
    return all(f"The queue photos-bulk is {action}d" in page.text for page, action in zip(pages, ("pause", "resume"), strict=True))


OPERATING: tuple[Flow, ...] = (
    sees_the_dashboard,
    looks_at_predictions,
    reads_by_token,
    runs_again,
    blocks_a_chat,
    erases_a_chat,
    deals_with_dead_letters,
    pauses_a_queue,
)


def judges_and_exports(service: Service, _: Running) -> bool:
    """What a worker has found is marked right, sent to the chat once more, and exported with its photo."""
    name, desk = _photographed(service), Desk(service.address)
    chat = int(name.partition("-")[0])
    if not wait_until(lambda: service.telegram.answers(chat), seconds=ANSWER_SECONDS):
        return False
    asked = desk.post("/admin/predictions/act/", action="resend", ids=name).text
    seen = re.search(r'name="seen" value="([^"]+)"', asked)
    desk.post("/admin/predictions/act/", action="resend", ids=name, seen=seen[1] if seen else "", confirmed="yes")
    desk.post("/admin/predictions/act/", action="right", ids=name, confirmed="yes")
    sent = desk.post(f"/admin/export/?chat={chat}&verdict=right", format="coco").body
    photos = [one for one in zipfile.ZipFile(io.BytesIO(sent)).namelist() if one.endswith(".jpg")]
    return len(photos) == 1 and wait_until(lambda: len(service.telegram.answers(chat)) == 2, seconds=ANSWER_SECONDS)


def says_that_a_photo_is_gone(service: Service, worker: Running) -> bool:
    """It is run again when nobody has it any more: its chat is told, and no worker tries for ever."""
    name, desk = _photographed(service), Desk(service.address)
    chat = int(name.partition("-")[0])
    if not wait_until(lambda: service.telegram.answers(chat), seconds=ANSWER_SECONDS):
        return False
    s3 = service.account.client("s3")
    for one in s3.list_object_versions(Bucket=service.bucket, Prefix=f"{chat}/")["Versions"]:
        s3.delete_object(Bucket=service.bucket, Key=one["Key"], VersionId=one["VersionId"])
    desk.post("/admin/predictions/act/", action="run-again", ids=name, confirmed="yes")
    return wait_until(lambda: len(service.telegram.answers(chat)) == 2 and f"{name}-1 refused" in worker.output(), seconds=ANSWER_SECONDS)


def heeds_a_pause(service: Service, _: Running) -> bool:
    """A worker says that it has heard which queue is paused."""
    desk = Desk(service.address)
    desk.post("/admin/queues/act/", action="pause", queue="photos-bulk", confirmed="yes")
    try:
        return wait_until(lambda: _heard(service), seconds=2 * BEAT_SECONDS)
    finally:
        desk.post("/admin/queues/act/", action="resume", queue="photos-bulk", confirmed="yes")


WITH_A_WORKER: tuple[WorkerFlow, ...] = (judges_and_exports, says_that_a_photo_is_gone, heeds_a_pause)


def _photographed(service: Service) -> str:
    """The id of a prediction that was made just now."""
    chat = service.telegram.new_chat()
    sent = service.telegram.send_photo(chat)
    service.telegram.deliver(chat, service.webhook)
    return f"{chat}-{sent}"


def _token(service: Service) -> str:
    return service.manage("drf_create_token", OPERATOR).split()[2]


def _letter(desk: Desk, name: str) -> str:
    """The letter about this prediction, as the page of letters names it: queue, slash, message's id. Looks hide letters for a moment."""
    found: list[str] = []

    def look() -> bool:
        for row in desk.get("/admin/letters/").text.split("<tr")[1:]:
            named = re.search(r'name="letters" value="([^"]+)"', row)
            if named and re.search(rf"\b{name}\b", row):
                found.append(named[1])
        return bool(found)

    wait_until(look, seconds=SEEN_SECONDS)
    return found[0] if found else ""


def _heard(service: Service) -> bool:
    items = service.account.client("dynamodb").scan(TableName=f"{service.name}-workers")["Items"]
    return any({"S": "photos-bulk"} in item.get("paused", {}).get("L", []) for item in items)
