"""Contacts in the spellings that people use to get them past filters.

A word for a contact channel (``加我微信``, ``whatsapp``, ``邮箱``) announces what follows: a
handle, a number, an address. The words that announce, what may stand between, and letters that are
no name are data (``rules.yaml``); this module matches what is announced. Texts are normalised for
comparison: full-width as half-width, numerals of any script as digits, without case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct


class Shape(StrEnum):
    """What a contact looks like."""

    HANDLE = "handle"
    NUMBER = "number"
    SHORT_NUMBER = "short_number"
    """A messenger's number instead of a handle; found only where it is announced."""
    MAIL = "mail"


class Spelled(Struct, frozen=True):
    """A contact in a text.

    Attributes:
        start: where it begins.
        end: where it ends.
        plain: normalised to digits, a lower-case handle or a mail address.
    """

    start: int
    end: int
    plain: str
    shape: Shape


class Cues(Struct, frozen=True):
    """Words that announce a contact.

    Attributes:
        words: matches one.
        announced: what may follow each word.
        joint: matches what may stand between, such as ``号是``.
        naming: joints after which letters alone are a handle.
        leads: words before a cue that make letters alone after it a handle.
        no_names: letters that name a product or a thing.
        units: make the number before them an amount.
    """

    words: re.Pattern[str]
    announced: Mapping[str, frozenset[Shape]]
    joint: re.Pattern[str]
    naming: frozenset[str]
    leads: tuple[str, ...]
    no_names: frozenset[str]
    units: re.Pattern[str]

    def of(self, word: str) -> frozenset[Shape]:
        """Return what a word, as found in a text, announces."""
        return self.announced[word] if word in self.announced else self.announced[_spaceless(word)]


def _spaceless(word: str) -> str:
    return word.replace(" ", "")


