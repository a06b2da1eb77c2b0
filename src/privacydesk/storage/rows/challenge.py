"""Row mapper of challenges of one-time codes: only hashes and numbers, so nothing is sealed."""

from __future__ import annotations

from typing import Any

import msgspec

from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.verification_codes import Challenge, Mark
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding(
    "challenge.mac",
    "id",
    "version",
    "code_hash",
    "expires_at",
    "entries_left",
    "not_before",
    "marks",
)


def challenge_row(challenge: Challenge, key: Seal) -> dict[str, Any]:
    """Return the signed row of a challenge."""
    row = {
        "id": challenge.id,
        "version": challenge.version,
        "code_hash": challenge.code_hash,
        "expires_at": opt_micros(challenge.expires_at),
        "entries_left": challenge.attempts_left,
        "not_before": opt_micros(challenge.not_before),
        "marks": msgspec.msgpack.encode(
            [(to_micros(mark.at), mark.tag, mark.count) for mark in challenge.marks]
        ),
    }
    return BINDING.sign(row, key)


def read_challenge(row: Any, key: Seal) -> Challenge:
    """Return the challenge of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    return Challenge(
        id=ChallengeId(row.id),
        version=row.version,
        code_hash=row.code_hash,
        expires_at=opt_instant(row.expires_at),
        attempts_left=row.entries_left,
        not_before=opt_instant(row.not_before),
        marks=tuple(
            Mark(from_micros(at), of, count) for at, of, count in msgspec.msgpack.decode(row.marks)
        ),
    )
