"""What the desk knows about accounts in the app, and what it may ask the app's backend to do.

The desk owns no account data. It names an action, an account and a payload; the operator's account
service answers. Everything here is a value that goes to JSON and back without loss. Instants are
aware UTC, written as ISO 8601 with ``Z``; days are written ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Protocol, Self

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    ItemOutcome,
    Provider,
    unknown_reason,
)
from privacydesk.domain.instants import read_instant, write_instant


class Binding(Struct, frozen=True):
    """One way to log in, as it may be shown.

    Attributes:
        provider: which way.
        label_masked: the third party's name for the person, masked; never the full value.
        bound_at: since when, if known.
        last_login_way: whether unbinding it would lock the person out; set by
            :func:`mark_last_login_way`, since one binding can't know of the others.
    """

    provider: Provider
    label_masked: str
    bound_at: datetime | None = None
    last_login_way: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "provider": self.provider.value,
            "label_masked": self.label_masked,
            "bound_at": write_instant(self.bound_at),
            "last_login_way": self.last_login_way,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        return cls(
            provider=Provider(raw["provider"]),
            label_masked=raw["label_masked"],
            bound_at=read_instant(raw.get("bound_at")),
            last_login_way=bool(raw.get("last_login_way", False)),
        )


def mark_last_login_way(bindings: Iterable[Binding]) -> tuple[Binding, ...]:
    """Return the bindings with ``last_login_way`` true on the only one, false on several."""
    found = tuple(bindings)
    return tuple(replace(one, last_login_way=len(found) == 1) for one in found)


class AccountProfile(Struct, frozen=True):
    """An account's profile as its owner may see it; phone and real name are masked."""

    account: str
    nickname: str
    status: AccountStatus = AccountStatus.ACTIVE
    avatar: bool = False
    gender: str | None = None
    birthday: date | None = None
    signature: str | None = None
    tags: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    phone_masked: str | None = None
    real_name_masked: str | None = None
    real_name_verified: bool = False
    consents: Mapping[ConsentPurpose, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "account": self.account,
            "nickname": self.nickname,
            "status": self.status.value,
            "avatar": self.avatar,
            "gender": self.gender,
            "birthday": None if self.birthday is None else self.birthday.isoformat(),
            "signature": self.signature,
            "tags": list(self.tags),
            "interests": list(self.interests),
            "phone_masked": self.phone_masked,
            "real_name_masked": self.real_name_masked,
            "real_name_verified": self.real_name_verified,
            "consents": {purpose.value: given for purpose, given in self.consents.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        born = raw.get("birthday")
        return cls(
            account=raw["account"],
            nickname=raw["nickname"],
            status=AccountStatus(raw["status"]),
            avatar=bool(raw.get("avatar", False)),
            gender=raw.get("gender"),
            birthday=None if born is None else date.fromisoformat(born),
            signature=raw.get("signature"),
            tags=tuple(raw.get("tags", ())),
            interests=tuple(raw.get("interests", ())),
            phone_masked=raw.get("phone_masked"),
            real_name_masked=raw.get("real_name_masked"),
            real_name_verified=bool(raw.get("real_name_verified", False)),
            consents={
                ConsentPurpose(name): bool(given)
                for name, given in (raw.get("consents") or {}).items()
            },
        )


class AutomatedDecision(Struct, frozen=True):
    """A decision made about an account by automated means, explained (policy 第七条（四）).

    Attributes:
        id: the account service's own name for it.
        what: what was decided.
        made_at: when.
        factors: the main factors, each in plain words, the weightiest first.
        appeal: how a person can have a human look at it; ``None`` if it can't be appealed.
        ends_at: when its effect ends; ``None`` if it has none or lasts.
    """

    id: str
    what: str
    made_at: datetime
    factors: tuple[str, ...] = ()
    appeal: str | None = None
    ends_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "what": self.what,
            "made_at": write_instant(self.made_at),
            "factors": list(self.factors),
            "appeal": self.appeal,
            "ends_at": write_instant(self.ends_at),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        made_at = read_instant(raw["made_at"])
        if made_at is None:
            raise ValueError("made_at is missing")
        return cls(
            id=raw["id"],
            what=raw["what"],
            made_at=made_at,
            factors=tuple(raw.get("factors", ())),
            appeal=raw.get("appeal"),
            ends_at=read_instant(raw.get("ends_at")),
        )


class ItemResult(Struct, frozen=True):
    """The result of one item of a change.

    Attributes:
        scope: a data category, consent purpose, profile field or provider, as it was asked.
        outcome: what happened to it.
        count: how many records were touched (deleted, anonymised or kept); None if not reported.
        reason: why it was kept or failed.
        until: the last day it will be kept, if known.
        sent_reason: the service's own word for a reason that was read as ``other``.
    """

    scope: str
    outcome: ItemOutcome
    count: int | None = None
    reason: AccountReason | None = None
    until: date | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason as staff look it up; empty without one."""
        return self.sent_reason or (self.reason or "")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        said = {} if self.count is None else {"count": self.count}
        return {
            "scope": self.scope,
            "outcome": self.outcome.value,
            **said,
            "reason": self.reason_code or None,
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        count, until = raw.get("count"), raw.get("until")
        return cls(
            scope=raw["scope"],
            outcome=ItemOutcome(raw["outcome"]),
            count=None if count is None else int(count),
            reason=AccountReason.read(raw.get("reason")),
            until=None if until is None else date.fromisoformat(until),
            sent_reason=unknown_reason(raw.get("reason")),
        )


class AccountAnswer(Struct, frozen=True):
    """The account service's answer to one action.

    Attributes:
        outcome: how it ended.
        reason: why it was refused; ``None`` with any other outcome.
        data: the result of a read, in the shape that the contract gives for the action.
        items: the result of each item of a change.
        retry_after: seconds after which asking again makes sense, when ``pending``.
        sent_reason: as in ``ItemResult``.
    """

    outcome: AccountOutcome
    reason: AccountReason | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()
    retry_after: float | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason as staff look it up; empty without one."""
        return self.sent_reason or (self.reason or "")

    @property
    def final(self) -> bool:
        """Whether asking again with the same key would bring nothing new."""
        return self.outcome not in {AccountOutcome.PENDING, AccountOutcome.UNAVAILABLE}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason_code or None,
            "data": dict(self.data),
            "items": [one.to_json() for one in self.items],
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        wait = raw.get("retry_after")
        return cls(
            outcome=AccountOutcome(raw["outcome"]),
            reason=AccountReason.read(raw.get("reason")),
            data=dict(raw.get("data") or {}),
            items=tuple(ItemResult.from_json(one) for one in raw.get("items") or ()),
            retry_after=None if wait is None else float(wait),
            sent_reason=unknown_reason(raw.get("reason")),
        )

    @classmethod
    def refused(cls, reason: AccountReason, *items: ItemResult) -> Self:
        """Return a refusal of the whole action."""
        return cls(AccountOutcome.REFUSED, reason=reason, items=items)


class AccountService(Protocol):
    """The app's backend, as far as the desk needs it."""

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Do one action on one account.

        Args:
            action: what to do.
            account: the app's id of the account.
            payload: the action's arguments, JSON-able, in the contract's shape.
            key: the outbox row's id. A change repeated under the same key happens once and is
                answered with its first answer.

        Raises:
            UnavailableError: the service can't be reached or won't answer now. It is unknown what
                it did, so the same call is repeated with the same key. ``data`` may hold
                ``retry_after`` in seconds.
        """
        ...
