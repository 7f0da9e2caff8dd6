"""What the bot says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway import replies
from botgateway.updates import CommandName
from detection.clock import now
from detection.prediction import Box, Detection, Failure, Prediction, Status

BOX = Box(0.1, 0.1, 0.2, 0.2)
PREDICTION = Prediction(
    prediction_id="42-7", chat_id=42, message_id=7, photo_key="42/42-7/photo", received_at=now(), created_at=now(), status=Status.DONE
)

# Every label of COCO, as one and as two of it are called.
COCO = """
person: person, people; bicycle: bicycle, bicycles; car: car, cars; motorcycle: motorcycle, motorcycles;
airplane: airplane, airplanes; bus: bus, buses; train: train, trains; truck: truck, trucks; boat: boat, boats;
traffic light: traffic light, traffic lights; fire hydrant: fire hydrant, fire hydrants; stop sign: stop sign, stop signs;
parking meter: parking meter, parking meters; bench: bench, benches; bird: bird, birds; cat: cat, cats; dog: dog, dogs;
horse: horse, horses; sheep: sheep, sheep; cow: cow, cows; elephant: elephant, elephants; bear: bear, bears;
zebra: zebra, zebras; giraffe: giraffe, giraffes; backpack: backpack, backpacks; umbrella: umbrella, umbrellas;
handbag: handbag, handbags; tie: tie, ties; suitcase: suitcase, suitcases; frisbee: frisbee, frisbees; skis: ski, skis;
snowboard: snowboard, snowboards; sports ball: sports ball, sports balls; kite: kite, kites;
baseball bat: baseball bat, baseball bats; baseball glove: baseball glove, baseball gloves;
skateboard: skateboard, skateboards; surfboard: surfboard, surfboards; tennis racket: tennis racket, tennis rackets;
bottle: bottle, bottles; wine glass: wine glass, wine glasses; cup: cup, cups; fork: fork, forks; knife: knife, knives;
spoon: spoon, spoons; bowl: bowl, bowls; banana: banana, bananas; apple: apple, apples; sandwich: sandwich, sandwiches;
orange: orange, oranges; broccoli: broccoli, broccoli; carrot: carrot, carrots; hot dog: hot dog, hot dogs;
pizza: pizza, pizzas; donut: donut, donuts; cake: cake, cakes; chair: chair, chairs; couch: couch, couches;
potted plant: potted plant, potted plants; bed: bed, beds; dining table: dining table, dining tables;
toilet: toilet, toilets; tv: TV, TVs; laptop: laptop, laptops; mouse: mouse, mice; remote: remote, remotes;
keyboard: keyboard, keyboards; cell phone: cell phone, cell phones; microwave: microwave, microwaves; oven: oven, ovens;
toaster: toaster, toasters; sink: sink, sinks; refrigerator: refrigerator, refrigerators; book: book, books;
clock: clock, clocks; vase: vase, vases; scissors: pair of scissors, pairs of scissors; teddy bear: teddy bear, teddy bears;
hair drier: hair drier, hair driers; toothbrush: toothbrush, toothbrushes
"""
LABELS = [(label.strip(), *(word.strip() for word in words.split(","))) for label, words in (entry.split(":") for entry in COCO.split(";"))]


def found(*labels_and_confidences: tuple[str, float]) -> list[Detection]:
    return [Detection(label, confidence, BOX) for label, confidence in labels_and_confidences]


def test_all_labels_of_coco_are_here() -> None:
    assert len({label for label, _, _ in LABELS}) == 80


@pytest.mark.parametrize(("label", "one", "two"), LABELS)
def test_labels_of_coco(label: str, one: str, two: str) -> None:
    assert replies.caption(found((label, 0.5))) == f"1 object: 1 {one} (50 %)"
    assert replies.caption(found((label, 0.5), (label, 0.4))) == f"2 objects: 2 {two} (50 %, 40 %)"


@pytest.mark.parametrize(
    ("label", "two"), [("woman", "women"), ("fox", "foxes"), ("berry", "berries"), ("toy", "toys"), ("leaf", "leaves")]
)
def test_labels_of_other_models(label: str, two: str) -> None:
    assert replies.caption(found((label, 0.5), (label, 0.5))).startswith(f"2 objects: 2 {two} (")


def test_a_caption_counts_and_says_how_sure() -> None:
    detections = found(("car", 0.774), ("person", 0.838), ("person", 0.911))
    assert replies.caption(detections) == "3 objects: 2 people (91 %, 84 %), 1 car (77 %)"


def test_the_most_frequent_comes_first_and_of_equals_the_surest() -> None:
    detections = found(("tie", 0.3), ("cat", 0.4), ("dog", 0.9), ("cat", 0.35))
    assert replies.caption(detections) == "4 objects: 2 cats (40 %, 35 %), 1 dog (90 %), 1 tie (30 %)"


def test_a_crowd_shows_a_few_confidences() -> None:
    crowd = found(*(("person", 0.9) for _ in range(300)))
    assert replies.caption(crowd) == "300 objects: 300 people (" + "90 %, " * 8 + "…)"


def test_nothing_found() -> None:
    assert replies.caption([]) == "I see nothing I know in this photo."


def test_many_labels_are_cut_with_what_is_left() -> None:
    text = replies.caption(found(*((f"label number {number:02}", 0.5) for number in range(80))))
    shown = text.count("1 label")
    assert 20 < shown < 80
    assert text.startswith("80 objects: 1 label number 00 (50 %), ")
    assert text.endswith(f"(50 %) and {80 - shown} more")


@given(st.lists(st.tuples(st.text(), st.floats(0, 1)), max_size=120))
def test_a_caption_always_fits(labels: list[tuple[str, float]]) -> None:
    assert len(replies.caption(found(*labels)).encode("utf-16-le", "surrogatepass")) <= 2 * 1024


@given(st.lists(st.tuples(st.text("🦊 x", min_size=30, max_size=99), st.floats(0, 1)), min_size=20, max_size=120))
def test_a_caption_fits_in_telegrams_own_units(labels: list[tuple[str, float]]) -> None:
    assert len(replies.caption(found(*labels)).encode("utf-16-le")) <= 2 * 1024


@pytest.mark.parametrize("failure", Failure)
def test_each_failure_has_a_sentence_of_its_own(failure: Failure) -> None:
    said = {other: replies.answer(replace(PREDICTION, status=Status.FAILED, failure=other)) for other in Failure}
    assert list(said.values()).count(said[failure]) == 1
    assert said[failure].endswith(".")
    assert len(said[failure]) < 200


def test_a_done_prediction_is_answered_with_its_caption() -> None:
    assert replies.answer(replace(PREDICTION, detections=tuple(found(("cat", 0.91))))) == "1 object: 1 cat (91 %)"


def test_an_answer_of_the_demo_model_says_so() -> None:
    made = replace(PREDICTION, detections=tuple(found(("cat", 0.91))), model="demo-emoji-0123456789ab")
    assert replies.answer(made) == f"1 object: 1 cat (91 %)\n\n{replies.DEMO_NOTE}"
    assert "22 emoji" in replies.DEMO_NOTE
    assert replies.answer(replace(made, model="yolov5n-4f180cf23ba0")) == "1 object: 1 cat (91 %)"


def test_and_still_fits_in_a_caption() -> None:
    labels = found(*((f"label number {number:02}", 0.5) for number in range(80)))
    text = replies.answer(replace(PREDICTION, detections=tuple(labels), model="demo-emoji-0123456789ab"))
    assert text.endswith(replies.DEMO_NOTE)
    assert 900 < len(text) <= 1024


def test_help_says_that_the_demo_model_answers() -> None:
    source = "https://example.org/source"
    assert "DETECTION_MODEL" in replies.command(CommandName.HELP, source_url=source, demo_model=True)
    assert "DETECTION_MODEL" not in replies.command(CommandName.HELP, source_url=source, demo_model=False)


def test_help_links_to_the_source() -> None:
    assert "https://example.org/source" in replies.command(CommandName.HELP, source_url="https://example.org/source")
    assert "photo" in replies.command(CommandName.START, source_url="https://example.org/source")
