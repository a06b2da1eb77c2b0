"""An account service's whole state in memory: records, and answers under their keys.

Behind both the in-memory twin and the sample HTTP service, so that both behave alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from privacydesk.clock import Clock
from privacydesk.connectors.account_changes import change
from privacydesk.connectors.account_readings import read
from privacydesk.connectors.account_record import AccountRecord, HeldItem
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import AccountAction, AccountOutcome, AccountReason
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError

_FORMAT = 1
_MOST_KEYS = 10_000
_LONGEST_KEY = 200


class AccountBook:
    """Accounts, and what was answered under which idempotency key.

    Reads store no answer: a stored export would outlive the deletion of what it holds. They are
    answered as of now; only that a key belongs to one request is remembered.

    Args:
        records: the accounts to begin with.
        clock: the present, for exports and date checks.
    """

    def __init__(self, records: Iterable[AccountRecord], clock: Clock) -> None:
        self._clock = clock
        self._records = {one.account: one for one in records}
        self._keys: dict[str, tuple[str, AccountAnswer | None]] = {}
        self._anonymous: list[HeldItem] = []
        #: Scopes (a category, purpose, provider or field) whose change fails, with the reason;
        #: empty unless a demo or test arranges partial results.
        self.obstacles: dict[str, AccountReason] = {}

    @property
    def accounts(self) -> tuple[AccountRecord, ...]:
        """All accounts, closed ones included, in the order they were given."""
        return tuple(self._records.values())

    @property
    def anonymous(self) -> tuple[HeldItem, ...]:
        """Published content of closed accounts; nothing says whose it was."""
        return tuple(self._anonymous)

    def find(self, account: str) -> AccountRecord | None:
        """Return an account, or ``None``."""
        return self._records.get(account)

    def perform(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Carry out one action; a change repeated under its key gets its first answer.

        Raises:
            InvalidRequestError: the payload or the key can't be read; nothing was done.
            DeskError: with code ``conflict``: the key belongs to another request.
        """
        if not 0 < len(key) <= _LONGEST_KEY:
            raise InvalidRequestError("an idempotency key has 1 to 200 characters")
        mark = _fingerprint(action, account, payload)
        known_mark, known = self._keys.get(key, (mark, None))
        if known_mark != mark:
            raise DeskError("the key belongs to another request", code=ErrorCode.CONFLICT)
        if known is not None:
            return known
        record = self._records.get(account)
        if record is None:
            return AccountAnswer(AccountOutcome.NOT_FOUND)
        if action.reads:
            answer = read(action, record, payload, self._clock.now())
            self._remember(key, mark, None)
            return answer
        done = change(action, record, payload, self._clock.now(), self.obstacles)
        self._records[account] = done.record
        # Ids and details could lead back to the author; only the words and their time stay.
        first = len(self._anonymous) + 1
        self._anonymous.extend(
            HeldItem(id=f"anon-{number}", at=one.at, text=one.text)
            for number, one in enumerate(done.anonymised, start=first)
        )
        self._remember(key, mark, done.answer)
        return done.answer

    def _remember(self, key: str, mark: str, answer: AccountAnswer | None) -> None:
        self._keys[key] = (mark, answer)
        while len(self._keys) > _MOST_KEYS:
            del self._keys[next(iter(self._keys))]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "format": _FORMAT,
            "accounts": [one.to_json() for one in self._records.values()],
            "anonymous": [one.to_json() for one in self._anonymous],
            "keys": {
                key: {"mark": mark, "answer": None if answer is None else answer.to_json()}
                for key, (mark, answer) in self._keys.items()
            },
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], clock: Clock) -> AccountBook:
        """Rebuild a book from :meth:`to_json`.

        Raises:
            InvalidRequestError: the data isn't a book of this version.
        """
        try:
            if raw["format"] != _FORMAT:
                raise InvalidRequestError("the accounts were written by another version")
            book = cls([AccountRecord.from_json(one) for one in raw["accounts"]], clock)
            book._anonymous = [HeldItem.from_json(one) for one in raw["anonymous"]]
            book._keys = {
                key: (
                    entry["mark"],
                    None if entry["answer"] is None else AccountAnswer.from_json(entry["answer"]),
                )
                for key, entry in raw["keys"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidRequestError("the accounts can't be read") from error
        return book


def _fingerprint(action: AccountAction, account: str, payload: Mapping[str, Any]) -> str:
    """Return a digest, so that what a person asked for isn't kept beside its key."""
    text = json.dumps([action.value, account, payload], sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
