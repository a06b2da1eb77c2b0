"""The state of an account service in memory: account records, and answers by idempotency key.

The in-memory twin and the sample HTTP service share it, so that both behave alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from privacydesk.clock import Clock
from privacydesk.connectors.account_changes import apply_change
from privacydesk.connectors.account_reads import perform_read
from privacydesk.connectors.account_record import AccountRecord, DataItem
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import AccountAction, AccountOutcome, AccountReason
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError

_FORMAT = 1
_MAX_KEYS = 10_000
_MAX_KEY_LENGTH = 200


class AccountBook:
    """Account records, and the answer given under each idempotency key.

    The answers to reads are not stored: a stored export would outlive the deletion of its data.
    For a read only the fingerprint of the request is stored with its key; a repeated read is
    answered with the current data.

    Args:
        records: the initial accounts.
        clock: source of the current time, for exports and date checks.
    """

    def __init__(self, records: Iterable[AccountRecord], clock: Clock) -> None:
        self._clock = clock
        self._records = {record.account: record for record in records}
        self._keys: dict[str, tuple[str, AccountAnswer | None]] = {}
        self._anonymous: list[DataItem] = []
        #: Scopes (a category, purpose, provider or field) whose changes fail, with the reason.
        #: Empty unless a demo or a test simulates partial results.
        self.obstacles: dict[str, AccountReason] = {}

    @property
    def accounts(self) -> tuple[AccountRecord, ...]:
        """All accounts, closed ones included, in the order in which they were added."""
        return tuple(self._records.values())

    @property
    def anonymous(self) -> tuple[DataItem, ...]:
        """Published content of closed accounts, without a reference to its author."""
        return tuple(self._anonymous)

    def find(self, account: str) -> AccountRecord | None:
        """Return an account's record, or ``None``."""
        return self._records.get(account)

    def perform(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Perform one action. A change repeated under its key gets the first answer again.

        Raises:
            InvalidRequestError: the payload or the key is invalid; nothing was changed.
            DeskError: with code ``conflict``: the key was used for another request.
        """
        if not 0 < len(key) <= _MAX_KEY_LENGTH:
            raise InvalidRequestError("an idempotency key has 1 to 200 characters")
        fingerprint = _fingerprint(action, account, payload)
        stored_fingerprint, stored = self._keys.get(key, (fingerprint, None))
        if stored_fingerprint != fingerprint:
            raise DeskError("the key belongs to another request", code=ErrorCode.CONFLICT)
        if stored is not None:
            return stored
        record = self._records.get(account)
        if record is None:
            return AccountAnswer(AccountOutcome.NOT_FOUND)
        if action.reads:
            answer = perform_read(action, record, payload, self._clock.now())
            self._remember(key, fingerprint, None)
            return answer
        changed = apply_change(action, record, payload, self._clock.now(), self.obstacles)
        self._records[account] = changed.record
        # Only the text and its time are kept: ids and details could identify the author.
        first = len(self._anonymous) + 1
        self._anonymous.extend(
            DataItem(id=f"anon-{number}", at=item.at, text=item.text)
            for number, item in enumerate(changed.anonymised, start=first)
        )
        self._remember(key, fingerprint, changed.answer)
        return changed.answer

    def _remember(self, key: str, fingerprint: str, answer: AccountAnswer | None) -> None:
        self._keys[key] = (fingerprint, answer)
        while len(self._keys) > _MAX_KEYS:
            del self._keys[next(iter(self._keys))]

    def to_json(self) -> dict[str, Any]:
        """Return the whole state as JSON-serialisable data."""
        return {
            "format": _FORMAT,
            "accounts": [record.to_json() for record in self._records.values()],
            "anonymous": [item.to_json() for item in self._anonymous],
            "keys": {
                key: {"mark": fingerprint, "answer": None if answer is None else answer.to_json()}
                for key, (fingerprint, answer) in self._keys.items()
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
            book = cls([AccountRecord.from_json(record) for record in raw["accounts"]], clock)
            book._anonymous = [DataItem.from_json(item) for item in raw["anonymous"]]
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
    """Return a digest of a request, so that the request itself need not be stored with its key."""
    text = json.dumps([action.value, account, payload], sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
