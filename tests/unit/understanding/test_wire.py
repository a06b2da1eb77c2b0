from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace
from tests.common.policies import SAMPLE, bring_sample_policy

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import (
    AskedQuestion,
    MixedMessage,
    Observation,
    RecognisedIntent,
    RecognisedRequest,
)
from privacydesk.understanding import wire
from privacydesk.understanding.client import UnderstandingProcess
from privacydesk.understanding.here import UnderstandingHere

ROOT = Path(__file__).parents[4]
TODAY = date(2026, 11, 29)
EVERY = 7
"""One in so many of the sentences in stories."""


def sentences() -> list[str]:
    """Return what people say in the stories."""
    found: dict[str, None] = {}
    for path in sorted((ROOT / "dialogs" / "stories").rglob("*.yaml")):
        held = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        found.update(dict.fromkeys(_said(held)))
    return list(found)


def _said(held: object) -> Iterator[str]:
    if isinstance(held, dict):
        for key, value in held.items():
            if key == "user" and isinstance(value, str):
                yield value
            else:
                yield from _said(value)
    elif isinstance(held, list):
        for one in held:
            yield from _said(one)


def there_and_back(seen: Observation) -> Observation:
    (body,) = wire.Frames().split(wire.frame(wire.Heard(7, wire.Seen.of(seen))))
    reply = wire.read_reply(body)
    assert isinstance(reply, wire.Heard)
    assert reply.number == 7
    return reply.seen.observed()


def test_all_that_messages_name_comes_over_as_it_is() -> None:
    entities = {
        # Pairs and numbers among them, which other forms than words have to come over in.
        "category": ("photos", "posts"),
        "entry": (("nickname", "Sunny", ""),),
        "date_piece": (("month", "05"), ("day", "13")),
        "age": (12,),
        "selection": ('{"parts":[{"value":"photos"}]}',),
    }
    recognised = RecognisedIntent(Intent.DELETION, 0.75)
    seen = Observation(
        recognised=recognised,
        language="zh_Hans",
        entities=entities,
        requests=(RecognisedRequest(recognised, entities),),
        parts=(RecognisedRequest(recognised, entities),),
    )
    assert there_and_back(seen) == seen
    asked = AskedQuestion("how long?", ("asks_duration",))
    both = replace(seen, mixed=MixedMessage((asked,), "delete my photos", seen))
    assert there_and_back(both) == both


def test_what_was_not_recognised_comes_over_too() -> None:
    assert there_and_back(Observation()) == Observation()
    alternatives = ((Intent.ACCESS, 0.25), (Intent.DELETION, 0.125))
    unsure = Observation(recognised=RecognisedIntent(Intent.OTHER, 0.5, alternatives, sure=False))
    assert there_and_back(unsure) == unsure


@pytest.mark.parametrize("text", ["", "你好", "\ud800 half", "a\0b", "😀"])
def test_any_text_comes_over(text: str) -> None:
    assert wire.from_bytes(wire.to_bytes(text)) == text


def test_frames_come_out_as_they_went_in_however_they_are_cut() -> None:
    chance = random.Random(4)  # noqa: S311 - a test's own
    sent = [wire.Hear(number, b"x" * chance.randrange(400), b"me", TODAY) for number in range(200)]
    stream = b"".join(map(wire.frame, sent))
    frames, taken, at = wire.Frames(), [], 0
    while at < len(stream):
        end = at + chance.randrange(1, 600)
        taken += [wire.read_request(body) for body in frames.split(stream[at:end])]
        at = end
    assert taken == sent


async def test_the_process_hears_and_answers_what_is_heard_and_answered_here(
    tmp_path: Path,
) -> None:
    bring_sample_policy(tmp_path)
    here = UnderstandingHere.of(data_dir=tmp_path, policy=SAMPLE)
    briefing = wire.Briefing(str(tmp_path), SAMPLE)
    said = [*sentences()[::EVERY], "菜单", "\ud800", "我想" * 5000, "删除照片，另外解绑谷歌"]
    async with UnderstandingProcess(briefing) as there:
        await there.ready()
        for text in said:
            assert await there.interpret(text, b"me", TODAY) == await here.interpret(
                text, b"me", TODAY
            ), text
        for question in ("信息保留多久", "今天天气怎么样", "隐私政策"):
            assert await there.answer(question, b"me") == await here.answer(question, b"me")
    async with UnderstandingProcess(wire.Briefing(str(tmp_path))) as without:
        await without.ready()
        assert await without.answer("信息保留多久", b"me") is None
