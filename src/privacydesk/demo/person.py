"""Sample people, and the factory of the records of their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from privacydesk.connectors.account_record import AccountRecord, DataItem, Retention
from privacydesk.domain.account import Binding
from privacydesk.domain.account_terms import (
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    Provider,
)
from privacydesk.domain.ages import ADULT_FROM, age_on
from privacydesk.domain.app_tokens import Standing
from privacydesk.domain.masking import mask_phone


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """Somebody who can be played in the demo.

    Attributes:
        id: a short name for addresses, as in ``lin-xiaoyu``.
        name: as they write it.
        locale: the language they write in.
        note: what is special about them, in English.
        record: their account, or ``None`` if they have none.
        phone: a number at which they can be reached, E.164; their bound phone if there is one.
        mail: a mail address at which they can be reached.
        guardian_of: account ids of their children.
    """

    id: str
    name: str
    locale: str
    note: str
    record: AccountRecord | None = None
    phone: str | None = None
    mail: str | None = None
    guardian_of: tuple[str, ...] = field(default=())

    def standing(self, today: date) -> Standing:
        """Return what the app says about the account."""
        if self.record is None:
            return Standing.REGULAR
        if self.record.status is AccountStatus.SUSPENDED:
            return Standing.SUSPENDED
        birthday = self.record.birthday
        if birthday is not None and age_on(birthday, today) < ADULT_FROM:
            return Standing.MINOR
        return Standing.REGULAR

    @property
    def account(self) -> str | None:
        """The account id, or ``None``."""
        return None if self.record is None else self.record.account

    def to_json(self) -> dict[str, Any]:
        """Return who they are, without the account's content."""
        return {
            "id": self.id,
            "name": self.name,
            "locale": self.locale,
            "note": self.note,
            "account": self.account,
            "phone": self.phone,
            "mail": self.mail,
            "guardian_of": list(self.guardian_of),
        }


class RecordFactory:
    """Makes the records of accounts, with times relative to one instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._numbers: dict[str, int] = {}

    def days_ago(self, days: float) -> datetime:
        """Return the instant so many days ago, in whole seconds."""
        return (self._now - timedelta(days=days)).replace(microsecond=0)

    def birthday(self, years: int, days: int = 0) -> date:
        """Return a birthday such that the person turned ``years`` as many ``days`` ago."""
        day = (self._now - timedelta(days=days)).date()
        # 28 February stands in for the 29th of a year that has none.
        safe = day if (day.month, day.day) != (2, 29) else day.replace(day=28)
        return safe.replace(year=safe.year - years)

    def items(
        self, prefix: str, *entries: tuple[float, str] | tuple[float, str, Mapping[str, Any]]
    ) -> tuple[DataItem, ...]:
        """Return records from ``(days ago, text[, detail])``, with ids counted per prefix."""
        found = []
        for days, text, *detail in entries:
            number = self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
            found.append(
                DataItem(
                    id=f"{prefix}-{number}",
                    at=self.days_ago(float(days)),
                    text=str(text),
                    detail=detail[0] if detail else {},
                )
            )
        return tuple(found)

    def phone(self, number: str, days: float) -> Binding:
        """Return the phone as a way to log in, bound so many days ago."""
        return Binding(Provider.PHONE, mask_phone(number), bound_at=self.days_ago(days))

    def binding(self, provider: Provider, label: str, days: float) -> Binding:
        """Return another way to log in, bound so many days ago."""
        return Binding(provider, label, bound_at=self.days_ago(days))

    def legal_retention(self, days: int) -> Retention:
        """Return a legal retention period with so many days left."""
        return Retention(
            AccountReason.LEGAL_RETENTION, until=(self._now + timedelta(days=days)).date()
        )


ALL_CONSENTS: Mapping[ConsentPurpose, bool] = dict.fromkeys(ConsentPurpose, True)
"""The consents of somebody who agreed to everything."""

FEW_CONSENTS: Mapping[ConsentPurpose, bool] = {
    purpose: purpose is ConsentPurpose.PERSONALISED_RECOMMENDATION for purpose in ConsentPurpose
}
"""The consents of somebody who agreed to recommendations alone."""
