"""The interface of the account service: the app's backend, which owns all account data.

The desk sends an action, an account and a payload, and gets an answer. All values here can be
converted to JSON and back without loss. Instants are aware UTC, written as ISO 8601 with ``Z``;
days are written ``YYYY-MM-DD``.
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
    """A login method bound to an account, as it may be shown.

    Attributes:
        provider: the login provider.
        label_masked: the person's name or number at the provider, masked.
        bound_at: when it was bound; None if unknown.
        last_login_way: whether it is the account's only login method, so that unbinding it would
            lock the person out; set by :func:`mark_last_login_way`.
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
        """Read the JSON form; raise ``KeyError`` or ``ValueError`` if it is invalid."""
        return cls(
            provider=Provider(raw["provider"]),
            label_masked=raw["label_masked"],
            bound_at=read_instant(raw.get("bound_at")),
            last_login_way=bool(raw.get("last_login_way", False)),
        )


def mark_last_login_way(bindings: Iterable[Binding]) -> tuple[Binding, ...]:
    """Return all bindings of an account with ``last_login_way`` set: true if there is only one."""
    bindings = tuple(bindings)
    is_last = len(bindings) == 1
    return tuple(replace(binding, last_login_way=is_last) for binding in bindings)


class AccountProfile(Struct, frozen=True):
    """An account's profile as shown to its owner; phone and real name are masked."""

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
        """Read the JSON form; raise ``KeyError`` or ``ValueError`` if it is invalid."""
        birthday = raw.get("birthday")
        return cls(
            account=raw["account"],
            nickname=raw["nickname"],
            status=AccountStatus(raw["status"]),
            avatar=bool(raw.get("avatar", False)),
            gender=raw.get("gender"),
            birthday=None if birthday is None else date.fromisoformat(birthday),
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
    """An automated decision about an account, with its explanation (policy 第七条（四）).

    Attributes:
        id: the account service's identifier.
        what: what was decided.
        made_at: when it was made.
        factors: the main factors in plain words, the most important first.
        appeal: how to have the decision reviewed by a human; None if it can't be appealed.
        ends_at: when its effect ends; None if it has no effect, or a permanent one.
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
        """Read the JSON form; raise ``KeyError`` or ``ValueError`` if it is invalid."""
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
        scope: the requested data category, consent purpose, profile field or provider.
        outcome: what happened to it.
        count: number of records deleted, anonymised or kept; None if not reported.
        reason: why it was kept or failed.
        until: the last day on which it will be kept; None if unknown.
        sent_reason: the reason as the service sent it, if it was read as ``other``.
    """

    scope: str
    outcome: ItemOutcome
    count: int | None = None
    reason: AccountReason | None = None
    until: date | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason code shown to staff; empty if there is no reason."""
        return self.sent_reason or (self.reason or "")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        count = {} if self.count is None else {"count": self.count}
        return {
            "scope": self.scope,
            "outcome": self.outcome.value,
            **count,
            "reason": self.reason_code or None,
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form; raise ``KeyError`` or ``ValueError`` if it is invalid."""
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
        outcome: how the action ended.
        reason: why it was refused; None for all other outcomes.
        data: the result of a read; the contract specifies its shape for each action.
        items: the result of each item of a change.
        retry_after: for ``pending``, the number of seconds to wait before asking again.
        sent_reason: the reason as the service sent it, if it was read as ``other``.
    """

    outcome: AccountOutcome
    reason: AccountReason | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()
    retry_after: float | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason code shown to staff; empty if there is no reason."""
        return self.sent_reason or (self.reason or "")

    @property
    def final(self) -> bool:
        """Whether another call with the same key would return the same answer."""
        return self.outcome not in {AccountOutcome.PENDING, AccountOutcome.UNAVAILABLE}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason_code or None,
            "data": dict(self.data),
            "items": [item.to_json() for item in self.items],
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form; raise ``KeyError`` or ``ValueError`` if it is invalid."""
        retry_after = raw.get("retry_after")
        return cls(
            outcome=AccountOutcome(raw["outcome"]),
            reason=AccountReason.read(raw.get("reason")),
            data=dict(raw.get("data") or {}),
            items=tuple(ItemResult.from_json(item) for item in raw.get("items") or ()),
            retry_after=None if retry_after is None else float(retry_after),
            sent_reason=unknown_reason(raw.get("reason")),
        )

    @classmethod
    def refused(cls, reason: AccountReason, *items: ItemResult) -> Self:
        """Return the answer that refuses the whole action."""
        return cls(AccountOutcome.REFUSED, reason=reason, items=items)


class AccountService(Protocol):
    """The app's backend, as used by the desk."""

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Carry out an action on an account.

        Args:
            action: what to do.
            account: the account's ID in the app.
            payload: the action's arguments, JSON values, in the shape of the contract.
            key: idempotency key: the outbox row's ID. A repeated change is carried out once and
                gets the same answer.

        Raises:
            UnavailableError: the service can't be reached or doesn't answer now. The action may
                have been carried out, so retry it with the same key. ``data`` may have
                ``retry_after`` in seconds.
        """
        ...
