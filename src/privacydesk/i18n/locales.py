"""The locales the desk speaks, and how each one writes what is not a plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from babel import Locale


@dataclass(frozen=True)
class LocaleSpec:
    """One locale.

    Attributes:
        name: the folder under ``locales/`` and the value kept with conversations.
        tag: the BCP 47 tag that pages put into ``lang``.
        cldr: the CLDR locale whose dates, lists and numbers are used.
        date: CLDR pattern of a date without its year, weekday included.
        date_with_year: the same with the year.
        day: CLDR pattern of a date whose weekday is of no interest, such as a birthday.
        date_time: how a date and a time of day are joined.
        zone: how a zone's name follows a time.
        joint: what stands between the parts of a duration.
        citation: what stands between the parts of a citation.
        title: what a document's title is put in.
    """

    name: str
    tag: str
    cldr: str
    date: str
    date_with_year: str
    day: str
    date_time: str
    zone: str
    joint: str
    citation: str
    title: str

    @cached_property
    def babel(self) -> Locale:
        """The CLDR data; read when it is first needed."""
        return Locale.parse(self.cldr)


def _chinese(name: str, tag: str, cldr: str, joint: str) -> LocaleSpec:
    return LocaleSpec(
        name=name,
        tag=tag,
        cldr=cldr,
        date="M月d日 EEEE",
        date_with_year="y年M月d日 EEEE",
        day="y年M月d日",
        date_time="{date} {time}",
        zone="（{zone}）",
        joint=joint,
        citation="",
        title="《{}》",
    )


LOCALES: Final[Mapping[str, LocaleSpec]] = MappingProxyType(
    {
        "zh_Hans": _chinese("zh_Hans", "zh-Hans", "zh_Hans_CN", ""),
        "zh_Hant": _chinese("zh_Hant", "zh-Hant", "zh_Hant_TW", " "),
        "en": LocaleSpec(
            name="en",
            tag="en",
            cldr="en_GB",
            # English dates carry the year always: "3 December" alone reads as a day of the past.
            date="EEEE, d MMMM y",
            date_with_year="EEEE, d MMMM y",
            day="d MMMM y",
            date_time="{date}, {time}",
            zone=" ({zone})",
            joint=" ",
            citation=", ",
            title="{}",
        ),
    }
)
"""By name, the default first."""

DEFAULT_LOCALE: Final = "zh_Hans"
