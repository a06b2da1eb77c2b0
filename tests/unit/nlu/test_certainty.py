"""When the desk may act without asking back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Holder, Mention, MentionKind, Modality, Request
from privacydesk.nlu.certainty import DOUBTS, FILE, SIGNS, Certainty, Judgement
from privacydesk.nlu.short_texts import SHIPPED

_NONE = (0.0,) * len(SIGNS)
_DOUBT = (3.0, *_NONE[1:])
_EASY = Judgement((0.0,) * len(SIGNS), 9.0)
_STRICT = Judgement((-1.0,) * len(SIGNS), 2.0)
_DELETION = Request(
    Intent.DELETION, Modality.WISHED, Holder.SELF, sure=False, include=(), exclude=()
)
_PROFILE = Mention(MentionKind.CATEGORY, "profile")
_POSTS = Mention(MentionKind.CATEGORY, "posts")
_ACCESS = structs.replace(_DELETION, intent=Intent.ACCESS)


def test_doubt_makes_a_request_less_safe() -> None:
    certainty = Certainty(right=_EASY, harmless=_STRICT, enough=0.5)
    assert certainty.is_sure(_DELETION, _NONE)
    assert not certainty.is_sure(_DELETION, _DOUBT)
    assert certainty.is_sure(_ACCESS, _DOUBT)


def test_a_mistake_counts_less_where_nothing_is_gone() -> None:
    certainty = Certainty(right=_STRICT, harmless=_STRICT, enough=0.5)
    assert certainty.safety(_DELETION, _DOUBT) < certainty.safety(_ACCESS, _DOUBT) < 1
    asked = structs.replace(_DELETION, modality=Modality.ASKED)
    assert certainty.safety(asked, _DOUBT) == certainty.safety(_ACCESS, _DOUBT)


@pytest.mark.parametrize(
    ("include", "exclude", "sure"),
    [
        ((), (), True),
        ((_PROFILE,), (), True),
        ((_PROFILE,), (_POSTS,), True),
        ((), (_POSTS,), False),
        ((_PROFILE,), (Mention(MentionKind.FIELD, "interests"),), False),
    ],
)
def test_what_goes_is_told_where_something_stays(
    include: tuple[Mention, ...], exclude: tuple[Mention, ...], *, sure: bool
) -> None:
    certainty = Certainty(right=_EASY, harmless=_EASY, enough=0.5)
    told = structs.replace(_DELETION, include=include, exclude=exclude)
    assert certainty.is_sure(told, _NONE) is sure
    # Nothing is gone after a copy.
    assert certainty.is_sure(structs.replace(told, intent=Intent.ACCESS), _NONE)


def test_it_is_kept_as_it_was_learnt(tmp_path: Path) -> None:
    certainty = Certainty(right=_EASY, harmless=_STRICT, enough=0.4)
    file = tmp_path / "certainty.json"
    file.write_bytes(msgspec.json.encode(certainty))
    assert Certainty.load(file) == certainty


def test_no_doubt_makes_a_request_more_sure() -> None:
    shipped = Certainty.load(SHIPPED / FILE)
    for judgement in (shipped.right, shipped.harmless):
        weights = dict(zip(SIGNS, judgement.weights, strict=True))
        assert all(weights[name] <= 0 for name in DOUBTS)
        assert any(weights[name] < 0 for name in DOUBTS)
