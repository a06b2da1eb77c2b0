from __future__ import annotations

import pytest

from privacydesk.data import sentence_files
from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.training.frames import VOICE, read_frames

SHORT = """
frames:
  zh: […, 怎么…]
  en: […, how do i …]
cores:
  deregistration: {zh: [注销], en: [close my account]}
  other: {zh: [退群]}
"""


def test_each_core_stands_alone_and_in_frames_of_its_script() -> None:
    made = read_frames({"sentences/short.yaml": SHORT})
    assert [(one.text, one.label, one.lang) for one in made] == [
        ("注销", Intent.DEREGISTRATION, "zh-Hans"),
        ("怎么注销", Intent.DEREGISTRATION, "zh-Hans"),
        ("close my account", Intent.DEREGISTRATION, "en"),
        ("how do i close my account", Intent.DEREGISTRATION, "en"),
        ("退群", Intent.OTHER, "zh-Hans"),
        ("怎么退群", Intent.OTHER, "zh-Hans"),
    ]
    assert {one.voice for one in made} == {VOICE}


def test_sentences_of_voices_are_left_to_their_own_reader() -> None:
    assert read_frames({"sentences/ann.jsonl": '{"text": "注销"}'}) == []


def test_the_shipped_cores_are_put_into_the_same_frames_each_time() -> None:
    made = read_frames(sentence_files())
    assert made == read_frames(sentence_files())
    assert {one.label for one in made} >= {Intent.DEREGISTRATION, Intent.OTHER}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("frames: {zh: […]}", "needs frames by script"),
        ("[", "needs frames by script"),
        ("{frames: {zh: […]}, cores: {dance: {zh: [跳]}}}", "'dance' is not a valid Intent"),
        ("{frames: {zh: […]}, cores: {other: {fr: [x]}}}", "no frames for fr"),
    ],
)
def test_a_wrong_file_is_named(text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"short.yaml: .*{fault}"):
        read_frames({"short.yaml": text})
