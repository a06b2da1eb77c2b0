"""Staged uploads: files that belong to no ticket yet.

A file is *staged* from its upload until a ticket takes it. Most are submitted with a form within a
minute; those that never are must not be stored for ever, so a sweep removes them. The sweep relies
on the database alone, so that it works even if the process that received a file has crashed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import structlog

from privacydesk.clock import Clock
from privacydesk.dialog.running import evidence_in
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.evidence import MAX_PAGES, Evidence, page_id
from privacydesk.domain.ids import ConversationId, EvidenceId
from privacydesk.domain.turn import Upload
from privacydesk.errors import DeskError, ErrorCode, NotFoundError, is_outage
from privacydesk.ports import Changes, Job, Locks, Store, WorkingSet

_log = structlog.get_logger(__name__)

_MAX_FILES = 20
"""The maximum number of a conversation's files that are in open forms or not submitted yet."""
_MAX_SHARED = 100
"""The maximum number of files that a user may send to agents in a conversation."""
_MAX_FROM_WAITING_STRANGER = 10
"""The maximum number of files that a user without a login may leave while nobody is there yet."""
_MAX_BYTES = 100 * 1024 * 1024
"""The maximum size of all files of a conversation's user, including those of its tickets."""
_GRACE_PERIOD = timedelta(hours=1)
"""The time between the end of a file's lifetime and its removal, so that a turn that takes it and a
sweep that removes it never overlap."""
_PAGE_SIZE = 100


class StagedUploads:
    """Stores, finds and removes staged files.

    Args:
        store: stores files and conversations.
        clock: source of the current time.
        lifetime: how long after its upload a file can be submitted.
    """

    def __init__(self, store: Store, clock: Clock, lifetime: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._lifetime = lifetime

    async def check_limits(self, conversation: Conversation, more: int = 1) -> None:
        """Check that a conversation may upload that many more files.

        Raises:
            DeskError: ``RATE_LIMITED`` if it has too many files or bytes already.
        """
        staged = await self._submittable(conversation.id)
        files = _files_in_open_forms(conversation) | {file.id for file in staged.values()}
        shared, shared_bytes = await self._store.reader.shared_files(conversation.id)
        total_bytes = shared_bytes + await self._store.reader.evidence_bytes(conversation.id)
        waits = conversation.owner.kind is OwnerKind.QUEUE and not conversation.account
        most_shared = _MAX_FROM_WAITING_STRANGER if waits else _MAX_SHARED
        full = len(files) + more > _MAX_FILES or shared + more > most_shared
        if full or total_bytes >= _MAX_BYTES:
            raise DeskError("too many files", code=ErrorCode.RATE_LIMITED, reason="many_files")

    async def store(self, pages: tuple[Evidence, ...]) -> None:
        """Store an uploaded file: a picture, or the pages of a PDF."""
        first = pages[0]
        await self._store.writer.submit(
            Job(
                id=f"upload:{first.id.hex()}",
                locks=Locks(conversation=first.conversation_id),
                decide=lambda _rows: Changes(evidence=pages),
            )
        )

    async def find(self, conversation: ConversationId, ids: Sequence[str]) -> tuple[Upload, ...]:
        """Return the staged files that a client submits, by their ids in hex.

        The id of a PDF stands for all of its pages.

        Raises:
            NotFoundError: one does not exist, belongs to another conversation, or is too old.
        """
        staged = await self._submittable(conversation)
        if any(file_id not in staged for file_id in ids):
            raise NotFoundError("no such upload")
        wanted = dict.fromkeys(page for one in ids for page in _pages_of(staged[one].id))
        files = [staged[page] for page in wanted if page in staged]
        return tuple(Upload(file.id, file.name, file.media_type, file.size) for file in files)

    async def _submittable(self, conversation: ConversationId) -> Mapping[str, Evidence]:
        """Return a conversation's staged files that can still be submitted, by their ids in hex."""
        oldest = self._clock.now() - self._lifetime
        staged = await self._store.reader.staged_in(conversation)
        return {file.id.hex(): file for file in staged if file.created_at >= oldest}

    async def sweep(self) -> int:
        """Remove files that were never submitted; return how many.

        Files in an open form stay: its ticket takes them, or they are removed with the form.
        """
        before = self._clock.now() - self._lifetime - _GRACE_PERIOD
        removed, after = 0, None
        while page := await self._store.reader.staged_before(before, after=after, limit=_PAGE_SIZE):
            after = page[-1].id
            for conversation in dict.fromkeys(file.conversation_id for file in page):
                files = tuple(file.id for file in page if file.conversation_id == conversation)
                try:
                    removed += await self._remove(conversation, files)
                except DeskError as error:
                    # The next sweep retries these; those of other conversations are removed now.
                    if not is_outage(error):
                        _log.warning("staged_uploads_stay", code=error.code.value)
        if removed:
            _log.info("staged_uploads_removed", count=removed)
        return removed

    async def _remove(self, conversation: ConversationId, files: tuple[EvidenceId, ...]) -> int:
        def decide(rows: WorkingSet) -> Changes:
            in_forms: frozenset[EvidenceId] = frozenset()
            if rows.conversation is not None:
                in_forms = _files_in_open_forms(rows.conversation)
            return Changes(evidence_removed=tuple(file for file in files if file not in in_forms))

        committed = await self._store.writer.submit(
            Job(
                id=f"unstage:{files[0].hex()}",
                locks=Locks(conversation=conversation),
                decide=decide,
            )
        )
        return len(committed.changes.evidence_removed) if committed.changes else 0


def _pages_of(first: EvidenceId) -> Iterator[str]:
    """Yield the ids, in hex, that the pages of a file may have."""
    return (page_id(first, page).hex() for page in range(MAX_PAGES))


def _files_in_open_forms(conversation: Conversation) -> frozenset[EvidenceId]:
    return frozenset(evidence_in(conversation.stack))
