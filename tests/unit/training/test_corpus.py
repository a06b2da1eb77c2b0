"""The corpus keeps to its form: readings that the contract allows, in words of the text."""

from __future__ import annotations

from collections import Counter

import pytest

from privacydesk.data import voice_files
from privacydesk.domain.reading import MENTIONABLE, Holder, MentionKind, Modality, Safety
from privacydesk.errors import SettingsError
from privacydesk.training.corpus import Slice, Voice, parse_line, read_voice

FILES = voice_files()
_SHORT = 40
"""Characters that two people may well write alike."""

LANGUAGES = ("zh-Hans", "zh-Hant", "yue", "en", "mixed")


def voice_of(file: tuple[str, str, str]) -> Voice:
    return read_voice(*file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file[1])
def test_each_line_is_a_reading_in_words_of_its_text(file: tuple[str, str, str]) -> None:
    voice = voice_of(file)
    assert voice.language in LANGUAGES
    assert voice.examples


def test_no_voice_stands_twice_and_no_sentence_in_two_voices() -> None:
    names = Counter(name for _, name, _ in FILES)
    assert max(names.values()) == 1
    texts = Counter(one.text for file in FILES for one in voice_of(file).examples)
    assert [text for text, times in texts.items() if times > 1 and len(text) > _SHORT] == []


def test_everything_that_can_be_read_occurs() -> None:
    examples = [one for file in FILES for one in voice_of(file).examples]
    requests = [one for example in examples for one in example.gold.requests]
    mentions = [one for request in requests for one in (*request.include, *request.exclude)]
    for kind in (MentionKind.CATEGORY, MentionKind.PROVIDER, MentionKind.PURPOSE):
        assert {one.value for one in mentions if one.kind is kind} == MENTIONABLE[kind]
    told = {name for request in requests for name in request.set}
    assert told == MENTIONABLE[MentionKind.FIELD]
    assert {one.modality for one in requests} == set(Modality)
    assert {one.holder for one in requests} == set(Holder)
    assert {one for example in examples for one in example.gold.safety} == set(Safety)
    assert {one.slice for one in examples} == set(Slice)


_DELETION = '{"intent": "deletion", "modality": "wished", "holder": "self", "words": "%s"%s}'


def line_of(text: str, intent: str = "deletion", *requests: str) -> str:
    gold = f'{{"requests": [{", ".join(requests)}]}}'
    return f'{{"text": "{text}", "intent": "{intent}", "slice": "plain", "gold": {gold}}}'


def including(mention: str) -> str:
    return f', "include": [{{"kind": "category", "words": "动态", {mention}}}]'


BROKEN = {
    "malformed": "no json",
    "'post' is no category": line_of(
        "删动态", "deletion", _DELETION % ("删动态", including('"value": "post"'))
    ),
    "'删评论' does not stand in the text": line_of(
        "删动态", "deletion", _DELETION % ("删评论", "")
    ),
    "a period of posts needs its words": line_of(
        "删去年动态",
        "deletion",
        _DELETION % ("删去年动态", including('"value": "posts", "from": "2025-01-01"')),
    ),
    "a child's account is the guardian's": line_of(
        "关我儿子的号", "deletion", (_DELETION % ("关我儿子的号", "")).replace("self", "child")
    ),
    "the message is about deletion, but no request is": line_of("删动态"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_line_that_breaks_the_form_is_named_with_its_fault(fault: str) -> None:
    line = BROKEN[fault]
    _, faults = parse_line(line)
    assert fault in "; ".join(faults)
    with pytest.raises(SettingsError, match=r"corpus/en/somebody\.jsonl, line 1"):
        read_voice("en", "somebody", line)
