"""Messages that are made of messages say what their labels tell."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from privacydesk.data import voice_files
from privacydesk.nlu.labels import Layer
from privacydesk.training.corpus import read_voice
from privacydesk.training.labelling import Labelled, labelled
from privacydesk.training.variation import Variation

_CORPUS = Path(__file__).parents[3] / "corpus"


@pytest.fixture(scope="module")
def messages() -> list[tuple[str, Labelled]]:
    voices = [read_voice(*file) for file in voice_files(_CORPUS)[::9]]
    return [(voice.language, labelled(one)) for voice in voices for one in voice.examples]


def _words(one: Labelled) -> list[str]:
    return [stretch.words(one.text) for layer in Layer for stretch in one.stretches(layer)]


def test_every_stretch_holds_words_and_none_of_a_layer_overlap(
    messages: list[tuple[str, Labelled]],
) -> None:
    variation = Variation(messages, seed=1)
    for language, message in messages:
        varied = variation.vary(language, message)
        assert all(words.strip() for words in _words(varied)), varied.text
        for layer in (Layer.MENTION, Layer.WHEN, Layer.QUALIFIER):
            ordered = sorted(varied.stretches(layer), key=lambda one: one.start)
            for first, second in itertools.pairwise(ordered):
                assert not first.overlaps(second), varied.text


def test_what_narrows_still_narrows_the_same_words(messages: list[tuple[str, Labelled]]) -> None:
    variation = Variation(messages, seed=2)
    for language, message in messages:
        varied = variation.vary(language, message)
        stretches = (*varied.whens, *varied.qualifiers)
        for narrows, mention, role in varied.narrowed:
            assert narrows < len(stretches)
            assert any(m == mention and r is role for _, m, r in varied.roles), varied.text


def test_many_messages_change_and_one_seed_makes_the_same(
    messages: list[tuple[str, Labelled]],
) -> None:
    def made() -> list[str]:
        variation = Variation(messages, seed=3)
        return [variation.vary(language, one).text for language, one in messages]

    first = made()
    assert first == made()
    changed = sum(one.text != text for (_, one), text in zip(messages, first, strict=True))
    assert changed > len(messages) / 3
