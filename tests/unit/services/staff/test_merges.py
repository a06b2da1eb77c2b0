"""Which request may be closed as the duplicate of another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.services.test_plans import ticket

from privacydesk.domain.ids import LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem
from privacydesk.services.staff.merges import MergeBlocker, find_merge_blocker

UNTIL_2025: dict[str, Any] = {"only": [{"to": "2025-12-31"}]}
UNTIL_2024: dict[str, Any] = {"only": [{"to": "2024-12-31"}]}


@pytest.mark.parametrize(
    ("wider", "item", "covers"),
    [
        (("all", {}), ("posts", {"details": "in full"}), True),
        (("all", UNTIL_2024), ("posts", {}), False),
        (("posts", UNTIL_2025), ("posts", UNTIL_2024), True),
        (("posts", UNTIL_2024), ("posts", UNTIL_2025), False),
        (("posts", {}), ("posts", {"words": "or rather"}), False),
        (("posts", {"period": "last year"}), ("posts", {"period": "last year"}), True),
        (("posts", {"period": "last year"}), ("posts", UNTIL_2024), False),
        (("posts", {"details": "in full"}), ("posts", {}), False),
    ],
)
def test_the_one_that_goes_on_asks_for_at_least_as_much(
    wider: tuple[str, dict[str, Any]], item: tuple[str, dict[str, Any]], covers: bool
) -> None:
    common: dict[str, Any] = {
        "account_hash": LookupHash(b"h" * 32),
        "verified_at": datetime(2026, 6, 1, tzinfo=UTC),
    }
    one = ticket(RequestKind.DELETION, ScopeItem(*item), **common)
    goes_on = ticket(RequestKind.DELETION, ScopeItem(*wider), id=TicketId(b"u" * 16), **common)
    assert find_merge_blocker(one, goes_on) is (None if covers else MergeBlocker.SCOPE)
