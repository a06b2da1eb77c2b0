"""Closing an account takes no newly taken picture of a face, unless the operator has a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, World, enter, open_world, steps

REASON = "Accounts are taken over and closed by fraudsters."


async def closing(world: World) -> tuple[list[str], dict[str, object]]:
    """Return what somebody without a phone hears, and what the examination leaves in the log."""
    alice = await steps(await enter(world, "alice", "en"), {"choose": "deregistration"})
    await steps(alice, {"choose": "go_on"})
    said = [event.text for event in alice.events if event.key.startswith("collect_evidence.")]
    await steps(alice, {"upload": "passport.png"}, {"choose": "desk.ask_done"}, {"choose": "chat"})
    await steps(alice, {"choose": "yes"})
    (ticket,) = await alice.tickets()
    staff = world.services.staff
    await staff.handling.claim(ticket.number, "mei")
    await open_files(staff, ticket.number, "mei")
    await staff.examinations.examine(ticket.number, "mei", accepted=True)
    log = await world.services.store.reader.ticket_log(ticket.id)
    return said, dict(next(entry.data for entry in log if entry.what == "examine"))


@pytest.mark.parametrize("reason", ["", REASON])
async def test_a_face_is_asked_for_with_a_recorded_reason_alone(
    tmp_path: Path, reason: str
) -> None:
    async with open_world(tmp_path, {**PROFILE, "closing_faces": reason}) as world:
        (said,), examined = await closing(world)
    assert ("No selfie" in said) is not bool(reason)
    assert examined.get("faces") == (reason or None)


async def test_other_requests_are_shown_by_a_document_as_before(tmp_path: Path) -> None:
    async with open_world(tmp_path, PROFILE) as world:
        alice = await steps(await enter(world, "alice", "en"), {"choose": "access"})
        assert "collect_evidence.identity" in [event.key for event in alice.events]
