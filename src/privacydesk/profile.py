"""The operator profile: the operator's own facts, in a YAML file the operator keeps.

Self-service paths, mailboxes, clauses, refusal remedies, zone, calendar and waiting times live here
and are never hard-coded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from privacydesk.calendars import CODES, regime
from privacydesk.dialog.rules import Rules
from privacydesk.domain.clocks import StartsFrom
from privacydesk.domain.deadlines import Unit
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.notices import PROMISED_NOTICES, NoticeChannel, Occasion
from privacydesk.domain.quotas import FilingRules
from privacydesk.domain.shifts import Shift
from privacydesk.domain.ticketing import STATE_NAMES, Fact, StaffText, TicketingMap
from privacydesk.domain.verification_codes import CodeRules
from privacydesk.errors import SettingsError
from privacydesk.policy.clauses import CLAUSE_NAMES, ClauseMap
from privacydesk.services.deadlines import DeadlineRules
from privacydesk.services.quiet_hours import QuietHours
from privacydesk.services.staff.decisions import SECOND_EYES
from privacydesk.system_errors import translate_os_errors

# libyaml reads it ten times as fast as the loader in Python; both are safe loaders.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SHIPPED_LOCALES = frozenset({"zh_Hans", "zh_Hant", "en"})
"""The shipped languages; an operator's own sentences are needed in each."""
_Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 30)]
_WAYS = (NoticeChannel.SMS, NoticeChannel.MAIL, NoticeChannel.PUSH)
_Days = Annotated[int, Field(ge=1, le=3650)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CodeSection(_Section):
    """How one-time codes are counted."""

    lifetime_minutes: _Minutes = 5
    entries: Annotated[int, Field(ge=1, le=10)] = 3
    waits_seconds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [
        60, 120, 300, 900,
    ]  # fmt: skip
    daily_cap: Annotated[int, Field(ge=1, le=50)] = 6
    daily_failures: Annotated[int, Field(ge=1, le=100)] = 10
    daily_contacts: Annotated[int, Field(ge=1, le=50)] = 3
    daily_codes: Annotated[int, Field(ge=1, le=200)] = 12
    hourly_contacts: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    hourly_accounts: Annotated[int, Field(ge=1, le=1_000_000)] = 3_000
    origin_percent: Annotated[int, Field(ge=1, le=100)] = 10
    reserve_percent: Annotated[int, Field(ge=0, le=90)] = 30
    countries: list[Annotated[int, Field(ge=1, le=999)]] = [86, 852, 853, 886, 65]


class FilingSection(_Section):
    """How many requests may be filed."""

    daily: Annotated[int, Field(ge=1, le=10_000)] = 60
    hourly_strangers: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    origin_percent: Annotated[int, Field(ge=1, le=100)] = 10
    reserve_percent: Annotated[int, Field(ge=0, le=90)] = 30


class StaffedSection(_Section):
    """When people answer; ``calendar`` is the operator's unless another one is named."""

    opens: time = time(9, 0)
    closes: time = time(18, 0)
    every_day: bool = False
    calendar: str = ""

    @field_validator("calendar")
    @classmethod
    def _known_calendar(cls, value: str) -> str:
        if value and value not in CODES:
            raise ValueError(f"is none of {', '.join(CODES)}")
        return value

    @model_validator(mode="after")
    def _ends_the_same_day(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes, on the same day")
        return self

    def shift(self) -> Shift:
        """Return the section as a ``Shift``."""
        return Shift(self.opens, self.closes, self.calendar, self.every_day)


class QuietSection(_Section):
    """The hours in which no notice may make a sound; past midnight if the end is the earlier."""

    begins: time = time(22, 0)
    ends: time = time(8, 0)

    @model_validator(mode="after")
    def _leaves_some_time(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("begins and ends must differ; write `quiet: null` for no quiet hours")
        return self


class NoticeSection(_Section):
    """Which notices are sent outside the chat, by which ways, and when."""

    ways: dict[Occasion, list[NoticeChannel]] = {}
    link: Annotated[str, Field(pattern=r"^(|https://\S+)$", max_length=500)] = ""
    quiet: QuietSection | None = QuietSection()
    pause_minutes: Annotated[int, Field(ge=0, le=60 * 24)] = 15

    @field_validator("ways")
    @classmethod
    def _keeps_promises(
        cls, value: dict[Occasion, list[NoticeChannel]]
    ) -> dict[Occasion, list[NoticeChannel]]:
        for occasion in PROMISED_NOTICES:
            if value.get(occasion) == []:
                raise ValueError(f"{occasion}: people are promised to be told; name a way")
        return value

    def channels_for(self, occasion: Occasion) -> tuple[NoticeChannel, ...]:
        """Return the ways of a notice in the order in which they are tried."""
        return tuple(dict.fromkeys(self.ways.get(occasion, _WAYS)))


class TicketingSection(_Section):
    """How the desk's terms are mapped to the ticketing system that is joined to it.

    What is sent to it beyond a request's number, kind, state and due date is listed here and
    nowhere else: ``fields`` and ``texts``.
    """

    queue: Annotated[str, Field(max_length=200)] = ""
    users: dict[str, str] = {}
    states: dict[str, str] = {}
    priorities: dict[RequestKind, str] = {}
    fields: dict[str, Fact] = {}
    texts: list[StaffText] = []
    takes_replies: bool = True
    locale: Literal["zh_Hans", "zh_Hant", "en"] = "zh_Hans"
    identity: Annotated[str, Field(pattern=r"^\S{1,64}$")] = "ticketing"
    display_name: Annotated[str, Field(max_length=64)] = ""
    console: Annotated[str, Field(pattern=r"^(|https?://[^\s?#]+)$", max_length=300)] = ""

    @field_validator("queue", "users", "states", "priorities", mode="before")
    @classmethod
    def _numbers_are_words(cls, value: Any) -> Any:
        # Some systems identify queues, states and users by numbers, which YAML reads as integers.
        if isinstance(value, dict):
            return {key: _word(one) for key, one in value.items()}
        return _word(value)

    @field_validator("states")
    @classmethod
    def _known_states(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in STATE_NAMES:
                raise ValueError(f"{name} is none of {', '.join(sorted(STATE_NAMES))}")
        return value

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        for name, mapped in (("users", self.users), ("states", self.states)):
            if not all(one.strip() for one in mapped.values()):
                raise ValueError(f"{name}: an empty name means nothing over there")
        if len(set(self.users.values())) < len(self.users):
            raise ValueError("users: two agents can't be the same user")
        return self

    def map(self) -> TicketingMap:
        """Return the section as the sync's mapping."""
        return TicketingMap(
            queue=self.queue,
            users=self.users,
            states=self.states,
            priorities=self.priorities,
            fields=self.fields,
            texts=frozenset(self.texts),
            takes_replies=self.takes_replies,
            locale=self.locale,
            identity=self.identity,
            display_name=self.display_name,
            console=self.console.rstrip("/"),
        )


def _word(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class OperatorProfile(_Section):
    """The operator's facts about itself. Unknown keys are refused, to catch misspellings."""

    app: str = "MoChat"
    app_names: dict[str, str] = {}
    desk_names: dict[str, str] = {}
    zone: str = "Asia/Shanghai"
    calendar: str = "CN"
    regimes: list[str] = ["operator_7wd"]
    settled_until: dict[str, int] = {}
    paths: dict[str, str] = {}
    mailboxes: dict[str, str] = {}
    clauses: dict[str, dict[str, str]] = {}
    policy: str = ""
    remedies: dict[str, str] = {}
    lawsuit: dict[str, str] = {}
    staffed: list[StaffedSection] = [StaffedSection()]
    codes: CodeSection = CodeSection()
    filing: FilingSection = FilingSection()
    fresh_minutes: _Minutes = 30
    waits_for_verification_days: _Days = 15
    unbinding_window_minutes: _Minutes | None = None
    objection_days: _Days = 15
    retention_days: _Days = 30
    package_days: _Days = 7
    second_eyes: list[RequestKind] = sorted(SECOND_EYES)
    notices: NoticeSection = NoticeSection()
    ticketing: TicketingSection = TicketingSection()

    @field_validator("calendar")
    @classmethod
    def _known_calendar(cls, value: str) -> str:
        if value not in CODES:
            raise ValueError(f"is none of {', '.join(CODES)}")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone; write one like Asia/Shanghai") from None
        return value

    @field_validator("staffed", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        # Most operators have one shift and write it without a list; null means never.
        if value is None:
            return []
        return [value] if isinstance(value, dict) else value

    @field_validator("regimes")
    @classmethod
    def _known_regimes(cls, value: list[str]) -> list[str]:
        for name in value:
            try:
                regime(name)
            except SettingsError as error:
                raise ValueError(error.message) from None
        if not value:
            raise ValueError("needs at least one regime")
        return value

    @model_validator(mode="after")
    def _kept_while_disputed(self) -> Self:
        # The last day to object ends after the hour of closing.
        if self.retention_days <= self.objection_days:
            raise ValueError("retention_days must be more than objection_days")
        if self.package_days > self.retention_days:
            raise ValueError("package_days must not be more than retention_days")
        return self

    def clause_map(self) -> ClauseMap:
        """Return the clauses the desk cites."""
        return ClauseMap.from_profile(self.clauses)

    def rules(self) -> Rules:
        """Return the rules of dialogs."""
        return Rules(
            app=self.app,
            app_names=self.app_names,
            paths=self.paths,
            mailboxes=self.mailboxes,
            remedies=self.remedy_texts(),
            clauses=frozenset(self.clauses) & frozenset(CLAUSE_NAMES),
            codes=self.code_rules(),
            filing=FilingRules(
                daily=self.filing.daily,
                hourly_strangers=self.filing.hourly_strangers,
                origin_percent=self.filing.origin_percent,
                reserve_percent=self.filing.reserve_percent,
            ),
            fresh=timedelta(minutes=self.fresh_minutes),
            verification_timeout=timedelta(days=self.waits_for_verification_days),
            unbinding_window=self._window(),
            retention_days=self.retention_days,
            answer_days=self._answer_days(),
            objection_days=self.objection_days,
            zone=self.zone,
            shifts=self.shifts(),
        )

    def _answer_days(self) -> int:
        regimes = self.deadline_rules().regimes
        one = regimes[0]
        plain = one.unit is Unit.WORKING_DAYS and one.starts_from is StartsFrom.VERIFIED
        return one.amount if plain and len(regimes) == 1 else 0

    def code_rules(self) -> CodeRules:
        """Return the rules of one-time codes: how they are counted, where they go."""
        codes = self.codes
        return CodeRules(
            lifetime=timedelta(minutes=codes.lifetime_minutes),
            entries=codes.entries,
            waits=tuple(timedelta(seconds=s) for s in codes.waits_seconds),
            daily_cap=codes.daily_cap,
            daily_failures=codes.daily_failures,
            daily_contacts=codes.daily_contacts,
            daily_codes=codes.daily_codes,
            hourly_contacts=codes.hourly_contacts,
            hourly_accounts=codes.hourly_accounts,
            origin_percent=codes.origin_percent,
            reserve_percent=codes.reserve_percent,
            countries=frozenset(str(code) for code in codes.countries),
        )

    def deadline_rules(self) -> DeadlineRules:
        """Return the rules of clocks."""
        return DeadlineRules(
            calendar=self.calendar,
            zone=self.zone,
            regimes=tuple(regime(name) for name in self.regimes),
            verification_timeout=timedelta(days=self.waits_for_verification_days),
            unbinding_window=self._window(),
        )

    def shifts(self) -> tuple[Shift, ...]:
        """Return the shifts in which people answer; empty for never."""
        return tuple(section.shift() for section in self.staffed)

    def remedy_texts(self) -> dict[str, str]:
        """Return the remedies against a decision, by locale, the way to a court last.

        Every refusal says that one may sue: Personal Information Protection Law, art. 50.
        """
        named = (self.remedies, self.lawsuit)
        return {
            locale: _sentences(one[locale] for one in named if one.get(locale))
            for locale in self.remedies.keys() | self.lawsuit.keys()
        }

    def two_person_kinds(self) -> frozenset[RequestKind]:
        """Return the kinds whose outcome needs a second agent's confirmation."""
        return frozenset(self.second_eyes)

    def quiet_hours(self) -> QuietHours | None:
        """Return the hours without disturbing notices; None for no quiet hours."""
        quiet = self.notices.quiet
        if quiet is None:
            return None
        return QuietHours(quiet.begins, quiet.ends, ZoneInfo(self.zone))

    def _window(self) -> timedelta | None:
        minutes = self.unbinding_window_minutes
        return timedelta(minutes=minutes) if minutes is not None else None


def _sentences(several: Iterable[str]) -> str:
    """Join sentences; no space follows a Chinese full stop."""
    joined = ""
    for one in several:
        joined += one.strip() if not joined or joined[-1] in "。！？" else f" {one.strip()}"
    return joined


def read_profile(path: Path) -> OperatorProfile:
    """Read an operator profile.

    Raises:
        SettingsError: the file can't be read, or a key is wrong; the message names it.
    """
    try:
        with translate_os_errors("the operator profile can't be read", path):
            raw = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(
            f"the operator profile {path} is not YAML{where}", key="profile"
        ) from None
    return parse_profile(raw if raw is not None else {}, str(path))


def parse_profile(raw: Any, source: str) -> OperatorProfile:
    """Validate an operator profile that is already parsed.

    Raises:
        SettingsError: a key is wrong; the message names it.
    """
    try:
        return OperatorProfile.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(
            f"{source}: {describe_validation_error(error)}", key="profile"
        ) from None


def describe_validation_error(error: ValidationError) -> str:
    """Describe a validation error: key and fault, never the value."""
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'the file'}:"
        f" {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_input=False, include_url=False)
    )
