from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from privacydesk.clock import MovableClock
from privacydesk.domain.app_tokens import (
    CLOCK_LEEWAY,
    REVOCATION_RETENTION,
    IssuedToken,
    Revocation,
)
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import LookupHash
from privacydesk.services.revocations import Revocations, RevokedTokens, account_hash
from privacydesk.storage.temporary_store import random_hashing

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ACCOUNT = LookupHash(b"a" * 32)
TOKEN = LookupHash(b"t" * 32)


class Book:
    """Implements ``ports.RevocationBook`` in memory, and notes what is asked of it."""

    def __init__(self) -> None:
        self.kept: set[Revocation] = set()
        self.told: list[AuditEntry] = []
        self.looks: list[datetime] = []

    async def add(
        self, revocation: Revocation, audit_entry: AuditEntry, *, api_result: object | None = None
    ) -> None:
        del api_result
        self.kept.add(revocation)
        self.told.append(audit_entry)

    async def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        self.looks.append(at)
        yield [one for one in self.kept if one.revoked_at >= at]

    async def forget(self, before: datetime) -> None:
        self.kept = {one for one in self.kept if one.revoked_at >= before}


def revoked(*revocations: Revocation) -> RevokedTokens:
    made = RevokedTokens()
    made.add(revocations)
    return made


@pytest.mark.parametrize(
    ("token", "is_revoked"),
    [
        (IssuedToken(ACCOUNT, None, NOW - SECOND), True),
        (IssuedToken(ACCOUNT, None, NOW), True),
        (IssuedToken(ACCOUNT, None, NOW + SECOND), False),
        (IssuedToken(ACCOUNT), True),
        (IssuedToken(LookupHash(b"b" * 32)), False),
    ],
)
def test_an_account_s_tokens_are_revoked_by_when_they_were_issued(
    token: IssuedToken, is_revoked: bool
) -> None:
    assert revoked(Revocation(ACCOUNT, NOW)).is_revoked(token) is is_revoked


def test_the_latest_revocation_of_an_account_counts_in_whatever_order_they_come() -> None:
    known = revoked(Revocation(ACCOUNT, NOW + SECOND), Revocation(ACCOUNT, NOW))
    assert known.is_revoked(IssuedToken(ACCOUNT, None, NOW + SECOND))


def test_a_token_is_revoked_by_its_id_whenever_it_was_issued() -> None:
    known = revoked(Revocation(TOKEN, NOW), Revocation(ACCOUNT, NOW))
    later = NOW + SECOND
    assert known.is_revoked(IssuedToken(LookupHash(b"b" * 32), TOKEN, later))
    assert known.is_revoked(IssuedToken(ACCOUNT, TOKEN, later))
    assert not known.is_revoked(IssuedToken(ACCOUNT, LookupHash(b"u" * 32), later))


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (None, NOW),
        (NOW - 5 * SECOND, NOW - 5 * SECOND),
        (NOW - timedelta(hours=1), NOW - CLOCK_LEEWAY),
        (NOW + timedelta(hours=1), NOW + CLOCK_LEEWAY),
    ],
)
async def test_the_app_s_own_clock_counts_as_far_as_clocks_may_differ(
    said: datetime | None, until: datetime
) -> None:
    clock, hashing = MovableClock(NOW, frozen=True), random_hashing()
    desk = Revocations(Book(), RevokedTokens(), hashing, clock)
    assert await desk.revoke_account("u-1", by="crm", at=said) == until


async def test_neither_the_row_nor_the_audit_names_the_account() -> None:
    book, hashing = Book(), random_hashing()
    desk = Revocations(book, RevokedTokens(), hashing, MovableClock(NOW, frozen=True))
    await desk.revoke_account("u-1", by="crm")
    await desk.revoke_token("u-1", by="crm")
    assert "u-1" not in repr((book.kept, book.told))
    (account, token) = book.told
    assert account.detail == {"account": account_hash(hashing, "u-1").hex()}
    assert (account.what, token.what) == ("app_tokens_revoked", "app_token_revoked")
    assert len(book.kept) == 2


async def test_a_look_reads_what_is_new_and_now_and_then_all(clock: MovableClock) -> None:
    book, known = Book(), RevokedTokens()
    desk = Revocations(book, known, random_hashing(), clock)
    for _ in range(101):
        await desk.refresh()
        clock.move(3 * SECOND)
    first, second, *_, last = book.looks
    assert first == NOW - REVOCATION_RETENTION
    assert second == NOW - timedelta(minutes=1)
    assert last == NOW + 300 * SECOND - REVOCATION_RETENTION


async def test_what_was_written_while_this_clock_ran_ahead_is_found_in_the_end(
    clock: MovableClock,
) -> None:
    book, known = Book(), RevokedTokens()
    desk = Revocations(book, known, random_hashing(), clock)
    await desk.refresh()
    clock.move(timedelta(hours=2))
    await desk.refresh()
    book.kept.add(Revocation(ACCOUNT, NOW))
    for _ in range(99):
        await desk.refresh()
    assert known.is_revoked(IssuedToken(ACCOUNT))


async def test_a_sweep_forgets_in_memory_and_in_the_book(clock: MovableClock) -> None:
    book, known = Book(), RevokedTokens()
    desk = Revocations(book, known, random_hashing(), clock)
    await desk.revoke_account("u-1", by="crm")
    clock.move(REVOCATION_RETENTION)
    await desk.sweep()
    assert (len(known), len(book.kept)) == (1, 1)
    clock.move(SECOND)
    await desk.sweep()
    assert (len(known), len(book.kept)) == (0, 0)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW, frozen=True)
