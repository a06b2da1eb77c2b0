"""The new value of a profile field, as the profile would store it."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files
from typing import Final

import msgspec

from privacydesk.domain.account_terms import GenderCode
from privacydesk.nlu.extractors.birth_dates import birth_date
from privacydesk.nlu.extractors.contacts import ContactKind, contacts
from privacydesk.nlu.extractors.numerals import digit_by_digit, fold

_CLOSING: Final = {
    "「": "」", "『": "』", "“": "”", "”": "“", "‘": "’", "《": "》", "〈": "〉", "【": "】",
    '"': '"', "'": "'", "`": "`",
}  # fmt: skip
"""Quotation marks with those that close them."""
_OPENING: Final = {closing: mark for mark, closing in _CLOSING.items() if closing not in "'’"}
"""Closing marks with their opening ones, except the apostrophe, which may end a word."""
_NO_MARKS: Final = {ord(mark): None for mark in {*_CLOSING, *_OPENING} - {"'"}}
_BEFORE: Final = " \t\n\u3000,，。;；:：、=→>"
_AFTER: Final = " \t\n\u3000,，。;；、→"
_CHANGES: Final = tuple(
    verb + end for verb in ("改", "换", "換", "更正") for end in ("成", "为", "為")
)
"""Words for a change, which no value begins with."""

_GENDERS: Final = msgspec.yaml.decode(
    files("privacydesk.nlu.extractors").joinpath("gender_words.yaml").read_bytes(),
    type=dict[GenderCode, list[str]],
)
_GENDER_OF: Final = {word: code for code, words in _GENDERS.items() for word in words}
# Longer words first: "female" and "woman" contain others, 不公开 is not 公开.
_GENDER_WORDS: Final = re.compile(
    "|".join(
        rf"\b{re.escape(word)}\b" if word.isascii() else word
        for word in sorted(_GENDER_OF, key=len, reverse=True)
    ),
    re.ASCII,
)
_FEWEST_DIGITS: Final = 5


def profile_value(field: str, words: str, *, republic: bool = False) -> str | None:
    """Return the value that words give for a profile field; None where they give none.

    A birthday is an ISO 8601 date, a gender a ``GenderCode`` where it is one; other values are
    the words themselves without the quotation marks and stops around them.

    Args:
        field: a ``ProfileField``, or ``phone``.
        words: the stretch of a message that gives the value, perhaps with marks around it.
        republic: whether two-digit years count from the Republic, as in Taiwan.
    """
    if field == "birthday":
        day = birth_date(words, republic=republic)
        return day.isoformat() if day else None
    value = _trimmed(words)
    if field == "gender":
        return _gender(value) or value or None
    if field == "phone":
        return _phone(value)
    if field == "real_name":
        # 陳柏「翰」: the marks only point at a character.
        value = value.translate(_NO_MARKS)
    return value or None


def _gender(words: str) -> GenderCode | None:
    folded = fold(words)
    whole = _GENDER_OF.get(folded)
    if whole is not None:
        return whole
    found = {_GENDER_OF[hit] for hit in _GENDER_WORDS.findall(folded)}
    for code in (GenderCode.UNDISCLOSED, GenderCode.OTHER):
        if code in found:
            return code
    return found.pop() if len(found) == 1 else None


def _phone(words: str) -> str | None:
    number = unicodedata.normalize("NFKC", words)
    if not any(c.isascii() and c.isdigit() for c in number):
        number = digit_by_digit(number)
    found = [one.value for one in contacts(number) if one.kind is ContactKind.PHONE]
    number = found[0] if len(found) == 1 else number
    if sum(c.isdigit() for c in number) < _FEWEST_DIGITS:
        return None
    groups = number.split()
    # Dictated digit by digit.
    return "".join(groups) if all(len(group) == 1 for group in groups) else number


def _trimmed(words: str) -> str:
    before = None
    while words != before:
        before = words
        words = _unquoted(words.removeprefix(". ").lstrip(_BEFORE).rstrip(_AFTER))
        words = next((words[len(one) :] for one in _CHANGES if words.startswith(one)), words)
        # In "v1.0." and "..." the last stop may not end a sentence.
        if words.endswith(".") and words.count(".") == 1:
            words = words[:-1]
    return words


def _unquoted(words: str) -> str:
    """Return words without the marks that enclose them, or without an unpaired one at an end."""
    first, last = words[:1], words[-1:]
    if _CLOSING.get(first) == last and last not in words[1:-1]:
        return words[1:-1]
    halves = ((_CLOSING.get(first, ""), words[1:]), (_OPENING.get(last, ""), words[:-1]))
    for other, rest in halves:
        if other and other not in rest and other != "'":
            return rest
    return words
