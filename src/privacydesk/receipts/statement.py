"""The statement of a receipt: how a request ended, without what it was about.

What was decided on each item is in the statement as a salted hash only. The person's file has the
items and their salts beside it, so that they can show them; nobody can guess them from the hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from msgspec import Struct

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, Ticket
from privacydesk.receipts.cose import ReceiptError, decode, encode

SALT_BYTES: Final = 16
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class Statement(Struct, frozen=True):
    """How a request ended.

    Attributes:
        number: the number of the request.
        received_at: when it was made, to the second; so are the other instants.
        verified_at: when identity was verified; None if it wasn't.
        answered_at: when it was answered; None if it wasn't, as for a withdrawn one.
        log: the id of the log that has the statement.
        entry: its place there, from 0.
        items: the hashes of the items.
    """

    number: str
    kind: RequestKind
    outcome: Outcome
    received_at: datetime
    verified_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime
    log: bytes
    entry: int
    items: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return it as the payload of a signed statement."""
        times = {
            "received": _time_text(self.received_at),
            "verified": _time_text(self.verified_at),
            "answered": _time_text(self.answered_at),
            "closed": _time_text(self.closed_at),
        }
        return encode(
            {
                "number": self.number,
                "kind": self.kind.value,
                "outcome": self.outcome.value,
                "log": self.log,
                "entry": self.entry,
                "items": list(self.items),
                **{name: text for name, text in times.items() if text},
            }
        )


def read_statement(payload: bytes) -> Statement:
    """Return the statement of a payload.

    Raises:
        ReceiptError: it has none.
    """
    try:
        fields = decode(payload)
        statement = Statement(
            number=fields["number"],
            kind=RequestKind(fields["kind"]),
            outcome=Outcome(fields["outcome"]),
            received_at=_read_time(fields["received"]),
            verified_at=_read_time(fields["verified"]) if "verified" in fields else None,
            answered_at=_read_time(fields["answered"]) if "answered" in fields else None,
            closed_at=_read_time(fields["closed"]),
            log=fields["log"],
            entry=fields["entry"],
            items=tuple(fields["items"]),
        )
        if statement.encode() == payload:
            return statement
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise ReceiptError("it says nothing on a request")


def statement_of(ticket: Ticket, *, log: bytes, entry: int, items: Iterable[bytes]) -> Statement:
    """Return the statement on a closed ticket as an entry of a log."""
    assert ticket.outcome is not None
    assert ticket.closed_at is not None
    return Statement(
        number=ticket.number,
        kind=ticket.kind,
        outcome=ticket.outcome,
        received_at=ticket.received_at,
        verified_at=ticket.verified_at,
        answered_at=ticket.answered_at,
        closed_at=ticket.closed_at,
        log=log,
        entry=entry,
        items=tuple(items),
    )


def disclose(item: Mapping[str, Any], salt: bytes) -> bytes:
    """Return an item with the salt of its hash, as a person's file has it."""
    text = orjson.dumps(dict(item), option=orjson.OPT_SORT_KEYS).decode()
    return encode([salt, text])


def hash_disclosure(disclosure: bytes) -> bytes:
    """Return the hash by which a statement names an item."""
    return hashlib.sha256(disclosure).digest()


def read_disclosure(disclosure: bytes) -> dict[str, Any]:
    """Return the item of a disclosure.

    Raises:
        ReceiptError: it has none.
    """
    try:
        salt, text = decode(disclosure)
        item = orjson.loads(text)
        if len(salt) == SALT_BYTES and isinstance(item, dict):
            return item
    except (TypeError, ValueError):
        pass
    raise ReceiptError("an item can't be read")


def _time_text(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime(_TIME)


def _read_time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
