"""Masking an export: credentials are left out, other people made unrecognisable.

A copy of one's data must not become a copy of other people's. What belongs to the subject is known
from the categories about them alone and is never masked; anybody else's phone number, mail address,
handle, identity number or name is masked in place. The rules are data (``rules``); this module
applies them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.masking import mask_mail, mask_name, mask_phone
from privacydesk.services.access_packages.rules import Rules, plain_name
from privacydesk.services.access_packages.spelled import Shape, Spelled, compact, spelled_contacts

MARK = "***"
"""Replaces what was removed from a text."""

Content = Mapping[DataCategory, tuple[Any, ...]]

_SHORTEST_NAME = 2
"""A name of one character is found in too many words to be looked for in texts."""
_FEWEST_DIGITS = 7
_CANDIDATE = re.compile(
    r"(?P<date>(?<!\d)(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]\d{1,2}:\d\d)?(?!\d))"
    r"|[+＋(]{0,2}\d(?:[^\w,;:，；：。、]{0,2}\d){6,24}"
)
"""What may be a phone number, for a library to judge: scanning all text with it is much slower."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])(\d{17}[\dXx])(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_TAIL = 4


class Masked(Struct, frozen=True):
    """An export that may be handed out.

    Attributes:
        content: entries by category, unchanged but for the following.
        left_out: how many credentials were left out.
        hidden: how many times somebody else's data was masked.
    """

    content: Content
    left_out: int = 0
    hidden: int = 0


def mask(content: Content, rules: Rules) -> Masked:
    """Return an export without credentials and with other people's data masked."""
    return _Masker(content, rules).run()


