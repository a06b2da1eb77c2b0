from __future__ import annotations

import hashlib

import numpy as np
import orjson
import pytest

from privacydesk.cli.confusions import confusions
from privacydesk.domain.intents import Intent
from privacydesk.encoder.embedding import Vector
from privacydesk.errors import SettingsError
from privacydesk.understanding.embedding import WISH_DIMENSIONS
from privacydesk.understanding.training.fitting import Fitted, fit
from privacydesk.understanding.training.report import figures, told
from privacydesk.understanding.training.sentences import Sentence, fingerprint, read_sentences


class Spread:
    """An embedder whose vectors say nothing but are the same each time."""

    def load(self) -> None:
        """There is nothing to load."""

    def embed_wish(self, text: str) -> Vector:
        seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4])
        return np.random.default_rng(seed).normal(size=WISH_DIMENSIONS).astype(np.float32)


def lines(voice: str, times: int) -> str:
    said = [
        {
            "text": f"{intent.value} please {voice} {n}",
            "label": intent.value,
            "lang": "en",
            "slice": "hard" if n == 0 else "plain",
            "voice": voice,
        }
        for intent in Intent
        for n in range(times)
    ]
    return "\n".join(orjson.dumps(line).decode() for line in said)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    files = {f"{voice}.jsonl": lines(voice, 4) for voice in ("ann", "bob", "cay", "dan")}
    return fit(read_sentences(files), Spread(), lambda _what, _done, _whole: None)


def test_a_model_learns_and_is_measured_on_voices_it_has_not_heard(fitted: Fitted) -> None:
    truth = [Intent(one.label) for one in fitted.sentences]
    told = [fitted.model.intents[place] for place in fitted.chances.argmax(1)]
    assert sum(a is b for a, b in zip(truth, told, strict=True)) > len(truth) * 0.9
    bag = fitted.model.bag("deletion please")
    assert fitted.model.intents[int(fitted.model.glance(bag).argmax())] is Intent.DELETION


def test_what_nobody_in_particular_wrote_is_learnt_from_and_not_measured() -> None:
    sentences = read_sentences({f"{voice}.jsonl": lines(voice, 4) for voice in ("ann", "bob")})
    framed = [
        Sentence("how do i quit", Intent.DEREGISTRATION, "en", "plain", "frames"),
        Sentence("where do i quit", Intent.DEREGISTRATION, "en", "plain", "frames"),
    ]
    fitted = fit(sentences, Spread(), lambda *_: None, framed)
    assert len(fitted.sentences) == len(fitted.chances) == len(sentences)
    bag = fitted.model.bag("quit")
    assert fitted.model.intents[int(fitted.model.glance(bag).argmax())] is Intent.DEREGISTRATION


def test_what_can_be_acted_on_is_between_a_third_and_certainty(fitted: Fitted) -> None:
    assert all(0.35 <= floor <= 1.0 for floor in fitted.model.sure.values())
    assert fitted.model.trained_on == fingerprint(fitted.sentences)


def test_the_report_tells_the_figures_and_draws_the_confusions(fitted: Fitted) -> None:
    page = figures(fitted)
    assert f"{len(fitted.sentences)} sentences" in page
    assert "| deregistration |" in page
    drawn = confusions(told(fitted), fitted.model.intents)
    assert drawn.startswith("<svg")
    assert drawn.count("<rect") == len(Intent) ** 2 + 1


def test_one_voice_is_not_enough() -> None:
    with pytest.raises(SettingsError, match="two voices"):
        fit(read_sentences({"ann.jsonl": lines("ann", 2)}), Spread(), lambda *_: None)


def test_intents_without_a_sentence_are_named() -> None:
    text = '{"text": "hello", "label": "smalltalk"}'
    with pytest.raises(SettingsError, match="no sentences for access"):
        fit(read_sentences({"a.jsonl": text}), Spread(), lambda *_: None)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no json", "needs a text and a known label"),
        ('{"text": "x", "label": "dance"}', "needs a text and a known label"),
        ('{"text": " ", "label": "other"}', "has no text"),
        ('{"text": "x", "label": "other", "slice": "odd"}', "slice is none of hard, plain"),
        ("[]", "needs a text and a known label"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_number(line: str, fault: str) -> None:
    good = '{"text": "你好", "label": "smalltalk"}'
    with pytest.raises(SettingsError, match=f"v.jsonl, line 2: {fault}"):
        read_sentences({"v.jsonl": f"{good}\n{line}\n"})


def test_sentences_that_differ_only_in_script_and_spacing_count_once() -> None:
    said = ['{"text": "刪 照片", "label": "deletion"}', '{"text": "删照片！", "label": "deletion"}']
    (only,) = read_sentences({"sentences/tw.jsonl": "\n".join(said)})
    assert (only.text, only.voice) == ("刪 照片", "tw")


def test_nothing_is_read_where_training_can_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacydesk.understanding.training.fitting.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="needs scikit-learn"):
        fit([], Spread(), lambda *_: pytest.fail("something was read"))
