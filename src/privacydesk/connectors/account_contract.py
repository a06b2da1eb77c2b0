"""The wire format of the account service's answers, and their validation.

``docs/account-service.openapi.yaml`` is the same contract for implementers. Unknown fields are
ignored, so that a service can add fields before the desk supports them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountStatus,
    ConsentPurpose,
    DataCategory,
    ItemOutcome,
    Provider,
)

Text = Annotated[str, Field(max_length=10_000)]
Code = Annotated[str, Field(max_length=64)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A count, up to the largest integer that every JSON parser reads exactly."""


def _drop_sentinel(moment: datetime | None) -> datetime | None:
    """Return None for year 1 and year 9999, which some services send for "never" and "for ever"."""
    return moment if moment is not None and MINYEAR < moment.year < MAXYEAR else None


Instant = Annotated[AwareDatetime | None, AfterValidator(_drop_sentinel)]


class BrokenContractError(ValueError):
    """An answer that breaks the contract.

    Attributes:
        where: the first field at fault, such as ``data.profile.nickname``; without values, and
            without names that the contract does not know.
        what: what is wrong with it, such as ``missing``.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class _Wire(BaseModel):
    # Values of an invalid answer must not get into an error that is logged.
    # Models are built on first use, so that starting the desk stays fast.
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="ignore", frozen=True, defer_build=True
    )


class WireItem(_Wire):
    """One entry of ``items``."""

    scope: Code
    outcome: ItemOutcome
    count: Count | None = None
    reason: Code | None = None
    until: date | None = None


class WireAnswer(_Wire):
    """The body of an answer."""

    outcome: AccountOutcome
    reason: Code | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    items: list[WireItem] = Field(default_factory=list, max_length=1_000)
    retry_after: float | None = Field(default=None, ge=0, le=86_400)


class WireProblem(_Wire):
    """The body of an error: ``application/problem+json`` with a code."""

    code: Code


class WireBinding(_Wire):
    """One entry of ``bindings``."""

    provider: Provider
    label_masked: Text
    bound_at: Instant = None
    last_login_way: bool = False


class BindingsData(_Wire):
    """``data`` of ``bindings``."""

    bindings: list[WireBinding]


class WireProfile(_Wire):
    """A profile on the wire."""

    account: Text
    nickname: Text
    status: AccountStatus
    avatar: bool = False
    gender: Text | None = None
    birthday: date | None = None
    signature: Text | None = None
    tags: list[Text] = Field(default_factory=list)
    interests: list[Text] = Field(default_factory=list)
    phone_masked: Text | None = None
    real_name_masked: Text | None = None
    real_name_verified: bool = False
    consents: dict[ConsentPurpose, bool] = Field(default_factory=dict)


class ProfileData(_Wire):
    """``data`` of ``profile``."""

    profile: WireProfile
    phone: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = None


class WirePhone(_Wire):
    """Whether a verification code can be sent to the account's phone."""

    reachable: bool
    masked: Text | None = None
    reason: Code | None = None


class ContactsData(_Wire):
    """``data`` of ``contacts``."""

    phone: WirePhone


class WireSummary(_Wire):
    """One line of an export's summary."""

    category: DataCategory
    count: Count
    earliest: Instant = None
    latest: Instant = None


class ExportData(_Wire):
    """``data`` of ``export`` except its content, which is large and has entries of any shape."""

    made_at: AwareDatetime
    summary: list[WireSummary]


class WireDecision(_Wire):
    """One automated decision."""

    id: Text
    what: Text
    made_at: AwareDatetime
    factors: list[Text] = Field(default_factory=list)
    appeal: Text | None = None
    ends_at: Instant = None


class DecisionsData(_Wire):
    """``data`` of ``decisions``."""

    decisions: list[WireDecision]


_DATA: dict[AccountAction, type[_Wire]] = {
    AccountAction.PROFILE: ProfileData,
    AccountAction.BINDINGS: BindingsData,
    AccountAction.CONTACTS: ContactsData,
    AccountAction.EXPORT: ExportData,
    AccountAction.DECISIONS: DecisionsData,
}
_ANSWER = TypeAdapter(WireAnswer)
_CONTENT = TypeAdapter(
    dict[DataCategory, list[Any]], config=ConfigDict(hide_input_in_errors=True, defer_build=True)
)


def read_answer(action: AccountAction, body: bytes) -> AccountAnswer:
    """Parse an answer's body and validate it against the contract for this action.

    Raises:
        BrokenContractError: it is invalid.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BrokenContractError("", "no_json") from error
    content = _pop_content(parsed) if action is AccountAction.EXPORT else None
    with _placed():
        wire = _ANSWER.validate_python(parsed)
    if wire.outcome is AccountOutcome.UNAVAILABLE:
        # A service answers so by its status, not in a body.
        raise BrokenContractError("outcome", "enum")
    raw: dict[str, Any] = wire.model_dump(mode="json")
    model = _DATA.get(action)
    if model is not None and wire.outcome in {AccountOutcome.OK, AccountOutcome.PARTLY}:
        with _placed("data"):
            raw["data"] = model.model_validate(wire.data).model_dump(mode="json")
        if action is AccountAction.EXPORT:
            with _placed("data", "content"):
                by_category = _CONTENT.validate_python(content)
            raw["data"]["content"] = {one.value: entries for one, entries in by_category.items()}
    return AccountAnswer.from_json(raw)


@contextmanager
def _placed(*path: str) -> Iterator[None]:
    """Have the block's errors say where they are, below a path in the answer."""
    try:
        yield
    except ValidationError as error:
        (fault, *_) = error.errors(include_url=False, include_context=False, include_input=False)
        known = {name for model in _Wire.__subclasses__() for name in model.model_fields}
        known.update(DataCategory, ConsentPurpose)
        steps = (str(one) if isinstance(one, int) or one in known else "*" for one in fault["loc"])
        raise BrokenContractError(".".join((*path, *steps)), fault["type"]) from error


def _pop_content(parsed: Any) -> Any:
    """Remove and return the content of an export, which is validated apart."""
    data = parsed.get("data") if isinstance(parsed, dict) else None
    return data.pop("content", None) if isinstance(data, dict) else None


def read_problem(body: bytes) -> str | None:
    """Return an error body's code, or ``None`` if the body doesn't follow this contract."""
    try:
        return WireProblem.model_validate_json(body).code
    except ValueError:
        return None
