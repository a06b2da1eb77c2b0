"""The supported locales, with their formats of dates, durations and citations."""

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
    """A locale.

    Attributes:
        name: the folder in ``locales/``, and the value stored with conversations.
        tag: the BCP 47 tag for the ``lang`` attribute of pages.
        cldr: the CLDR locale for dates, lists and numbers.
        date: the CLDR pattern of a date with weekday, without year.
        date_with_year: the same with the year.
        date_short: the short form for lists, without year.
        date_short_with_year: the same with the year.
        date_bare: the short form without weekday and year, for the ends of a stretch of days.
        day: the CLDR pattern of a date without weekday, such as a birthday.
        month: the pattern of a month with its year.
        year: the pattern of a year.
        date_time: the format of a date with a time of day.
        zone: the format of a time zone's name after a time.
        separator: the separator between the parts of a duration.
        cite: formats a citation from the title of a document and a number in it.
        and_also: the conjunction before the last item of a list whose items already contain the
            usual word for "and"; may be empty.
    """

    name: str
    tag: str
    cldr: str
    date: str
    date_with_year: str
    date_short: str
    date_short_with_year: str
    date_bare: str
    day: str
    month: str
    year: str
    date_time: str
    zone: str
    separator: str
    cite: Callable[[str, str], str]
    and_also: str

    @cached_property
    def babel(self) -> Locale:
        """The CLDR data, loaded on first use."""
        return Locale.parse(self.cldr)


def _chinese(
    name: str, tag: str, cldr: str, separator: str, cite: Callable[[str, str], str]
) -> LocaleSpec:
    return LocaleSpec(
        name=name,
        tag=tag,
        cldr=cldr,
        date="M月d日 EEEE",
        date_with_year="y年M月d日 EEEE",
        date_short="M月d日 EEE",
        date_short_with_year="y年M月d日 EEE",
        date_bare="M月d日",
        day="y年M月d日",
        month="y年M月",
        year="y年",
        date_time="{date} {time}",
        zone="（{zone}）",
        separator=separator,
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
            # English dates always have the year: "3 December" alone may seem to be in the past.
            date="EEEE, d MMMM y",
            date_with_year="EEEE, d MMMM y",
            date_short="EEE d MMM",
            date_short_with_year="EEE d MMM y",
            date_bare="d MMM",
            day="d MMMM y",
            month="MMMM y",
            year="y",
            date_time="{date}, {time}",
            zone=" ({zone})",
            separator=" ",
            cite=citations.english,
            and_also="",
        ),
    }
)
"""The supported locales by name, the default first."""

DEFAULT_LOCALE: Final = "zh_Hans"
