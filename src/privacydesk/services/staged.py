"""Uploaded files that belong to no request yet.

A file is *staged* from its upload until a ticket takes it. Most become part of a form within a
minute; the rest was picked and never handed in. Those must not stay for ever, so a sweep
removes them. It relies on the database alone, so it does not matter whether the process that took
a file in was stopped, has crashed, or never knew of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from privacydesk.clock import Clock
from privacydesk.dialog.running import evidence_in
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, EvidenceId
from privacydesk.domain.turn import Upload
from privacydesk.errors import DeskError, ErrorCode, NotFoundError, is_outage
from privacydesk.ports import Changes, Job, Locks, Store, WorkingSet

_log = structlog.get_logger(__name__)

_MOST = 20
"""The maximum of a conversation's files in open forms or waiting to be handed in."""
_MOST_BYTES = 100 * 1024 * 1024
"""The maximum bytes of all files of a conversation, its requests' included."""
_GRACE = timedelta(hours=1)
"""The time between a file's last chance to be handed in and its removal, so that a turn taking it
and a sweep removing it never overlap."""
_PAGE = 100


class StagedUploads:
    """Keeps, finds and removes staged files.

    Args:
        keep_for: how long after its upload a file can be handed in.
    """

    def __init__(self, store: Store, clock: Clock, keep_for: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._keep_for = keep_for

    async def refuse_more(self, conversation: Conversation) -> None:
        """Refuse further files once a conversation holds too many.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        waiting = await self._waiting(conversation.id)
        files = held_by(conversation) | {one.id for one in waiting.values()}
        kept = await self._store.reader.evidence_bytes(conversation.id)
        if len(files) >= _MOST or kept >= _MOST_BYTES:
            raise DeskError("too many files", code=ErrorCode.RATE_LIMITED, reason="many_files")

    async def keep(self, file: Evidence) -> None:
        """Store a file."""
        await self._store.writer.submit(
            Job(
                id=f"upload:{file.id.hex()}",
                locks=Locks(conversation=file.conversation_id),
                decide=lambda _rows: Changes(evidence=(file,)),
            )
        )

    async def named(self, conversation: ConversationId, names: Sequence[str]) -> tuple[Upload, ...]:
        """Return the files that a client hands in.

        Raises:
            NotFoundError: one is not there, not this conversation's, or too old.
        """
        waiting = await self._waiting(conversation)
        try:
            files = [waiting[name] for name in dict.fromkeys(names)]
        except KeyError as error:
            raise NotFoundError("no such upload") from error
        return tuple(Upload(one.id, one.name, one.media_type, one.size) for one in files)

    async def _waiting(self, conversation: ConversationId) -> Mapping[str, Evidence]:
        """Return a conversation's staged files that may still be handed in, by their names."""
        oldest = self._clock.now() - self._keep_for
        staged = await self._store.reader.staged_in(conversation)
        return {one.id.hex(): one for one in staged if one.created_at >= oldest}

    async def sweep(self) -> int:
        """Remove files that nobody handed in; return how many.

        Files in an open form stay: they go to its ticket, or are removed with the form.
        """
        before = self._clock.now() - self._keep_for - _GRACE
        removed, after = 0, None
        while found := await self._store.reader.staged_before(before, after=after, limit=_PAGE):
            after = found[-1].id
            for conversation in dict.fromkeys(one.conversation_id for one in found):
                files = tuple(one.id for one in found if one.conversation_id == conversation)
                try:
                    removed += await self._remove(conversation, files)
                except DeskError as error:
                    # The next sweep retries these; the other conversations' are removed now.
                    if not is_outage(error):
                        _log.warning("staged_uploads_stay", code=error.code.value)
        if removed:
            _log.info("staged_uploads_removed", count=removed)
        return removed

    async def _remove(self, conversation: ConversationId, files: tuple[EvidenceId, ...]) -> int:
        def decide(rows: WorkingSet) -> Changes:
            held = held_by(rows.conversation) if rows.conversation is not None else frozenset()
            return Changes(evidence_removed=tuple(one for one in files if one not in held))

        committed = await self._store.writer.submit(
            Job(
                id=f"unstage:{files[0].hex()}",
                locks=Locks(conversation=conversation),
                decide=decide,
            )
        )
        return len(committed.changes.evidence_removed) if committed.changes else 0


def held_by(conversation: Conversation) -> frozenset[EvidenceId]:
    """Return the files that a conversation's open forms hold."""
    return frozenset(evidence_in(conversation.stack))
