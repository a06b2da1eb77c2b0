from __future__ import annotations

import re

import pytest

from privacydesk.understanding.patterns import compile_all, lazily


def test_an_expression_is_compiled_at_its_first_use_and_works_like_any_other() -> None:
    found = lazily(r"(?P<word>CAT|dog)s?", re.IGNORECASE)
    plain = re.compile(r"(?P<word>CAT|dog)s?", re.IGNORECASE)
    text = "cats and Dogs"
    assert [one["word"] for one in found.finditer(text)] == ["cat", "Dog"]
    assert found.sub("-", text) == plain.sub("-", text) == "- and -"
    assert found.split(text) == plain.split(text)
    assert found.fullmatch("cat") is not None
    assert found.match("a cat") is None


def test_an_expression_that_is_none_is_told_when_all_are_compiled() -> None:
    broken = lazily("(")
    with pytest.raises(re.error):
        compile_all()
    with pytest.raises(re.error):
        broken.search("anything")
    broken._text = ""  # type: ignore[attr-defined]
    compile_all()


def test_nothing_else_is_pretended() -> None:
    with pytest.raises(AttributeError):
        lazily("a").nothing_of_the_kind  # type: ignore[attr-defined]  # noqa: B018 - it is what fails