class _Masker:
    def __init__(self, content: Content, rules: Rules) -> None:
        self._content = content
        self._rules = rules
        self._left_out = 0
        self._hidden = 0
        own = [entry for one in rules.own_categories for entry in content.get(one, ())]
        self._own = {text.casefold() for entry in own for text in _texts(entry)}
        self._own_names = {
            text.casefold()
            for entry in own
            for field, value in _fields(entry)
            if plain_name(field) in rules.own_names
            for text in _texts(value)
        }
        self._own_numbers = {number for text in self._own for number in self._numbers_in(text)}
        self._own_compact = {compact(text) for text in self._own}
        self._known = _Names(self._others_named())

    def run(self) -> Masked:
        content = {
            category: tuple(self._value(category, entry) for entry in entries)
            for category, entries in self._content.items()
        }
        return Masked(content, self._left_out, self._hidden)

    # -- names of people ---------------------------------------------------------------------

    def _is_own(self, name: str) -> bool:
        return name.strip().casefold() in self._own_names

    def _others_named(self) -> Iterator[str]:
        """Yield other people's names from fields that name people."""
        for category, entries in self._content.items():
            if category in self._rules.own_categories:
                continue
            for entry in entries:
                for field, value in _fields(entry):
                    if self._rules.names_people(field):
                        named = self._named_in(value)
                        yield from (one for one in named if not self._is_own(one))

    def _named_in(self, value: Any) -> Iterator[str]:
        """Yield the names of people in a field: plain, in a list, or in nested fields."""
        if isinstance(value, Mapping):
            for field, one in value.items():
                if self._rules.tells_whom(field):
                    yield from self._named_in(one)
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield from self._named_in(one)
        elif isinstance(value, str) and value.strip():
            yield value

    # -- values --------------------------------------------------------------------------------

    def _value(self, category: DataCategory, value: Any, *, named: bool = False) -> Any:
        """Return a value as it may be handed out.

        Args:
            category: where it stands.
            value: JSON of any shape.
            named: whether its texts are names of people.
        """
        if isinstance(value, Mapping):
            return {
                field: self._value(category, one, named=self._names(category, field, within=named))
                for field, one in value.items()
                if not self._leaves_out(field)
            }
        if isinstance(value, (list, tuple)):
            return [self._value(category, one, named=named) for one in value]
        if isinstance(value, str):
            return self._text(category, value, named=named)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 10**_FEWEST_DIGITS:
            # A number may be a phone's. It stays a number unless something of it is masked.
            shown = self._text(category, str(value), named=False)
            return value if shown == str(value) else shown
        return value

    def _names(self, category: DataCategory, field: str, *, within: bool) -> bool:
        """Tell whether a field names people, by itself or within one that does."""
        if category in self._rules.own_categories:
            return False
        rules = self._rules
        return rules.tells_whom(field) if within else rules.names_people(field)

    def _leaves_out(self, field: str) -> bool:
        secret = self._rules.is_secret(field)
        self._left_out += secret
        return secret

    def _text(self, category: DataCategory, text: str, *, named: bool) -> str:
        for pattern in self._rules.secrets:
            text, count = pattern.subn(MARK, text)
            self._left_out += count
        if category in self._rules.own_categories or _INSTANT.fullmatch(text):
            return text
        if named and not self._is_own(text):
            return self._hide(text, _hidden_name)
        written = category in self._rules.written_categories
        if written:
            # Before addresses are masked: what is left of one looks like a mention.
            text = self._rules.mention.sub(self._mention, text)
        text = self._contacts(text)
        if written:
            text = self._known.replaced(text, lambda name: self._hide(name, _hidden_name))
        return text

    def _hide(self, found: str, how: Callable[[str], str]) -> str:
        self._hidden += 1
        return how(found)

    def _mention(self, match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if self._is_own(name) else f"@{self._hide(name, _hidden_name)}"

    # -- contacts --------------------------------------------------------------------------------

    def _contacts(self, text: str) -> str:
        for pattern in self._rules.contacts:
            text = pattern.sub(self._contact, text)
        text = _CANDIDATE.sub(self._phone, _IDENTITY.sub(self._identity, text))
        return self._spelled(text)

    def _spelled(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for one in spelled_contacts(text, self._rules.cues):
            if not self._is_own_contact(one):
                parts += (text[done : one.start], self._hide(one.plain, _HIDDEN[one.shape]))
                done = one.end
        return "".join((*parts, text[done:]))

    def _is_own_contact(self, one: Spelled) -> bool:
        plain = compact(one.plain)
        if one.shape is Shape.NUMBER:
            # A country's code may be left out of a number.
            return any(own.endswith(plain) for own in self._own_compact)
        return plain in self._own_compact

    def _contact(self, match: re.Match[str]) -> str:
        group = 1 if match.re.groups else 0
        found = match[group]
        if found.casefold() in self._own:
            return match[0]
        hidden = self._hide(found, mask_mail if "@" in found else _hidden_name)
        start, end = match.span(group)
        whole = match.start()
        return match[0][: start - whole] + hidden + match[0][end - whole :]

    def _identity(self, match: re.Match[str]) -> str:
        number = match[1]
        if number.casefold() in self._own or not _is_identity_number(number):
            return number
        return self._hide(number, _hidden_number)

    def _phone(self, match: re.Match[str]) -> str:
        text = match[0]
        if match["date"]:
            return text
        begins = len(text)
        for start, end, number in reversed(_phones_in(text, self._rules.phone_regions)):
            # Two regions may parse one number differently.
            if end <= begins and number not in self._own_numbers:
                text = text[:start] + self._hide(text[start:end], _hidden_number) + text[end:]
                begins = start
        return text

    def _numbers_in(self, text: str) -> set[str]:
        found = (_phones_in(one[0], self._rules.phone_regions) for one in _CANDIDATE.finditer(text))
        return {number for phones in found for _, _, number in phones}


@lru_cache(maxsize=4096)
def _phones_in(text: str, regions: tuple[str, ...]) -> tuple[tuple[int, int, str], ...]:
    """Return the positions of phone numbers in a short text, in order, each with its E.164."""
    # Its tables take 40 ms to load, which should not delay the start.
    import phonenumbers  # noqa: PLC0415

    written = phonenumbers.PhoneNumberFormat.E164
    found = {
        (match.start, match.end, phonenumbers.format_number(match.number, written))
        for region in regions
        for match in phonenumbers.PhoneNumberMatcher(text, region)
    }
    return tuple(sorted(found))


class _Names:
    """Finds many names in a text at once, the longest one at each place."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_head: dict[str, list[str]] = {}
        for name in sorted({one.strip() for one in names}, key=len, reverse=True):
            if len(name) >= _SHORTEST_NAME:
                self._by_head.setdefault(name[:_SHORTEST_NAME], []).append(name)
        firsts = "".join(sorted({re.escape(head[0]) for head in self._by_head}))
        self._first = re.compile(f"[{firsts}]") if firsts else None

    def replaced(self, text: str, how: Callable[[str], str]) -> str:
        """Return a text with each name in it replaced."""
        if self._first is None:
            return text
        parts: list[str] = []
        done = 0
        for begin in self._first.finditer(text):
            place = begin.start()
            name = self._at(text, place) if place >= done else ""
            if name:
                parts += (text[done:place], how(name))
                done = place + len(name)
        return "".join((*parts, text[done:]))

    def _at(self, text: str, place: int) -> str:
        for name in self._by_head.get(text[place : place + _SHORTEST_NAME], ()):
            if text.startswith(name, place) and _stands_alone(text, place, place + len(name)):
                return name
        return ""


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a name in ASCII letters or digits is not part of a longer word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_in_word(text[start]) and _in_word(before)) and not (
        _in_word(text[end - 1]) and _in_word(after)
    )


def _in_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, without the names of fields."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field in a value with its content, at any depth."""
    if isinstance(value, Mapping):
        for field, one in value.items():
            yield field, one
            yield from _fields(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _fields(one)


def _hidden_name(name: str) -> str:
    stripped = name.strip()
    return mask_name(stripped) if len(stripped) > 1 else "*"


def _hidden_number(number: str) -> str:
    digits = "".join(one for one in number if one.isalnum() or one == "+")
    if len(digits) > 2 * _TAIL:
        return mask_phone(digits)
    return "*" * (len(digits) - 2) + digits[-2:]


_HIDDEN: Mapping[Shape, Callable[[str], str]] = {
    Shape.HANDLE: _hidden_name,
    Shape.NUMBER: _hidden_number,
    Shape.MAIL: mask_mail,
}


def _is_identity_number(number: str) -> bool:
    """Tell whether a resident identity number's check character is right (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper()
