"""The desk on PostgreSQL with its large tables partitioned by conversation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.common import postgresql
from tests.common.partitions import explain, partition, spread
from tests.common.stories import play, story_files

PARTITIONS = 8
STORIES = (
    "access_straight",
    "deregistration_done",
    "guardian_suspended",
    "human_agent_talk",
    "return_to_ticket_by_contact",
    "unbinding_resent",
)
AT_START = "FROM data_key ORDER BY"
"""Whether the ring keys are the right ones."""
OVER_ALL = (
    AT_START,
    "conversation.owner_kind = 'queue'",
    "conversation.owner_kind = 'agent'",
    "conversation.queue_rank = 0",
    "WHERE help_visit.began_at >=",
)
"""What is about all conversations; each reads an index of each partition that holds little:
who waits, whom agents have, and the visits of a day. ``docs/scaling.md`` lists them."""


@pytest.fixture
def partitioned(
    postgresql_server: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    url = postgresql_server.database()
    partition(url, PARTITIONS)
    monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", url)
    yield url
    postgresql_server.drop(url)


@pytest.mark.parametrize("name", STORIES)
async def test_a_turn_reads_the_partition_of_its_conversation_alone(
    name: str, partitioned: str, tmp_path: Path, postgresql_server: postgresql.Server
) -> None:
    explain(partitioned)
    log = postgresql_server.folder / "log"
    seen = log.stat().st_size
    (story,) = [one for one in story_files() if one.stem == name]
    await play(story, tmp_path)
    found = spread(log.read_text("utf-8", "replace")[seen:])
    unknown = [one for one in found if not any(known in one for known in OVER_ALL)]
    assert not unknown, "name its conversation, or list it here and in docs/scaling.md"
    assert any(AT_START in one and count == PARTITIONS for one, count in found.items())
