"""The content of the operator profile, its limits, and the values that services make of it."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from privacydesk.calendars import CLOSING_15WD, CODES, regime
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.vocabulary import PATHS
from privacydesk.domain.brand import MIN_CONTRAST, Brand, Logo, contrast, is_colour
from privacydesk.domain.clocks import RegimeProfile, StartsFrom
from privacydesk.domain.deadlines import Unit
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.notices import PROMISED_NOTICES, NoticeChannel, Occasion
from privacydesk.domain.operator_profile import GapKind, ProfileGap
from privacydesk.domain.quotas import FilingRules, QueueRules
from privacydesk.domain.scopes import ITEM_NAMES
from privacydesk.domain.shifts import Shift
from privacydesk.domain.tasks import MAX_TEAMS, Team
from privacydesk.domain.ticketing import STATE_NAMES, Fact, StaffText, TicketingMap
from privacydesk.domain.verification_codes import CodeRules
from privacydesk.errors import SettingsError
from privacydesk.policy.clauses import CLAUSE_NAMES, Clause, ClauseMap
from privacydesk.services.deadlines import DeadlineRules
from privacydesk.services.quiet_hours import QuietHours
from privacydesk.services.staff.decisions import SECOND_EYES

SHIPPED_LOCALES = frozenset({"zh_Hans", "zh_Hant", "en"})
"""The shipped languages; an operator's own texts are required in each of them."""
_MAILBOXES: Final = ("policy", "children")
"""The addresses that dialogs show."""
_NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_TimeOfDay = Annotated[
    time,
    PlainSerializer(lambda value: value.isoformat("auto").removesuffix(":00"), when_used="json"),
]
"""A time of day, stored as it is written: 09:00 rather than 09:00:00."""
_Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 30)]
_DEFAULT_CHANNELS = (NoticeChannel.SMS, NoticeChannel.MAIL, NoticeChannel.PUSH)
_Days = Annotated[int, Field(ge=1, le=3650)]
_LIGHT_GROUND: Final = "#edf2f0"
"""The darkest ground of the light pages on which the operator's colour is read
(``--surface-quiet``)."""
_MAX_LOGO_BYTES: Final = 32 * 1024
_SVG_BEGINS_WITHIN: Final = 1024
"""The bytes in which the root element of an SVG begins, behind declarations and comments."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BrandSection(_Section):
    """The operator's colour and logo on the pages.

    ``logo`` is written as a path, relative to the profile, and holds the file once it is read. A
    stored profile has the file itself, in base64.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    colour: str = ""
    logo: Logo | None = None

    @field_validator("colour")
    @classmethod
    def _readable_colour(cls, value: str) -> str:
        colour = value.lower()
        if not is_colour(colour):
            raise ValueError("is no colour; write one like #0b6b5d, in quotes")
        found = contrast(colour, _LIGHT_GROUND)
        if found < MIN_CONTRAST:
            raise ValueError(
                f"has a contrast of {math.floor(found * 100) / 100} : 1 with the pages' light"
                f" ground ({_LIGHT_GROUND}); text needs {MIN_CONTRAST} : 1, so choose a darker one"
            )
        return colour

    @field_validator("logo", mode="before")
    @classmethod
    def _read_logo(cls, value: Any, info: ValidationInfo) -> Logo | None:
        if value is None or isinstance(value, Logo):
            return value
        if isinstance(value, dict):
            return _decode_logo(value)
        if not isinstance(value, str):
            raise ValueError("is the path of a file")  # noqa: TRY004 - pydantic takes ValueError
        folder = (info.context or {}).get("folder")
        if folder is None:
            raise ValueError(
                "is a file beside the profile, which only `privacydesk profile import` can read;"
                " here it is {base64: …}"
            )
        return _read_logo(Path(folder) / value)

    @field_serializer("logo")
    def _write_logo(self, logo: Logo | None) -> dict[str, str] | None:
        return None if logo is None else {"base64": base64.b64encode(logo.body).decode()}

    def brand(self) -> Brand:
        """Return the section as a ``Brand``."""
        return Brand(self.colour, self.logo)


def _read_logo(path: Path) -> Logo:
    """Read a logo, whose kind is told from its content.

    Raises:
        ValueError: it can't be read, is too large, or is neither an SVG nor a PNG.
    """
    try:
        with path.open("rb") as file:
            body = file.read(_MAX_LOGO_BYTES + 1)
    except OSError:
        raise ValueError(f"{path} can't be read") from None
    return _check_logo(body, str(path))


