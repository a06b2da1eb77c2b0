"""Counter rows of one-time codes. They hold hashes and numbers only, so nothing is sealed."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.identity import Challenge
from privacydesk.domain.ids import ChallengeId
from privacydesk.storage.codec import opt_instant, opt_micros


def challenge_row(challenge: Challenge) -> dict[str, Any]:
    """Return a challenge's row."""
    return {
        "id": challenge.id,
        "version": challenge.version,
        "code_hash": challenge.code_hash,
        "expires_at": opt_micros(challenge.expires_at),
        "entries_left": challenge.entries_left,
        "day_started_at": opt_micros(challenge.day_started_at),
        "sent_in_day": challenge.sent_in_day,
        "failed_in_day": challenge.failed_in_day,
        "not_before": opt_micros(challenge.not_before),
    }


def read_challenge(row: Any) -> Challenge:
    """Return the challenge of a row."""
    return Challenge(
        id=ChallengeId(row.id),
        version=row.version,
        code_hash=row.code_hash,
        expires_at=opt_instant(row.expires_at),
        entries_left=row.entries_left,
        day_started_at=opt_instant(row.day_started_at),
        sent_in_day=row.sent_in_day,
        failed_in_day=row.failed_in_day,
        not_before=opt_instant(row.not_before),
    )