_MOST_JOINTS: Final = 5
_LEAD: Final = 4
"""Characters before a cue that are searched for a lead."""
_FEWEST: Final = {Shape.SHORT_NUMBER: 5, Shape.NUMBER: 7}
"""The fewest digits of a number."""
_SHORTEST_HANDLE: Final = 5
_SAME: Final = "〇零○洞 一壹幺 二贰貳两兩 三叁參 四肆 五伍 六陆陸 七柒拐 八捌 九玖"
_NUMERALS: Final = {
    ord(one): str(digit) for digit, same in enumerate(_SAME.split()) for one in same
}
_BETWEEN: Final = r"[ \-·_*~()]{0,3}"
_DIGITS: Final = re.compile(rf"[+(]{{0,2}}\d(?:{_BETWEEN}\d){{4,14}}")
_ANNOUNCED_DIGITS: Final = re.compile(r"[+(]{0,2}\d(?:[ \-·_*~(),、]{0,3}\d){4,14}")
_SCRIPTS: Final = re.compile(r"[^ -~](?=[a-z])|[a-z](?=[^ -~])")
"""Where Latin letters meet other characters, which some separate with a blank."""
_DATE: Final = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}")
_WORDS: Final = {
    word: str(digit)
    for digit, words in enumerate(
        ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for word in words.split()
}
_IN_WORDS: Final = re.compile(
    r"(?:{0})(?:[ ,-]{{1,2}}(?:{0})){{6,14}}(?![a-z])".format("|".join(_WORDS))
)
_HANDLE: Final = re.compile(r"[a-z0-9_][a-z0-9_.#-]{3,39}")
_LETTERS: Final = re.compile(r"[a-z]+")
_MOBILE: Final = re.compile(r"(?:0{0,2}86)?(1[3-9]\d{9})")
_LABEL: Final = r"[a-z0-9_-]{1,63}"
_DOT: Final = r" ?(?:\(dot\)|\[dot\]|点|點| dot ) ?"
_LOCAL: Final = rf"{_LABEL}(?:(?:\.|\+|{_DOT}){_LABEL}){{0,3}}"
_AT: Final = r" ?(?:@|艾特|小老鼠|\(at\)|\[at\]|\{at\}|<at>) ?"
_MAILS: Final = (
    re.compile(rf"(?<![\w.+-]){_LOCAL}{_AT}{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{1,3}}"),
    # "Look at example.com" names nobody, so here the dots must be spelled out, too.
    re.compile(rf"(?<![\w.+-]){_LOCAL} at {_LABEL}(?:{_DOT}{_LABEL}){{1,3}}"),
)
_ANNOUNCED_MAIL: Final = re.compile(
    rf"{_LOCAL}(?: at | ?# ?){_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{1,3}}"
)
_AS_SIGNS: Final = ((re.compile(rf"{_AT}| at | ?# ?"), "@"), (re.compile(_DOT), "."))


@lru_cache(maxsize=8192)
def _read(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character


def folded(text: str) -> str:
    """Return a text normalised, each character at its old offset."""
    return "".join(map(_read, text))


def compact(text: str) -> str:
    """Return a contact reduced to letters, digits and ``@`` for comparison."""
    return "".join(one for one in folded(text).translate(_NUMERALS) if one.isalnum() or one == "@")


def read_cues(raw: Mapping[str, Iterable[str]]) -> Cues:
    """Read the words that announce a contact; see ``rules.yaml`` for the lists' names."""
    announced: dict[str, set[Shape]] = {}
    for name, shapes in _LISTS.items():
        for word in raw[name]:
            announced.setdefault(folded(word), set()).update(shapes)
    naming = frozenset(map(folded, raw["naming"]))
    return Cues(
        words=_any_of(announced),
        announced={word: frozenset(shapes) for word, shapes in announced.items()},
        joint=_any_of((*naming, *map(folded, raw["between"]))),
        naming=naming,
        leads=tuple(map(folded, raw["leads"])),
        no_names=frozenset(map(folded, raw["no_names"])),
        units=_any_of(map(folded, raw["units"])),
    )


_LISTS: Final = {
    "messengers": (Shape.HANDLE, Shape.SHORT_NUMBER),
    "ambiguous": (Shape.HANDLE,),
    "phones": (Shape.NUMBER,),
    "mails": (Shape.MAIL,),
}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for the longest of some words; none matches inside a Latin word."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(_bounded, ordered)))


def _bounded(word: str) -> str:
    before = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![a-z])" if word[-1].isascii() and word[-1].isalnum() else ""
    parted = _SCRIPTS.sub(r"\g<0> ?", re.escape(word))
    return f"{before}{parted}{after}"


def spelled_contacts(text: str, cues: Cues) -> list[Spelled]:
    """Return the contacts in a text that are spelled out or announced, in order, none twice."""
    read = folded(text)
    found = sorted(
        (*_mails(read), *_mobiles(read), *_announced(read, cues)),
        key=lambda one: (one.start, -one.end),
    )
    kept: list[Spelled] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _mails(read: str) -> Iterator[Spelled]:
    if any(sign in read for sign in ("at", "艾特", "@", "小老鼠")):
        for pattern in _MAILS:
            for match in pattern.finditer(read):
                yield _mail(match)


def _mail(match: re.Match[str]) -> Spelled:
    plain = match[0]
    for pattern, sign in _AS_SIGNS:
        plain = pattern.sub(sign, plain)
    return Spelled(match.start(), match.end(), plain.replace(" ", ""), Shape.MAIL)


def _mobiles(read: str) -> Iterator[Spelled]:
    """Yield mobile numbers in numerals; those in digits are found by a library."""
    numbers = read.translate(_NUMERALS)
    if numbers == read:
        return
    for match in _DIGITS.finditer(numbers):
        digits = compact(match[0])
        if read[match.start() : match.end()] != match[0] and _MOBILE.fullmatch(digits):
            yield Spelled(match.start(), match.end(), digits, Shape.NUMBER)


def _announced(read: str, cues: Cues) -> Iterator[Spelled]:
    numbers = read.translate(_NUMERALS)
    for cue in cues.words.finditer(read):
        place, names = _behind_joints(read, cue, cues)
        found = _at(read, numbers, place, cues.of(cue[0]), names=names, cues=cues)
        if found is not None:
            yield found


def _behind_joints(read: str, cue: re.Match[str], cues: Cues) -> tuple[int, bool]:
    """Return where the announced contact begins, and whether letters alone may be one."""
    place, names = (
        cue.end(),
        read[max(0, cue.start() - _LEAD) : cue.start()].rstrip().endswith(cues.leads),
    )
    for _ in range(_MOST_JOINTS):
        joint = cues.joint.match(read, _behind_blanks(read, place))
        if joint is None:
            break
        place, names = joint.end(), names or joint[0] in cues.naming
    return _behind_blanks(read, place), names


def _behind_blanks(read: str, place: int) -> int:
    return next((n for n in range(place, min(len(read), place + 3)) if read[n] != " "), place)


def _at(
    read: str, numbers: str, place: int, shapes: frozenset[Shape], *, names: bool, cues: Cues
) -> Spelled | None:
    """Return the contact of an announced shape that begins at a place."""
    if Shape.MAIL in shapes and (mail := _ANNOUNCED_MAIL.match(read, place)):
        return _mail(mail)
    fewest = min((_FEWEST[one] for one in shapes if one in _FEWEST), default=0)
    if fewest and (number := _number(read, numbers, place, fewest, cues)):
        return number
    return _handle(read, place, names=names, cues=cues) if Shape.HANDLE in shapes else None


def _number(read: str, numbers: str, place: int, fewest: int, cues: Cues) -> Spelled | None:
    words = _IN_WORDS.match(read, place)
    if words is not None:
        digits = "".join(_WORDS[one] for one in _LETTERS.findall(words[0]))
        return Spelled(place, words.end(), digits, Shape.NUMBER)
    match = _ANNOUNCED_DIGITS.match(numbers, place)
    if match is None or _DATE.match(read, place):
        return None
    digits, end = compact(match[0]), match.end()
    counted = cues.units.match(read, _behind_blanks(read, end))
    part = end < len(read) and (read[end].isascii() and read[end].isalnum())
    if len(digits) < fewest or counted or part:
        return None
    return Spelled(place, end, digits, Shape.NUMBER)


def _handle(read: str, place: int, *, names: bool, cues: Cues) -> Spelled | None:
    match = _HANDLE.match(read, place)
    if match is None:
        return None
    handle = match[0].rstrip(".#-")
    letters = _LETTERS.match(handle)
    if len(handle) < _SHORTEST_HANDLE or (letters and letters[0] in cues.no_names):
        return None
    end = place + len(handle)
    if handle.isalpha():
        # In Latin letters, words of a sentence are followed by others.
        names = names and _LETTERS.match(read, _behind_blanks(read, end)) is None
    return Spelled(place, end, handle, Shape.HANDLE) if names or not handle.isalpha() else None
