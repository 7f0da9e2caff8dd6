"""The main job, step by step, looked at where it happens: in the chat, S3, SQS and DynamoDB."""

from __future__ import annotations

import json

import boto3
import cv2
import numpy as np
import pytest

from detection import aws, photos, predictions
from detection.celery import DETECT
from detection.prediction import Status
from tests import processes, queues
from tests.flow.photo import photo
from tests.service import Service, wait_for_answers


@pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)
def test_each_step_of_the_flow(up: Service) -> None:
    site = up.site()
    chat = up.chats.new()

    # 1 the photo to the bot
    message = up.chats.send_photo(chat, photo())
    name = f"{chat}-{message}"
    processes.wait_for(lambda: up.chats.messages(chat)[0]["delivered"], seconds=20, what="the update's delivery")

    # 2 to S3: the bytes that Telegram has
    sent = up.chats.messages(chat)[0]["files"][0]
    key = f"{chat}/{name}/photo"
    assert aws.s3().get_object(Bucket=up.cloud.bucket, Key=key)["Body"].read() == up.chats.file(sent["url"])

    # 3 to SQS: one task, with the id and nothing else; and the table knows
    assert queues.depth("photos") == (1, 0, 0)
    ((task, arguments, group),) = [(one.name, one.arguments, one.group) for one in queues.peek("photos")]
    assert (task, arguments, group) == (DETECT, [name], str(chat))
    waiting = predictions.get(name)
    assert waiting is not None
    assert (waiting.status, waiting.queue, waiting.started_at) == (Status.QUEUED, "photos", None)
    assert up.chats.answers(chat) == []

    # 4 consumed, 5 detected
    worker = up.worker()
    (answer,) = wait_for_answers(up, chat)
    processes.wait_for(lambda: queues.depth("photos") == (0, 0, 0), seconds=10, what="an empty queue")
    assert queues.depth("answers") == (0, 0, 0)

    # 6 the annotated photo to S3
    done = predictions.get(name)
    assert done is not None
    assert done.annotated_key == f"{chat}/{name}/annotated-1.jpg"
    annotated = cv2.imdecode(np.frombuffer(photos.get(done.annotated_key), np.uint8), cv2.IMREAD_COLOR)
    original = cv2.imdecode(np.frombuffer(photos.get(key), np.uint8), cv2.IMREAD_COLOR)
    assert annotated is not None
    assert original is not None
    assert annotated.shape == original.shape
    assert np.abs(annotated.astype(int) - original).max() > 60, "nothing was drawn"

    # 7 the prediction to DynamoDB
    item = boto3.client("dynamodb").get_item(
        TableName=f"{up.cloud.environment['TABLE_PREFIX']}-predictions", Key={"prediction_id": {"S": name}}
    )
    stored = item["Item"]
    assert stored["status"] == {"S": "DONE"}
    assert stored["model"] == {"S": "one-cat"}
    assert [one["M"]["label"] for one in stored["detections"]["L"]] == [{"S": "cat"}]
    assert "open_shard" not in stored, json.dumps(stored, indent=1)
    processes.wait_for(lambda: f"{name} replied" in site.output(), seconds=5, what="the site's line")
    assert f"{name} announced" in worker.output()

    # 8 POST /results, and the reply
    assert answer["reply_to_message"]["message_id"] == message
    assert answer["caption"].startswith("1 object: 1 cat (81")
    assert answer["files"][0]["width"] == 640
    replied = predictions.get(name)
    assert replied is not None
    times = [
        replied.received_at, replied.stored_at, replied.created_at, replied.queued_at,
        replied.started_at, replied.detected_at, replied.saved_at, replied.finished_at, replied.replied_at,
    ]  # fmt: skip
    assert None not in times
    assert times == sorted(time for time in times if time)
    assert up.chats.calls("sendPhoto", chat) == 1
