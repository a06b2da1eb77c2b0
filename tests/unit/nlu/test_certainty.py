"""When the desk may act without asking back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from privacydesk.nlu.certainty import SIGNS, Certainty
from privacydesk.nlu.training.weighing import fitted


def test_doubt_makes_a_request_less_likely() -> None:
    certainty = Certainty((-1.0,) * len(SIGNS), 2.0, 0.5)
    none = (0.0,) * len(SIGNS)
    assert certainty.is_sure(none)
    assert not certainty.is_sure((3.0, *none[1:]))
    assert certainty.chance(none) > certainty.chance((1.0, *none[1:]))


def test_it_is_kept_as_it_was_learnt(tmp_path: Path) -> None:
    certainty = Certainty((0.25,) * len(SIGNS), -1.5, 0.4)
    file = tmp_path / "certainty.json"
    file.write_bytes(msgspec.json.encode(certainty))
    assert Certainty.load(file) == certainty


def test_weights_are_learnt_from_what_was_right() -> None:
    chance = np.random.default_rng(1)
    features = np.c_[chance.normal(size=(400, len(SIGNS))), np.ones(400)]
    right = (features[:, 0] * 2 - features[:, 3] + chance.normal(size=400) > 0).astype(float)
    weights = fitted(features, right)
    assert weights[0] > 0.5
    assert weights[3] < -0.3
    assert abs(weights[5]) < 0.5
