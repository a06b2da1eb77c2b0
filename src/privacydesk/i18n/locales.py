"""The locales of the desk, and their formats for everything that is not a plain sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from babel import Locale

from privacydesk.i18n import citations


@dataclass(frozen=True)
class LocaleSpec:
    """One locale.

    Attributes:
        name: the folder under ``locales/`` and the value kept with conversations.
        tag: the BCP 47 tag that pages put into ``lang``.
        cldr: the CLDR locale whose dates, lists and numbers are used.
        date: CLDR pattern of a date without its year, weekday included.
        date_with_year: the same with the year.
        date_short: the short form for lists, without its year.
        date_short_with_year: that with the year.
        day: CLDR pattern of a date whose weekday does not matter, such as a birthday.
        month: the same where no day is known.
        year: the same where no month is known.
        date_time: joins a date and a time of day.
        zone: adds a zone's name to a time.
        joint: stands between the parts of a duration.
        cite: words a citation, of a document's title and a number in it.
        and_also: joins the last of a list whose items hold the usual word for "and"; may be empty.
    """

    name: str
    tag: str
    cldr: str
    date: str
    date_with_year: str
    date_short: str
    date_short_with_year: str
    day: str
    month: str
    year: str
    date_time: str
    zone: str
    joint: str
    cite: Callable[[str, str], str]
    and_also: str

    @cached_property
    def babel(self) -> Locale:
        """The CLDR data; read on first use."""
        return Locale.parse(self.cldr)


def _chinese(
    name: str, tag: str, cldr: str, joint: str, cite: Callable[[str, str], str]
) -> LocaleSpec:
    return LocaleSpec(
        name=name,
        tag=tag,
        cldr=cldr,
        date="M月d日 EEEE",
        date_with_year="y年M月d日 EEEE",
        date_short="M月d日 EEE",
        date_short_with_year="y年M月d日 EEE",
        day="y年M月d日",
        month="y年M月",
        year="y年",
        date_time="{date} {time}",
        zone="（{zone}）",
        joint=joint,
        cite=cite,
        and_also="以及",
    )


LOCALES: Final[Mapping[str, LocaleSpec]] = MappingProxyType(
    {
        "zh_Hans": _chinese("zh_Hans", "zh-Hans", "zh_Hans_CN", "", str.__add__),
        "zh_Hant": _chinese("zh_Hant", "zh-Hant", "zh_Hant_TW", " ", citations.traditional),
        "en": LocaleSpec(
            name="en",
            tag="en",
            cldr="en_GB",
            # English dates always have the year: "3 December" alone reads as a day of the past.
            date="EEEE, d MMMM y",
            date_with_year="EEEE, d MMMM y",
            date_short="EEE d MMM",
            date_short_with_year="EEE d MMM y",
            day="d MMMM y",
            month="MMMM y",
            year="y",
            date_time="{date}, {time}",
            zone=" ({zone})",
            joint=" ",
            cite=citations.english,
            and_also="",
        ),
    }
)
"""By name, the default first."""

DEFAULT_LOCALE: Final = "zh_Hans"