def _decode_logo(stored: dict[Any, Any]) -> Logo:
    """Return the logo of a stored profile.

    Raises:
        ValueError: as ``_read_logo``.
    """
    try:
        body = base64.b64decode(stored["base64"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise ValueError("is neither the path of a file nor a file in base64") from None
    return _check_logo(body, "the file")


def _check_logo(body: bytes, source: str) -> Logo:
    if len(body) > _MAX_LOGO_BYTES:
        raise ValueError(f"{source} is larger than {_MAX_LOGO_BYTES // 1024} KB")
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return Logo(".png", body)
    if b"<svg" in body[:_SVG_BEGINS_WITHIN] and body.lstrip()[:1] == b"<":
        return Logo(".svg", body)
    raise ValueError(f"{source} is neither an SVG nor a PNG")


class ClauseSection(_Section):
    """Where a clause stands in the policy; see ``Clause``."""

    article: _NonBlank
    anchor: _NonBlank | None = None


class CodeSection(_Section):
    """The limits of one-time codes; see ``CodeRules``."""

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


class _StrangerSection(_Section):
    """Limits of users who have verified nothing; see ``StrangerRules``."""

    hourly_strangers: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    origin_percent: Annotated[int, Field(ge=1, le=100)] = 10
    reserve_percent: Annotated[int, Field(ge=0, le=90)] = 30


class FilingSection(_StrangerSection):
    """The limits of filed tickets; see ``FilingRules``."""

    daily: Annotated[int, Field(ge=1, le=10_000)] = 60


class QueueSection(_StrangerSection):
    """The limits of the queue for a person; see ``QueueRules``."""

    hourly_strangers: Annotated[int, Field(ge=1, le=1_000_000)] = 600


class StaffedSection(_Section):
    """Office hours of staff; the default for ``calendar`` is the operator's calendar."""

    opens: _TimeOfDay = time(9, 0)
    closes: _TimeOfDay = time(18, 0)
    every_day: bool = False
    calendar: str = ""

    @field_validator("calendar")
    @classmethod
    def _known_calendar(cls, value: str) -> str:
        if value and value not in CODES:
            raise ValueError(f"is none of {', '.join(CODES)}")
        return value

    @model_validator(mode="after")
    def _closes_after_opening(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes, on the same day")
        return self

    def shift(self) -> Shift:
        """Return the section as a ``Shift``."""
        return Shift(self.opens, self.closes, self.calendar, self.every_day)


class QuietSection(_Section):
    """Quiet hours, without push messages and SMS; past midnight if ``ends`` is the earlier time."""

    begins: _TimeOfDay = time(22, 0)
    ends: _TimeOfDay = time(8, 0)

    @model_validator(mode="after")
    def _is_not_all_day(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("begins and ends must differ; write `quiet: null` for no quiet hours")
        return self


class NoticeSection(_Section):
    """Which notices are sent, through which channels, and when."""

    ways: dict[Occasion, list[NoticeChannel]] = {}
    link: Annotated[str, Field(pattern=r"^(|https://\S+)$", max_length=500)] = ""
    quiet: QuietSection | None = QuietSection()
    pause_minutes: Annotated[int, Field(ge=0, le=60 * 24)] = 15

    @field_validator("ways")
    @classmethod
    def _has_promised_notices(
        cls, value: dict[Occasion, list[NoticeChannel]]
    ) -> dict[Occasion, list[NoticeChannel]]:
        for occasion in PROMISED_NOTICES:
            if value.get(occasion) == []:
                raise ValueError(f"{occasion}: people are promised to be told; name a way")
        return value

    def channels_for(self, occasion: Occasion) -> tuple[NoticeChannel, ...]:
        """Return the channels of a notice, in the order in which they are tried."""
        return tuple(dict.fromkeys(self.ways.get(occasion, _DEFAULT_CHANNELS)))


class TicketingSection(_Section):
    """The mapping of the desk's terms to an external ticketing system; see ``TicketingMap``.

    Besides a ticket's number, kind, state and due date, only what ``fields`` and ``texts`` list is
    sent to the system.
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
    def _convert_numbers(cls, value: Any) -> Any:
        # Some systems identify queues, states and users by numbers, which YAML reads as integers.
        if isinstance(value, dict):
            return {key: _number_to_text(item) for key, item in value.items()}
        return _number_to_text(value)

    @field_validator("states")
    @classmethod
    def _known_states(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in STATE_NAMES:
                raise ValueError(f"{name} is none of {', '.join(sorted(STATE_NAMES))}")
        return value

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        for name, mapping in (("users", self.users), ("states", self.states)):
            if not all(term.strip() for term in mapping.values()):
                raise ValueError(f"{name}: an empty name means nothing over there")
        if len(set(self.users.values())) < len(self.users):
            raise ValueError("users: two agents can't be the same user")
        return self

    def map(self, zone: str) -> TicketingMap:
        """Return the section as a ``TicketingMap``, with the operator's time zone."""
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
            zone=zone,
        )


def _number_to_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class TeamSection(_Section):
    """A team to which agents hand parts of requests; see ``Team``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$", max_length=32)]
    labels: dict[str, Annotated[str, Field(min_length=1, max_length=40)]]
    items: list[str] = []

    @field_validator("labels")
    @classmethod
    def _in_each_language(cls, value: dict[str, str]) -> dict[str, str]:
        if value.keys() != SHIPPED_LOCALES:
            raise ValueError(f"needs a name in each of {', '.join(sorted(SHIPPED_LOCALES))}")
        return value

    @field_validator("items")
    @classmethod
    def _known_items(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in ITEM_NAMES and name not in set(RequestKind):
                raise ValueError(f"{name} is neither a kind of request nor the name of an item")
        return value

    def team(self) -> Team:
        """Return the section as a ``Team``."""
        return Team(self.name, self.labels, frozenset(self.items))


class OperatorProfile(_Section):
    """The content of the profile file. Unknown keys are refused, to catch misspellings."""

    app: str = "MoChat"
    app_names: dict[str, str] = {}
    desk_names: dict[str, str] = {}
    brand: BrandSection = BrandSection()
    zone: str = "Asia/Shanghai"
    calendar: str = "CN"
    regimes: list[str] = ["operator_7wd"]
    settled_until: dict[str, int] = {}
    paths: dict[str, str | dict[str, str]] = {}
    mailboxes: dict[str, str] = {}
    clauses: dict[str, ClauseSection] = {}
    policy: str = ""
    remedies: dict[str, str] = {}
    complaint: dict[str, str] = {}
    arbitration: dict[str, str] | None = {}
    lawsuit: dict[str, str] = {}
    helplines: dict[str, str] = {}
    staffed: list[StaffedSection] = [StaffedSection()]
    codes: CodeSection = CodeSection()
    filing: FilingSection = FilingSection()
    queue: QueueSection = QueueSection()
    fresh_minutes: _Minutes = 30
    waits_for_verification_days: _Days = 15
    unbinding_window_minutes: _Minutes | None = None
    internal_days: Annotated[int, Field(ge=0, le=20)] = 0
    closing_days: Annotated[int, Field(ge=1, le=15)] | None = CLOSING_15WD.amount
    closing_faces: Annotated[str, Field(max_length=500)] = ""
    objection_days: _Days = 15
    retention_days: _Days = 30
    package_days: _Days = 7
    second_eyes: list[RequestKind] = sorted(SECOND_EYES)
    notices: NoticeSection = NoticeSection()
    ticketing: TicketingSection = TicketingSection()
    teams: Annotated[list[TeamSection], Field(max_length=MAX_TEAMS)] = []

    @field_validator("teams")
    @classmethod
    def _distinct_teams(cls, value: list[TeamSection]) -> list[TeamSection]:
        names = [team.name for team in value]
        items = [item for team in value for item in team.items]
        for kind, found in (("name", names), ("item", items)):
            twice = {one for one in found if found.count(one) > 1}
            if twice:
                raise ValueError(f"two teams have the {kind} {', '.join(sorted(twice))}")
        return value

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
    def _convert_to_list(cls, value: Any) -> Any:
        # A single shift may be written without a list; null means no office hours.
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
    def _has_consistent_periods(self) -> Self:
        # Not equal either: the last day for an objection ends after the time of closing.
        if self.retention_days <= self.objection_days:
            raise ValueError("retention_days must be more than objection_days")
        shortest = min(
            (one.amount for one in map(regime, self.regimes) if one.unit is Unit.WORKING_DAYS),
            default=self.internal_days + 1,
        )
        if self.internal_days >= shortest:
            raise ValueError("internal_days must be fewer than the working days of each regime")
        if self.package_days > self.retention_days:
            raise ValueError("package_days must not be more than retention_days")
        return self

    def teams_by_name(self) -> dict[str, Team]:
        """Return the operator's teams, by name."""
        return {section.name: section.team() for section in self.teams}

    def clause_map(self) -> ClauseMap:
        """Return the clauses that the desk can cite."""
        return ClauseMap(
            {name: Clause(one.article, one.anchor) for name, one in self.clauses.items()}
        )

    def rules(self) -> Rules:
        """Return the rules of the dialog engine."""
        return Rules(
            app=self.app,
            app_names=self.app_names,
            paths=self.paths,
            mailboxes=self.mailboxes,
            remedies=self.remedy_texts(),
            helplines=self.helplines,
            clauses=frozenset(self.clauses) & frozenset(CLAUSE_NAMES),
            codes=self.code_rules(),
            filing=FilingRules(**self.filing.model_dump()),
            queue=QueueRules(**self.queue.model_dump()),
            fresh=timedelta(minutes=self.fresh_minutes),
            verification_timeout=timedelta(days=self.waits_for_verification_days),
            unbinding_window=self._unbinding_window(),
            retention_days=self.retention_days,
            answer_days=self._answer_days(),
            objection_days=self.objection_days,
            closing_faces=bool(self.closing_faces.strip()),
            zone=self.zone,
            shifts=self.shifts(),
        )

    def _answer_days(self) -> int:
        """Return the number of working days for an answer; 0 if no single number applies."""
        regimes = self.deadline_rules().regimes
        first = regimes[0]
        is_simple = first.unit is Unit.WORKING_DAYS and first.starts_from is StartsFrom.VERIFIED
        return first.amount if is_simple and len(regimes) == 1 else 0

    def code_rules(self) -> CodeRules:
        """Return the limits of one-time codes."""
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
        """Return the rules for deadlines."""
        return DeadlineRules(
            calendar=self.calendar,
            zone=self.zone,
            regimes=tuple(regime(name) for name in self.regimes),
            closing=self._closing(),
            internal_days=self.internal_days,
            verification_timeout=timedelta(days=self.waits_for_verification_days),
            unbinding_window=self._unbinding_window(),
        )

    def _closing(self) -> RegimeProfile | None:
        days = self.closing_days
        return None if days is None else replace(CLOSING_15WD, amount=days)

    def shifts(self) -> tuple[Shift, ...]:
        """Return the office hours of staff; empty for none."""
        return tuple(section.shift() for section in self.staffed)

    def remedy_texts(self) -> dict[str, str]:
        """Return the text on remedies against a decision, by locale.

        After the objection come the operator's own door for complaints, arbitration where it was
        agreed, and the right to sue, which every refusal must state (Personal Information
        Protection Law, article 50).
        """
        sources = (self.remedies, self.complaint, self.arbitration or {}, self.lawsuit)
        return {
            locale: _join_sentences(texts[locale] for texts in sources if texts.get(locale))
            for locale in frozenset[str]().union(*sources)
        }

    def missing_remedies(self) -> dict[str, tuple[str, ...]]:
        """Return the keys of remedies that a language lacks, with these languages.

        ``arbitration`` is not missing if it is null: the operator has agreed none.
        """
        sources = {
            "complaint": self.complaint,
            "arbitration": self.arbitration,
            "lawsuit": self.lawsuit,
        }
        lacking = {
            key: tuple(sorted(locale for locale in SHIPPED_LOCALES if not texts.get(locale)))
            for key, texts in sources.items()
            if texts is not None
        }
        return {key: locales for key, locales in lacking.items() if locales}

    def gaps(self, cited: Collection[str]) -> tuple[ProfileGap, ...]:
        """Return what the profile lacks, which `serve` goes on without.

        Args:
            cited: names of the clauses that dialogs cite.
        """
        rules, lacking = self.rules(), self.missing_remedies()
        missing: Mapping[GapKind, Iterable[str]] = {
            GapKind.CLAUSES: frozenset(cited) - self.clauses.keys(),
            GapKind.PATHS: (
                name
                for name in PATHS
                if not all(rules.path_in(locale, name) for locale in SHIPPED_LOCALES)
            ),
            GapKind.MAILBOXES: (name for name in _MAILBOXES if not self.mailboxes.get(name)),
            GapKind.COMPLAINT: lacking.get("complaint", ()),
            GapKind.ARBITRATION: lacking.get("arbitration", ()),
            GapKind.LAWSUIT: lacking.get("lawsuit", ()),
            GapKind.HELPLINES: (one for one in SHIPPED_LOCALES if not self.helplines.get(one)),
        }
        gaps = (ProfileGap(kind, tuple(sorted(names))) for kind, names in missing.items())
        no_policy = () if self.policy else (ProfileGap(GapKind.POLICY),)
        return (*no_policy, *(gap for gap in gaps if gap.missing))

    def two_person_kinds(self) -> frozenset[RequestKind]:
        """Return the kinds of tickets whose decision a second agent must confirm."""
        return frozenset(self.second_eyes)

    def quiet_hours(self) -> QuietHours | None:
        """Return the quiet hours; None for none."""
        quiet = self.notices.quiet
        if quiet is None:
            return None
        return QuietHours(quiet.begins, quiet.ends, ZoneInfo(self.zone))

    def _unbinding_window(self) -> timedelta | None:
        minutes = self.unbinding_window_minutes
        return timedelta(minutes=minutes) if minutes is not None else None


def _join_sentences(sentences: Iterable[str]) -> str:
    """Join sentences, without a space after Chinese punctuation."""
    text = ""
    for sentence in sentences:
        space = "" if not text or text[-1] in "。！？" else " "
        text += f"{space}{sentence.strip()}"
    return text
