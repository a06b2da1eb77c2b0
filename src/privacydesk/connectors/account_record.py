"""All data of one account, as stored by the in-memory account service.

An operator's own service has databases for this. Here it is a frozen value that can be saved as
JSON, so that the sample service survives a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

from privacydesk.domain.account import (
    AccountProfile,
    AutomatedDecision,
    Binding,
    mark_last_login_way,
)
from privacydesk.domain.account_terms import (
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    DataCategory,
    Provider,
)
from privacydesk.domain.instants import read_instant, write_instant
from privacydesk.domain.masking import mask_name, mask_phone


@dataclass(frozen=True, slots=True)
class DataItem:
    """One item of data about a person, such as a post, a payment or a search.

    Attributes:
        id: the service's id of the item.
        at: when it was created.
        text: the item as text for people.
        detail: further fields, JSON-serialisable.
    """

    id: str
    at: datetime
    text: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "at": write_instant(self.at),
            "text": self.text,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` if it is invalid."""
        at = read_instant(raw["at"])
        if at is None:
            raise ValueError("at is missing")
        return cls(id=raw["id"], at=at, text=raw["text"], detail=dict(raw.get("detail", {})))


@dataclass(frozen=True, slots=True)
class Retention:
    """Why a category can't be deleted yet, and the last day on which it is retained."""

    reason: AccountReason
    until: date | None = None


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """All data of one account.

    Attributes:
        account: the account's id in the app.
        locale: the language that its owner uses in the app.
        phone: the bound phone in E.164, or ``None``.
        real_name: the verified name, or ``None``.
        bindings: the ways to log in, including the phone.
        holdings: the stored items by category.
        consents: for each purpose, whether its owner consents.
        decisions: automated decisions on the account.
        retained: categories that must not be deleted yet.
        open_matters: unmet conditions for closing it (policy 第七条（三）).
        suspended_for: the reason code of its suspension.
    """

    account: str
    nickname: str
    locale: str = "zh-Hans"
    status: AccountStatus = AccountStatus.ACTIVE
    avatar: bool = False
    gender: str | None = None
    birthday: date | None = None
    signature: str | None = None
    tags: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    phone: str | None = field(default=None, repr=False)
    real_name: str | None = field(default=None, repr=False)
    real_name_verified: bool = False
    bindings: tuple[Binding, ...] = ()
    holdings: Mapping[DataCategory, tuple[DataItem, ...]] = field(default_factory=dict)
    consents: Mapping[ConsentPurpose, bool] = field(default_factory=dict)
    decisions: tuple[AutomatedDecision, ...] = ()
    retained: Mapping[DataCategory, Retention] = field(default_factory=dict)
    open_matters: tuple[AccountReason, ...] = ()
    suspended_for: str | None = None

    @property
    def profile(self) -> AccountProfile:
        """The profile as its owner may see it."""
        return AccountProfile(
            account=self.account,
            nickname=self.nickname,
            status=self.status,
            avatar=self.avatar,
            gender=self.gender,
            birthday=self.birthday,
            signature=self.signature,
            tags=self.tags,
            interests=self.interests,
            phone_masked=None if self.phone is None else mask_phone(self.phone),
            real_name_masked=None if self.real_name is None else mask_name(self.real_name),
            real_name_verified=self.real_name_verified,
            consents=self.consents,
        )

    @property
    def shown_bindings(self) -> tuple[Binding, ...]:
        """The bindings, with the last way to log in marked as such."""
        return mark_last_login_way(self.bindings)

    def binding(self, provider: Provider) -> Binding | None:
        """Return the binding of a provider from ``shown_bindings``, or ``None``."""
        return next(
            (binding for binding in self.shown_bindings if binding.provider is provider), None
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, unmasked."""
        return {
            "account": self.account,
            "nickname": self.nickname,
            "locale": self.locale,
            "status": self.status.value,
            "avatar": self.avatar,
            "gender": self.gender,
            "birthday": _write_day(self.birthday),
            "signature": self.signature,
            "tags": list(self.tags),
            "interests": list(self.interests),
            "phone": self.phone,
            "real_name": self.real_name,
            "real_name_verified": self.real_name_verified,
            "bindings": [binding.to_json() for binding in self.shown_bindings],
            "holdings": {
                category.value: [item.to_json() for item in items]
                for category, items in self.holdings.items()
            },
            "consents": {purpose.value: granted for purpose, granted in self.consents.items()},
            "decisions": [decision.to_json() for decision in self.decisions],
            "retained": {
                category.value: {
                    "reason": retention.reason.value,
                    "until": _write_day(retention.until),
                }
                for category, retention in self.retained.items()
            },
            "open_matters": [reason.value for reason in self.open_matters],
            "suspended_for": self.suspended_for,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` if it is invalid."""
        return cls(
            account=raw["account"],
            nickname=raw["nickname"],
            locale=raw["locale"],
            status=AccountStatus(raw["status"]),
            avatar=bool(raw["avatar"]),
            gender=raw["gender"],
            birthday=_read_day(raw["birthday"]),
            signature=raw["signature"],
            tags=tuple(raw["tags"]),
            interests=tuple(raw["interests"]),
            phone=raw["phone"],
            real_name=raw["real_name"],
            real_name_verified=bool(raw["real_name_verified"]),
            bindings=tuple(Binding.from_json(binding) for binding in raw["bindings"]),
            holdings={
                DataCategory(name): tuple(DataItem.from_json(item) for item in items)
                for name, items in raw["holdings"].items()
            },
            consents={ConsentPurpose(name): bool(on) for name, on in raw["consents"].items()},
            decisions=tuple(AutomatedDecision.from_json(decision) for decision in raw["decisions"]),
            retained={
                DataCategory(name): Retention(
                    AccountReason(entry["reason"]), _read_day(entry["until"])
                )
                for name, entry in raw["retained"].items()
            },
            open_matters=tuple(AccountReason(reason) for reason in raw["open_matters"]),
            suspended_for=raw["suspended_for"],
        )


def _write_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
