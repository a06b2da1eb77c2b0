"""Mail addresses and phone numbers in a message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.nlu.extractors.numerals import fold

_REGIONS: Final = {
    8: ("HK", "MO", "SG"),
    10: ("US", "IN", "TW"),
    11: ("CN", "US", "HK", "MO"),
    12: ("IN",),
    13: ("CN",),
}
"""Where a number may be from, by its count of digits; the US stands for Canada, too."""
_LANDLINE_DIGITS: Final = 8
"""Longer landline numbers begin with a zero where no country is given."""
_MOST_GROUPS: Final = 6
"""Most groups of digits in a number; one dictated digit by digit is one group."""
_WITH_ZERO: Final = range(9, 13)
"""Digits of a number with a leading zero: 01 555 0162, 0755-26001234."""
_FEWEST_DIGITS: Final = 7
_MOST_DIGITS: Final = 15

_MAIL: Final = re.compile(
    r"(?<![a-z0-9._%+@-])[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}"
    r"(?![a-z0-9@-])"
)
_WHOLE_MAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,24}")
"""An address in any script that is the whole message."""
_DIGIT_GROUPS: Final = re.compile(
    r"(?<![a-z0-9_@#¥$€£])(?<![a-z0-9][-.])"
    r"(?:\+\d{1,3}[ -]?)?(?:\(\d{1,5}\)[ -]?)?\d(?:[ .-]{0,2}\d){4,19}"
    r"(?![\d@_a-z])(?! ?(?:元|块|蚊|rmb|hkd|usd))"
)
_GROUP: Final = re.compile(r"\+?\(?\d+")


class ContactKind(StrEnum):
    """How somebody is reached."""

    MAIL = "mail"
    PHONE = "phone"


class FoundContact(Struct, frozen=True):
    """An address or number in a message.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        kind: mail or phone.
        value: as written.
    """

    start: int
    end: int
    kind: ContactKind
    value: str


def contacts(text: str) -> tuple[FoundContact, ...]:
    """Return the mail addresses and phone numbers of a message, in order.

    A phone number counts with a country prefix if its length is possible, with a leading zero if
    its length is usual, and otherwise if it is valid in one of ``_REGIONS``.
    """
    told = fold(text)
    mails = [(*hit.span(), ContactKind.MAIL) for hit in _MAIL.finditer(told)]
    phones = [
        (start, end, ContactKind.PHONE)
        for start, end in _phones(told)
        if not any(begin <= start < stop for begin, stop, _ in mails)
    ]
    return tuple(
        FoundContact(start, end, kind, text[start:end])
        for start, end, kind in sorted(mails + phones)
    )


def mails(text: str) -> tuple[str, ...]:
    """Return the distinct mail addresses of a message, in lower case."""
    told = unicodedata.normalize("NFKC", text).strip().lower()
    alone = _WHOLE_MAIL.fullmatch(told)
    found = [hit[0] for hit in _MAIL.finditer(told)] or ([told] if alone else [])
    return tuple(dict.fromkeys(found))


def canonical(written: str) -> str:
    """Return a phone number in E.164; empty where it is not a valid one."""
    import phonenumbers  # noqa: PLC0415

    digits = sum(c.isdigit() for c in written)
    for region in _REGIONS.get(digits, ("CN",)):
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            return ""
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def _phones(told: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of phone numbers: the longest runs of digit groups that form one.

    List numbers may stand next to them: "1 手机号换成18600001111 2 谷歌登录下掉".
    """
    for run in _DIGIT_GROUPS.finditer(told):
        groups = [group.span() for group in _GROUP.finditer(told, *run.span())]
        if all(end - start == 1 for start, end in groups):
            groups = [(groups[0][0], groups[-1][1])]
        while groups:
            start = groups[0][0]
            ends = [end for begin, end in groups[:_MOST_GROUPS] if end - begin > 1]
            end = next((end for end in reversed(ends) if _is_phone(told[start:end])), start)
            if end > start:
                yield start, end
            groups = [group for group in groups[1:] if group[0] >= end]


def _is_phone(words: str) -> bool:
    # Its expressions take a while to compile, and a desk that only looks people up needs none.
    from privacydesk.nlu.extractors.periods import dates  # noqa: PLC0415

    digits = "".join(c for c in words if c.isdigit())
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or dates(words):
        return False
    if words.startswith("+") or digits.startswith("00"):
        return _is_possible(f"+{digits.removeprefix('00')}")
    if digits.startswith("0"):
        return len(digits) in _WITH_ZERO
    return _is_valid(digits)


# Its tables take a while to import, and most messages hold no number.
def _is_possible(number: str) -> bool:
    import phonenumbers  # noqa: PLC0415

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _is_valid(digits: str) -> bool:
    import phonenumbers  # noqa: PLC0415

    types = phonenumbers.PhoneNumberType
    none = {types.UNKNOWN}
    if len(digits) != _LANDLINE_DIGITS:
        none.add(types.FIXED_LINE)
    try:
        return any(
            phonenumbers.number_type(phonenumbers.parse(digits, region)) not in none
            for region in _REGIONS.get(len(digits), ())
        )
    except phonenumbers.NumberParseException:
        return False
