"""What a sentence names that a slot could take. One module a family does the finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from privacydesk.domain.account_terms import DataCategory, ProfileField, Provider
from privacydesk.domain.scopes import PARTS_OF_PROFILE
from privacydesk.understanding.account_names import account_alone, account_names, accounts_of_others
from privacydesk.understanding.ages import child_age, own_age, told_age
from privacydesk.understanding.answering import Answering
from privacydesk.understanding.chosen import only_chooses
from privacydesk.understanding.commands import Commands
from privacydesk.understanding.consequences import asks_after, asks_consequence
from privacydesk.understanding.copy_first import copy_first
from privacydesk.understanding.danger import dangers
from privacydesk.understanding.dates import birthdays, births, date_pieces, dates, parts_of_dates
from privacydesk.understanding.described import MANY, described, only_some
from privacydesk.understanding.emptied import empties_entry, identity_number
from privacydesk.understanding.entries import (
    A_NAME,
    Told,
    avatar_meant,
    days_of_year,
    entries,
    gender_put_right,
    genders,
    left_as_they_are,
    name_meant,
    named_instead,
    part_of_name,
    values_wished,
    wrong_told,
)
from privacydesk.understanding.exceptions import called, exceptions, points_at_one
from privacydesk.understanding.idle_talk import is_abuse
from privacydesk.understanding.keeping import (
    Part,
    exception_in,
    keeps_account,
    parts,
    says_all_but,
    says_it_stays,
)
from privacydesk.understanding.letting_go import let_go
from privacydesk.understanding.lexicon_files import FAMILIES, Lexicon
from privacydesk.understanding.limits_of_some import limits_of_some
from privacydesk.understanding.named_users import named_users
from privacydesk.understanding.names import Names
from privacydesk.understanding.new_values import old_values
from privacydesk.understanding.normalise import normalise, plain
from privacydesk.understanding.other_people import other_people
from privacydesk.understanding.own_things import for_oneself, own_wish
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.periods import as_one_limit, clauses_of, periods, place_in
from privacydesk.understanding.phones import changes_phone, phone_listed, phones
from privacydesk.understanding.phrases import Phrases, folded, outermost
from privacydesk.understanding.plain_answers import PlainAnswers
from privacydesk.understanding.send_to import send_to
from privacydesk.understanding.taking_back import disowned, left_for_another, taken_back
from privacydesk.understanding.telling import tells, tells_nothing, told_already
from privacydesk.understanding.ticket_numbers import misread_numbers, ticket_numbers
from privacydesk.understanding.unlisted import unlisted
from privacydesk.understanding.wanting import wants

Finder = Callable[[str], tuple[Any, ...]]
"""Takes a folded text, returns the values of one kind in it."""

_FAMILIES: Final = frozenset(FAMILIES)


class Entities:
    """Finds the values of slot types in a text."""

    def __init__(self, lexicon: Lexicon) -> None:
        answers, commands = Answering(lexicon), Commands(lexicon)
        self._names = Names(lexicon)
        self._phrases: Phrases[str] = Phrases(
            (folded(word), meaning) for meaning, words in lexicon.phrases.items() for word in words
        )
        self._finders: Mapping[str, Finder] = {
            **_FINDERS,
            "answer": answers.find,
            "answer_alone": answers.find_alone,
            "plain_answer": PlainAnswers(lexicon).find,
            "command": commands.command,
            "language": commands.language,
            "phrase": self._phrases_in,
            "only_chooses": self._only_chooses,
        }

    def find(self, text: str, kinds: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Return kind to values, in the order they appear; kinds without a value are missing.

        Kinds that nothing here finds are left out like those that were not found.
        """
        words = normalise(text)
        if not words:
            return {}
        found: dict[str, tuple[Any, ...]] = {}
        if not _FAMILIES.isdisjoint(kinds):
            found.update(self._named(words, kinds))
        if "profile_field" in kinds:
            self._find_entries(text, words, kinds, found)
        limited = self._part_all(words, kinds, found)
        for kind in kinds:
            finder = self._finders.get(kind)
            if finder is not None:
                values = finder(words)
            elif kind in _AS_WRITTEN:
                values = _AS_WRITTEN[kind](text)
            else:
                continue
            if values:
                found[kind] = values
        if "period" in kinds:
            self._limit(text, words, found, limited=limited)
        return found

    def _limit(
        self, text: str, words: str, found: dict[str, tuple[Any, ...]], *, limited: bool
    ) -> None:
        """Limit a wish by what stays of the kind that goes, beside the time that limits it."""
        named = found.get("category", ())
        if named:
            several = len(named) > 1
            of_some = limits_of_some(text, self._categories_in, self._limit_in) if several else ()
            told = as_one_limit(*(of_some or (self._limit_in(text),)))
            if told:
                found["period"] = told
        if named == (_PROFILE,) and not found.get("period") and "only_kept" not in found:
            found.update(self._part_of_profile(text, words))
        if not found.get("period"):
            alone = only_some(text)
            if alone:
                found["period"] = (alone,)
        self._limit_by_place(text, words, found)
        stays = [exception_in(plain(text))] if limited else []
        if says_it_stays(words):
            stays += exceptions(clauses_of(text), self._names_anything)
            if set(found.get("category", ())) - set(found.get("only_kept", ())):
                named_so = called(clauses_of(text), self._names_anything)
                stays += (one for one in named_so if one not in stays)
        told = found.get("period", ())
        fresh = tuple(one for one in stays if one and not any(one in limit for limit in told))
        if fresh:
            found["period"] = as_one_limit(*told, *fresh)
            found["kept_some"] = as_one_limit(*fresh)
        elif told and told[0] in stays:
            found["kept_some"] = told

    def _part_of_profile(self, text: str, words: str) -> dict[str, tuple[Any, ...]]:
        """Limit the profile to what is named of it: whoever deletes an avatar keeps the rest."""
        places = self._names.places(words, "category", frozenset({_PROFILE}))
        written = _SPACES.sub(" ", plain(text)).strip()
        told = written if len(written) == len(words) else words
        said = tuple(dict.fromkeys(told[start:end] for start, end in places))
        if not said or not all(one.lower() in PARTS_OF_PROFILE for one in said):
            return {}
        return {"period": as_one_limit(*said)}

    def _limit_by_place(self, text: str, words: str, found: dict[str, tuple[Any, ...]]) -> None:
        """Limit a wish by where in the account things lie: "the ones in my profile"."""
        place = place_in(words)
        if not place:
            return
        # Of the photos "the ones in my profile" go, and not the profile.
        where = self._of("category", place)
        others = tuple(one for one in found.pop("category", ()) if one not in where)
        if others:
            found["category"] = others
        said = found.get("period", ())
        if not any(place in normalise(one) for one in said):
            # "But not the ones on Sam's posts" has the place with what is said of it.
            besides = (one for one in said if normalise(one) not in place)
            found["period"] = as_one_limit(*besides, _as_written(text, place))

    def _categories_in(self, written: str) -> tuple[str, ...]:
        return self._of("category", normalise(written))

    def _limit_in(self, written: str) -> str:
        """Return what limits the kinds that a text names, if need be in the words around them."""
        known = next(iter(periods(written)), "")
        return described(written, self._places_of_many, known) or known

    def _places_of_many(self, words: str) -> list[tuple[int, int]]:
        return self._names.places(words, "category", MANY)

    def _names_anything(self, words: str) -> bool:
        if self._named(words, _MAY_STAY):
            return True
        return bool(self._named(words, ("profile_field",))) and not points_at_one(words)

    def _part_all(
        self, words: str, kinds: Sequence[str], found: dict[str, tuple[Any, ...]]
    ) -> bool:
        """Part what stays from what goes; tell whether a part of something stays."""
        limited = False
        for family in _MAY_STAY:
            if f"kept_{family}" in kinds and found.get(family):
                limited |= self._part_what_stays(words, family, found)
        return limited

    def _leave_as_they_are(self, text: str, found: dict[str, tuple[Any, ...]]) -> None:
        """Take the entries that shall stay as they are from those that are named."""
        stays = left_as_they_are(text, self._fields_in)
        if not stays:
            return
        others = tuple(one for one in found.pop("profile_field") if one not in stays)
        if others:
            found["profile_field"] = others

    def _find_entries(
        self, text: str, words: str, kinds: Sequence[str], found: dict[str, tuple[Any, ...]]
    ) -> None:
        """Find which entries of the profile are spoken of, and what is told of each."""
        if not found.get("profile_field"):
            if gender_put_right(text) is None:
                return
            found["profile_field"] = (_GENDER,)
        self._pair_entries(text, kinds, found)
        instead = self._fields_in(named_instead(words))
        if instead and "entry_instead" in kinds:
            found["entry_instead"] = instead

    def _pair_entries(
        self, text: str, kinds: Sequence[str], found: dict[str, tuple[Any, ...]]
    ) -> None:
        """Tell which entry of the profile gets which value, and forget those that stay."""
        self._leave_as_they_are(text, found)
        told = entries(text, self._fields_or_name_in)
        put_right = gender_put_right(text) if found.get("profile_field") == (_GENDER,) else None
        if put_right is not None and not told:
            told = (Told((_GENDER, *put_right), new=True),)
        fields = tuple(one for one in told if one.entry[0] != A_NAME)
        # Where an entry was asked for, what is only told of it will do: 昵称叫小雨.
        pairs = {
            "entry": tuple(one.entry for one in fields if one.new),
            "entry_told": tuple(one.entry for one in fields),
            "name_value": tuple(one.entry[1] for one in told if one.new and one not in fields),
        }
        found.update({kind: values for kind, values in pairs.items() if values and kind in kinds})

    def _fields_in(self, words: str) -> tuple[str, ...]:
        return self._of("profile_field", words)

    def _fields_or_name_in(self, words: str) -> tuple[str, ...]:
        return self._fields_in(words) or ((A_NAME,) if name_meant(words) else ())

    def _part_what_stays(self, words: str, family: str, found: dict[str, tuple[Any, ...]]) -> bool:
        """Take what shall stay from what a sentence names of a family.

        Others have to remain, or "everything" to be said: "delete everything except the photos".
        Else what stays is told beside, and stays among what is named.

        Returns:
            Whether a part of something stays that goes otherwise: "all photos but last year's".
        """
        named = found[family]
        said = tuple(parts(words, family))
        goes = {one for part in said if not part.stays for one in self._of(family, part.said)}
        kept: set[str] = set()
        limited = False
        for part in said:
            here = set(self._of(family, part.said)) if part.stays else set()
            of_it = here & goes
            rest = of_it == goes or _REST_OF.search(words) is not None
            if of_it and rest and family == "category" and _limits(part):
                limited = True
                here -= of_it
            elif of_it and _REST_OF.search(part.said):
                # 我和小美的合照删掉，其他照片别动: what goes is told apart where it is named.
                here -= of_it
            kept |= here
        stays = tuple(one for one in named if one in kept)
        if not stays:
            return limited
        others = tuple(one for one in named if one not in kept)
        if not others and family == "category" and _keeps_only_some(said):
            # 有我妈的照片别删，其他都删: the others of that kind go, and no more.
            return True
        # 动态全部给我删掉评论就不用删, heard as one clause, keeps one of two and not both.
        blurred = any(
            part.stays and not part.excepted and len(set(self._of(family, part.said))) > 1
            for part in said
            if _EVERYTHING.search(part.said) and not _REST_OF.search(part.said)
        )
        if not others and (blurred or "everything" not in self._phrases_in(words)):
            found["only_kept"] = (*found.get("only_kept", ()), *stays)
            return limited
        found[f"kept_{family}"] = stays
        if others:
            found[family] = others
        else:
            del found[family]
        return limited

    def _of(self, family: str, words: str) -> tuple[str, ...]:
        return self._named(words, (family,)).get(family, ())

    def _named(self, words: str, kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return what a text names of the families; among kinds of data 充值 is one of them."""
        found = dict(self._names.find(words, kinds))
        named = found.get("category", ())
        logins = found.get("provider", ())
        if logins and _PHONE not in logins and phone_listed(words):
            found["provider"] = (*logins, _PHONE)
        if named and _RECHARGE not in named and _LISTED_RECHARGE.search(words) is not None:
            found["category"] = (*named, _RECHARGE)
        return found

    def _only_chooses(self, words: str) -> tuple[str, ...]:
        named = self._of("category", words)
        return ("yes",) if named and only_chooses(self._names.besides(words)) else ()

    def _phrases_in(self, words: str) -> tuple[str, ...]:
        said = words.strip(_OUTER)
        hits = self._phrases.find(said)
        # In "her parents work elsewhere" no father speaks, though 爸妈 has one in it.
        related = outermost(hit for hit in hits if hit.means in _RELATED)
        heard = (hit.means for hit in hits if hit.means not in _RELATED or hit in related)
        # "All but the photos" has no word for everything that would not be of the photos alone.
        everything = ("everything",) if says_all_but(words) else ()
        adds = ("also",) if _ADDS.match(said) else ()
        phrases = dict.fromkeys((*heard, *everything, *adds, *asks_after(words)))
        if "everything" in phrases and not self._of("category", words) and unlisted(words):
            phrases["specific"] = None
        return tuple(phrases)


def _one_age(find: Callable[[str], int | None]) -> Callable[[str], tuple[int, ...]]:
    def finder(words: str) -> tuple[int, ...]:
        age = find(words)
        return () if age is None else (age,)

    return finder


_GENDER: Final = ProfileField.GENDER.value
_PROFILE: Final = DataCategory.PROFILE.value
_SPACES: Final = lazily(r"[^\S\n]+")
_RECHARGE: Final = DataCategory.RECHARGE.value
_RECHARGED: Final = r"(?:充值|储值|消费|花的钱|花过的钱|花了多少钱)"
_LINK: Final = r"(?:[和跟与及同、]|以及|还有|同埋)"
# 聊天记录和充值 lists kinds of data; 充值没到账 by itself, or beside one, is no such kind.
_LISTED_RECHARGE: Final = lazily(
    rf"{_LINK} ?(?:我的|我嘅|我|所有的?|全部)?{_RECHARGED}(?:的|过的|了的)?"
    r"(?=$|[\s,。.!?;、和跟与及同]|以及|还有|都|也|给|发|导|看|吗|呢|吧|删|记录|情况)"
    rf"|{_RECHARGED} ?{_LINK}"
    r"|\b(?:and|or|,) (?:all )?(?:my |the )?(?:top[- ]?ups?|recharges?|spending|purchases?)"
    r"(?=$|[\s,.!?;]*$|,| (?:and|please|too)\b)"
)

_PHONE: Final = Provider.PHONE.value


_MAY_STAY: Final = ("category", "provider", "purpose")
"""Families of which some may go and some may stay."""
_REST_OF: Final = lazily(r"别的|其[他它余]|剩下|\b(?:others?|rest|remaining)\b")

_EVERYTHING: Final = lazily(r"全|所有|一切|都|统统|通通|晒|\b(?:all|every\w*)\b")

# "And location" adds one thing; "and what happens then" goes on.
_ADDS: Final = lazily(
    r"(?:and|plus) (?:(?:my|the|all) )?(?!(?:my|the|all|i|it|then|what|why|how|when|you|we|he|she"
    r"|they|that|this|there|now|so|no|if|please|can|will|is|are)\b)"
)

_RELATED: Final = frozenset({"mother", "father", "guardian", "parents"})
"""What somebody is to a child; a word of these inside a longer one speaks for nothing."""

_FINDERS: Final[Mapping[str, Finder]] = {
    "ticket_number": ticket_numbers,
    "misread_number": misread_numbers,
    "date": dates,
    "birthday": birthdays,
    "birth": births,
    "part_of_date": parts_of_dates,
    "date_piece": date_pieces,
    "day_of_year": days_of_year,
    "gender": genders,
    "name_meant": name_meant,
    "avatar_meant": avatar_meant,
    "part_of_name": part_of_name,
    "entry_emptied": lambda words: ("yes",) if empties_entry(words) else (),
    "identity_number": lambda words: ("yes",) if identity_number(words) else (),
    "phone": phones,
    "phone_changes": changes_phone,
    "own_age": _one_age(own_age),
    "age": _one_age(told_age),
    "child_age": _one_age(child_age),
    "in_danger": dangers,
    "taken_back": lambda words: taken_back(words) or left_for_another(words),
    "disowned": disowned,
    "account_stays": lambda words: ("yes",) if keeps_account(words) else (),
    "somebody_else": other_people,
    "named_user": named_users,
    "copy_first": copy_first,
    "phone_listed": lambda words: ("yes",) if phone_listed(words) else (),
    "own_thing": lambda words: ("yes",) if own_wish(words) else (),
    "for_oneself": for_oneself,
    "let_go": lambda words: (which,) if (which := let_go(words)) else (),
    "tells": lambda words: ("yes",) if tells(words) else (),
    "tells_nothing": lambda words: ("yes",) if tells_nothing(words) else (),
    "abuse": lambda words: ("yes",) if is_abuse(words) else (),
    "told_already": lambda words: ("yes",) if told_already(words) else (),
    "wants": lambda words: ("yes",) if wants(words) else (),
    "consequence": lambda words: ("asked",) if asks_consequence(words) else (),
}

_AS_WRITTEN: Final[Mapping[str, Finder]] = {
    "account_name": account_names,
    "account_alone": account_alone,
    "others_account": accounts_of_others,
    "new_value": values_wished,
    "wrong_told": wrong_told,
    "old_value": old_values,
    "send_to": send_to,
    "period": periods,
}
"""Kinds whose values are the person's own words."""


def _keeps_only_some(said: Iterable[Part]) -> bool:
    """Tell whether some of a kind stays, and the others go without being named."""
    clauses = tuple(said)
    some = any(part.stays and not part.excepted and periods(part.said) for part in clauses)
    return some and any(not part.stays and _REST_OF.search(part.said) for part in clauses)


def _as_written(text: str, words: str) -> str:
    """Return folded words of a text as they were written, where only their case tells."""
    written = plain(text)
    at = written.casefold().find(words)
    return written[at : at + len(words)] if at >= 0 else words


def _limits(part: Part) -> bool:
    """Tell whether what stays is a part of its kind: by when it was, or as an exception."""
    return part.excepted or bool(periods(part.said))


_OUTER: Final = " \n.,!?;:。~…"
"""Punctuation around a message that keeps a phrase from being the whole of it."""
