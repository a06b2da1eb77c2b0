from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.embedding import WISH_DIMENSIONS
from privacydesk.understanding.grams import codes, pieces
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.model import IntentModel, Look

INTENTS = tuple(Intent)


def look(favoured: int, pieces_known: int) -> Look:
    weights = np.zeros((pieces_known, len(INTENTS)), dtype=np.int8)
    weights[:, favoured] = 100
    ones = np.ones(len(INTENTS), dtype=np.float32)
    return Look(weights=weights, scale=ones * 0.1, bias=ones * 0, temperature=1.0)


def model(text: str) -> IntentModel:
    table = np.unique(np.fromiter(codes(text), np.uint32))
    deletion, access = INTENTS.index(Intent.DELETION), INTENTS.index(Intent.ACCESS)
    vector_weights = np.zeros((WISH_DIMENSIONS, len(INTENTS)), dtype=np.float32)
    vector_weights[0, access] = 500.0
    return IntentModel(
        intents=INTENTS,
        table=table,
        idf=np.ones(len(table), dtype=np.float32),
        quick=look(deletion, len(table)),
        closer=look(deletion, len(table)),
        vector_weights=vector_weights,
        settled=0.9,
        sure=dict.fromkeys(INTENTS, 0.5),
        trained_on="nothing",
    )


def test_pieces_of_both_scripts_are_found() -> None:
    found = set(pieces("刪掉 my photos!"))
    assert {"删掉", "w:my", "w:photos", "b:my photos", "c:^my", "p:!"} <= found


def test_words_of_a_clause_pair_over_what_stands_between() -> None:
    found = set(pieces("别再把它删了, don't ever close it"))
    assert {"s:别 它", "s:把 删", "s:don't close"} <= found
    assert not any(piece in found for piece in ("s:删 don't", "s:了 ever"))


def test_a_quick_look_settles_nothing_that_ends_in_a_loss() -> None:
    known = model("删掉照片")
    chances = np.full(len(INTENTS), 0.001, dtype=np.float32)
    chances[INTENTS.index(Intent.ACCESS)] = 0.98
    assert known.settles(chances)
    assert not known.settles(chances * np.float32(0.9))
    for intent in DESTRUCTIVE:
        wished = np.full(len(INTENTS), 0.001, dtype=np.float32)
        wished[INTENTS.index(intent)] = 0.98
        assert not known.settles(wished)


def test_known_pieces_speak_and_unknown_ones_say_nothing() -> None:
    known = model("删掉照片")
    bag = known.bag("把照片删掉吧")
    assert len(bag.rows) > 0
    assert np.linalg.norm(bag.weights) == pytest.approx(1.0)
    assert INTENTS[int(known.glance(bag).argmax())] is Intent.DELETION
    nothing = known.bag("zzz")
    assert len(nothing.rows) == 0
    assert known.glance(nothing).sum() == pytest.approx(1.0)


def test_the_closer_look_hears_the_embedding() -> None:
    known = model("删掉照片")
    vector = np.zeros(WISH_DIMENSIONS, dtype=np.float32)
    vector[0] = 1.0
    chances = known.look(known.bag("删掉照片"), vector)
    assert INTENTS[int(chances.argmax())] is Intent.ACCESS


def test_a_saved_model_says_the_same(tmp_path: Path) -> None:
    known = model("删掉照片")
    known.save(tmp_path / "m.npz")
    again = IntentModel.load(tmp_path / "m.npz")
    bag = known.bag("删掉")
    assert again.glance(again.bag("删掉")) == pytest.approx(known.glance(bag), abs=1e-3)
    assert again.trained_on == "nothing"
    assert again.sure == known.sure


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_a_broken_model_is_named_with_its_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.npz can't be read .* understand train"):
        IntentModel.load(path)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="none"):
        IntentModel.load(tmp_path / "none.npz")
