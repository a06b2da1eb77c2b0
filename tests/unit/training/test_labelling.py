"""What an annotation tells, as stretches of the text."""

from __future__ import annotations

import json
from typing import Any

from privacydesk.domain.intents import Intent
from privacydesk.nlu.labels import SLOTS, Role
from privacydesk.training.corpus import parse_line
from privacydesk.training.labelling import Labelled, Stretch, labelled


def _labelled(text: str, requests: list[dict[str, Any]], **gold: Any) -> Labelled:
    line = {
        "text": text,
        "intent": requests[0]["intent"],
        "slice": "plain",
        "gold": {"requests": requests, "questions": [], "safety": [], **gold},
    }
    example, faults = parse_line(json.dumps(line))
    assert example is not None
    assert not faults
    return labelled(example)


def _deletion(words: str, **parts: Any) -> dict[str, Any]:
    told = {"intent": "deletion", "modality": "wished", "holder": "self", "words": words}
    return {**told, **parts}


def _posts(words: str = "动态", **more: str) -> dict[str, str]:
    return {"kind": "category", "value": "posts", "words": words, **more}


def test_one_name_may_go_and_stay() -> None:
    text = "动态就留今年的，剩下的删"
    kept = _posts(**{"from": "2026-01-01", "when": "今年"})
    one = _labelled(text, [_deletion(text, include=[_posts()], exclude=[kept])])
    assert [mention.stretch for mention in one.mentions] == [Stretch(0, 2)]
    assert one.roles == {(0, 0, Role.INCLUDE), (0, 0, Role.EXCLUDE)}
    assert one.whens == (Stretch(4, 6),)
    assert one.narrowed == {(0, 0, Role.EXCLUDE)}


def test_a_name_that_is_repeated_stands_beside_what_narrows_it() -> None:
    text = "posts about work, delete. posts about school, keep"
    one = _labelled(
        text,
        [
            _deletion(
                text,
                include=[_posts("posts", qualifier="about work")],
                exclude=[_posts("posts", qualifier="about school")],
            )
        ],
    )
    assert [mention.stretch.start for mention in one.mentions] == [0, 26]
    assert one.narrowed == {(0, 0, Role.INCLUDE), (1, 1, Role.EXCLUDE)}


def test_requests_of_one_intent_take_a_slot_each_and_a_third_none() -> None:
    text = "删动态，删照片，删评论"
    one = _labelled(text, [_deletion(words) for words in ("删动态", "删照片", "删评论")])
    first, second, third = one.slots
    assert third is None
    assert first is not None
    assert second is not None
    assert [SLOTS[first], SLOTS[second]] == [(Intent.DELETION, False), (Intent.DELETION, True)]


def test_a_value_belongs_to_the_requests_that_it_is_told_for() -> None:
    text = "我儿子十二岁，把他的聊天给我看，发到 a@b.cn"
    guardian = {
        "intent": "guardian",
        "modality": "wished",
        "holder": "child",
        "words": "把他的聊天给我看",
        "age": 12,
        "contact": "a@b.cn",
    }
    one = _labelled(text, [guardian])
    told = {value.type: value.words(text) for value in one.values}
    assert told == {"age": "十二", "contact": "a@b.cn"}
    assert one.told == {(0, 0), (0, 1)}
