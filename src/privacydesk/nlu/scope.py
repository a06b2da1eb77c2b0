"""Builds requests from what was found in a message: what goes, what stays, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    ALL,
    PHONE,
    Fragment,
    Mention,
    MentionKind,
    Modality,
    Request,
)
from privacydesk.nlu.extractors import ages, contacts, periods, profile_values
from privacydesk.nlu.heads.parsed import FoundMention, FoundRequest, Parsed
from privacydesk.nlu.heads.stretches import Found
from privacydesk.nlu.labels import ACCOUNT, AGE, CONTACT, ROLES, Role
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import touch

_JOINTS: Final = frozenset(
    {
        "、", ",", ";", "&", "+", "/", "和", "及", "与", "跟", "同", "同埋", "以及", "还有",
        ",还有", "或", "或者", "加", "加上", "连同", "and", ", and", "or", ", or", "plus",
        "as well as", "dan", "atau",
    }
)  # fmt: skip
"""Separators and conjunctions between list items, folded."""
_PROFILE: Final = ("资料", "档案", "信息", "主页", "个资", "profile", "details", "info")
"""Words for all of a profile, folded; other words name a part of it: "my avatar"."""
_OF: Final = "的嘅"
"""Particles that may precede one."""
_RIGHT_BEFORE: Final = 3
"""Characters that may stand between a time and the thing that it limits: 国庆发的动态."""
_STOPS: Final = frozenset(",，.。;；、:：!！?？\n")
BELONGS: Final = 0.5
"""The probability from which one stretch belongs to another."""


@dataclass(slots=True)
class Scope:
    """Builds requests from what was found in a message.

    Attributes:
        today: the operator's day, which relative times count from.
        republic: whether two-digit years count from the Republic, as in Taiwan.
        parted: numbers of requests that share a thing with another request, where only the other
            one took its limit: 把去年的照片发我，然后删掉.
    """

    text: str
    parsed: Parsed
    today: date
    republic: bool = False
    parted: set[int] = field(default_factory=set)
    _periods: list[periods.Period | None] = field(init=False)

    def __post_init__(self) -> None:
        """Resolve the periods that determine their days by themselves."""
        words = [one.text(self.text) for one in self.parsed.whens]
        self._periods = [periods.resolve(one, self.today) for one in words]

    def requests(self) -> Iterator[tuple[int, Request]]:
        """Return the requests with their numbers in ``parsed``, in the order of the message.

        None of them is sure yet.
        """
        for number, found in enumerate(self.parsed.requests):
            if found.intent is not None:
                told = self._told(number)
                yield (
                    number,
                    Request(
                        found.intent,
                        found.modality,
                        found.holder,
                        sure=False,
                        include=self._mentions(number, Role.INCLUDE),
                        exclude=self._mentions(number, Role.EXCLUDE),
                        set=self._entries(told) if found.intent is Intent.RECTIFICATION else {},
                        age=self._age(told),
                        contact=self._contact(told),
                    ),
                )

    def fragment(self) -> Fragment | None:
        """Return what is named without saying what to do with it."""
        for number, found in enumerate(self.parsed.requests):
            if found.intent is None:
                told = self._told(number)
                include = self._mentions(number, Role.INCLUDE)
                return Fragment(
                    include,
                    without_all(self._mentions(number, Role.EXCLUDE), include),
                    self._entries(told),
                    self._age(told),
                    self._contact(told),
                    self._limit(),
                )
        return None

    @property
    def limits_nothing_named(self) -> bool:
        """Whether there is a period or qualifier, and no certain kind of data is named."""
        named = any(
            one.kind is MentionKind.CATEGORY and one.value != ALL for one in self.parsed.mentions
        )
        return bool(self.parsed.whens or self.parsed.qualifiers) and not named

    def overlooks(self, number: int) -> bool:
        """Return whether a time stands right before a thing of a request that it does not limit.

        删我国庆的动态: of what is named behind a time, only that time's is meant.
        """
        stretches = (
            *self.parsed.whens,
            *self.parsed.qualifiers,
            *self.parsed.values,
            *(one.stretch for one in self.parsed.mentions),
        )
        unread = [
            place
            for place in periods.names(self.text)
            if not any(touch(place, one.place) for one in stretches)
        ]
        role = ROLES.index(Role.INCLUDE)
        starts = [
            mention.stretch.place[0]
            for mention, roles in zip(self.parsed.mentions, self.parsed.roles[number], strict=True)
            if roles[role] >= BELONGS
        ]
        return any(
            0 <= start - end <= _RIGHT_BEFORE and not _STOPS.intersection(self.text[end:start])
            for _, end in unread
            for start in starts
        )

    def acts(self) -> tuple[Intent, ...]:
        """Return what a guardian wants done, each once."""
        wanted = (
            one.act
            for one in self.parsed.requests
            if one.intent is Intent.GUARDIAN
            and one.modality in {Modality.WISHED, Modality.CONDITIONAL}
        )
        return tuple(dict.fromkeys(wanted))

    def accounts(self) -> tuple[str, ...]:
        """Return the account names that are given."""
        return tuple(one.text(self.text) for one in self.parsed.values if one.type == ACCOUNT)

    def _limit(self) -> Mention | None:
        """Return a limit that stands alone, with nothing named: 去年的, "with Mei"."""
        if self.parsed.mentions or not (self.parsed.whens or self.parsed.qualifiers):
            return None
        whens, qualifiers = self.parsed.whens, self.parsed.qualifiers
        period = self._periods[0] if len(whens) == 1 else None
        if period is not None and len(qualifiers) <= 1:
            words = "".join(one.text(self.text) for one in qualifiers)
            return Mention(MentionKind.CATEGORY, ALL, period.since, period.until, words)
        places = [place for one in (*whens, *qualifiers) for place in one.place]
        return Mention(MentionKind.CATEGORY, ALL, qualifier=self.text[min(places) : max(places)])

    def _told(self, request: int) -> list[Found]:
        return [
            stretch
            for place, stretch in enumerate(self.parsed.values)
            if self.parsed.told[request, place] >= BELONGS
        ]

    def _mentions(self, request: int, role: Role) -> tuple[Mention, ...]:
        which = ROLES.index(role)
        found: dict[Mention, None] = {}
        for place, mention in enumerate(self.parsed.mentions):
            if self._has_role(request, place, which):
                found |= dict.fromkeys(self._narrowed(request, mention, place, which))
        return _lesser(tuple(found), role)

    def _has_role(self, request: int, mention: int, role: int) -> bool:
        """Return whether a request gives a mention a role.

        What stays of a thing that goes may be stated without naming it again: 和小美的留着.
        """
        roles = self.parsed.roles[request, mention] >= BELONGS
        if roles[role] or ROLES[role] is Role.INCLUDE or not roles.any():
            return bool(roles[role])
        return bool(self.parsed.narrowing[:, mention, role].max(initial=0.0) >= BELONGS)

    def _narrowed(
        self, request: int, mention: FoundMention, place: int, role: int
    ) -> Iterator[Mention]:
        """Return a mention once for each period and each qualifier that narrow it.

        A period and a qualifier narrow it together, unless they are items of a list.
        """
        whens = len(self.parsed.whens)
        which = mention.kind, mention.value
        dated: list[tuple[Found, periods.Period]] = []
        named: list[Found] = []
        for number, stretch in enumerate([*self.parsed.whens, *self.parsed.qualifiers]):
            if not self._narrows(number, place, role):
                continue
            if self._of_another(request, stretch, place, role):
                self.parted.add(request)
                continue
            period = self._period(number, mention) if number < whens else None
            if period is None:
                named.append(stretch)
            else:
                dated.append((stretch, period))
        told = mention.stretch.text(self.text)
        is_part = mention.value == "profile" and not any(one in fold(told) for one in _PROFILE)
        qualifiers = [one.text(self.text) for one in named] or [told] * is_part
        if any(self._are_listed(one, other, ROLES[role]) for one, _ in dated for other in named):
            # "Last year's and the ones with Mei" are two separate sets.
            yield from (Mention(*which, qualifier=one) for one in qualifiers)
            qualifiers = []
        for each in [one for _, one in dated] or [periods.Period(None, None)]:
            for qualifier in qualifiers or [""]:
                yield Mention(*which, each.since, each.until, qualifier)

    def _period(self, number: int, mention: FoundMention) -> periods.Period | None:
        """Return the days of a period; None where it has no closed form.

        "Older" and 之后 are relative to the only other period that narrows the same thing, and so
        is a day without its month: 五月的，除了20号的.
        """
        alike = [
            place
            for place, one in enumerate(self.parsed.mentions)
            if (one.kind, one.value) == (mention.kind, mention.value)
        ]
        others = {
            period
            for place, period in enumerate(self._periods)
            if period and self.parsed.narrowing[place, alike].max() >= BELONGS
        }
        own, words = self._periods[number], self.parsed.whens[number].text(self.text)
        others.discard(own)
        if len(others) != 1:
            return own
        other = others.pop()
        return periods.within(words, own, other) if own else periods.resolve_beside(words, other)

    def _are_listed(self, one: Found, other: Found, role: Role) -> bool:
        """Return whether two stretches are joined by "and", a comma or the like.

        和 may also mean "with": 去年的和小美的. Then the reading by which more stays is taken.
        """
        (_, end), (start, _) = sorted((one.place, other.place))
        between = fold(self.text[end:start]).strip()
        if between and between in _OF:
            return role is Role.EXCLUDE and fold(self.text[start]) in _JOINTS
        return between.lstrip(_OF).lstrip() in _JOINTS

    def _narrows(self, number: int, mention: int, role: int) -> bool:
        """Return whether a stretch narrows a mention; a period before a list narrows all items.

        That way less goes; what stays is narrowed only where that is stated.
        """
        narrowing = self.parsed.narrowing[..., role]
        if narrowing[number, mention] >= BELONGS:
            return True
        if ROLES[role] is Role.EXCLUDE:
            return False
        whens = len(self.parsed.whens)
        before = self._before_in_list(mention)
        if number >= whens or before is None or narrowing[:whens, mention].max() >= BELONGS:
            return False
        end = self.parsed.whens[number].place[1]
        first = end <= self.parsed.mentions[before].stretch.place[0]
        return first and self._narrows(number, before, role)

    def _before_in_list(self, mention: int) -> int | None:
        """Return the preceding list item with the same roles, if there is one: posts, photos."""
        mentions, roles = self.parsed.mentions, self.parsed.roles >= BELONGS
        start = mentions[mention].stretch.place[0]
        narrows = [one.place for one in (*self.parsed.whens, *self.parsed.qualifiers)]
        for place, other in enumerate(mentions):
            end = other.stretch.place[1]
            joint = fold(self.text[end:start]).strip(f" {_OF}")
            beside = end <= start and (not joint or joint in _JOINTS)
            beside = beside and other.kind is mentions[mention].kind
            between = any(end <= first and last <= start for first, last in narrows)
            if beside and not between and bool((roles[:, place] == roles[:, mention]).all()):
                return place
        return None

    def _of_another(self, request: int, stretch: Found, mention: int, role: int) -> bool:
        """Return whether a stretch is nearer to another request that gives a mention the role."""
        alike = [
            number
            for number, found in enumerate(self.parsed.requests)
            if self._has_role(number, mention, role)
            and (found.intent is not None or number == request)
        ]
        return request != min(alike, key=lambda one: _away(self.parsed.requests[one], stretch))

    def _entries(self, told: list[Found]) -> dict[str, str]:
        entries: dict[str, str] = {}
        for stretch in told:
            if stretch.type not in (AGE, CONTACT, ACCOUNT):
                words = stretch.text(self.text)
                if stretch.type == PHONE:
                    words = self._number_at(stretch) or words
                value = profile_values.profile_value(stretch.type, words, republic=self.republic)
                if value:
                    entries[stretch.type] = value
        return entries

    def _contact(self, told: list[Found]) -> str:
        for stretch in told:
            if stretch.type == CONTACT:
                return self._number_at(stretch) or stretch.text(self.text)
        return ""

    def _number_at(self, stretch: Found) -> str:
        """Return the whole address or number that a stretch overlaps; empty without one."""
        found = contacts.contacts(self.text)
        return next((one.value for one in found if touch((one.start, one.end), stretch.place)), "")

    def _age(self, told: list[Found]) -> int | None:
        stretches = [one for one in told if one.type == AGE]
        for age in ages.ages(self.text) if stretches else ():
            if any(touch((age.start, age.end), one.place) for one in stretches):
                return age.years
        return None


def without_all(exclude: tuple[Mention, ...], include: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """Return what stays, without all of what goes: "not all of them, only last year's".

    Only for what is read back before anything is done: of first messages so read, one in two
    hundred would lose something that should stay.
    """
    goes = {(one.kind, one.value) for one in include}
    return tuple(one for one in exclude if one.is_narrowed or (one.kind, one.value) not in goes)


def _lesser(mentions: tuple[Mention, ...], role: Role) -> tuple[Mention, ...]:
    """Return the mentions without those that are named twice, whole and narrowed.

    Nobody means both; of the two readings the one by which less goes is taken.
    """
    goes = role is Role.INCLUDE
    taken = {(one.kind, one.value) for one in mentions if one.is_narrowed is goes}
    return tuple(
        one for one in mentions if one.is_narrowed is goes or (one.kind, one.value) not in taken
    )


def _away(request: FoundRequest, stretch: Found) -> float:
    return abs(request.centre - sum(stretch.words) / 2)
