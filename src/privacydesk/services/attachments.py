"""Files in conversations: those that agents attach to a reply, and users' files for an agent.

All are re-encoded in the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId, ConversationId
from privacydesk.domain.turn import Upload
from privacydesk.errors import NotFoundError
from privacydesk.ports import IdGenerator, Reader
from privacydesk.services.uploads import PictureConverter


class UncheckedFile(Struct, frozen=True):
    """A file that an agent uploaded, before its content is checked.

    Attributes:
        name: the file name, sanitised for display.
        body: the content as uploaded.
    """

    name: str
    body: bytes


class Attachments:
    """Creates attachments from uploaded files, and finds them for download."""

    def __init__(
        self, pictures: PictureConverter, reader: Reader, minter: IdGenerator, clock: Clock
    ) -> None:
        self._pictures = pictures
        self._reader = reader
        self._minter = minter
        self._clock = clock

    async def create(
        self, file: UncheckedFile, conversation: ConversationId, agent: Agent
    ) -> Attachment:
        """Return the attachment created from a file; it is not stored yet.

        Its offset is 0 until the writer sets it to that of its event.

        Raises:
            DeskError: ``UNSUPPORTED_MEDIA`` if the file is not a supported picture.
            UnavailableError: too many files are waiting to be decoded.
        """
        picture, now = await self._pictures.convert(file.body), self._clock.now()
        return Attachment(
            id=AttachmentId(self._minter.id(now)),
            conversation_id=conversation,
            offset=0,
            name=file.name,
            media_type=picture.media_type,
            size=len(picture.body),
            sha256=hashlib.sha256(picture.body).hexdigest(),
            created_at=now,
            by=agent.name,
            body=picture.body,
        )

    async def share(self, files: Sequence[Upload]) -> tuple[Attachment, ...]:
        """Return attachments made from files that a user has uploaded; they keep their ids.

        Raises:
            NotFoundError: one was removed meanwhile.
        """
        return tuple([await self._share(file) for file in files])

    async def _share(self, file: Upload) -> Attachment:
        evidence = await self._reader.evidence(file.id)
        if evidence is None or not evidence.body:
            raise NotFoundError("no such upload")
        return Attachment(
            id=AttachmentId(evidence.id),
            conversation_id=evidence.conversation_id,
            offset=0,
            name=evidence.name,
            media_type=evidence.media_type,
            size=evidence.size,
            sha256=evidence.sha256,
            created_at=self._clock.now(),
            by="",
            body=evidence.body,
        )

    async def find(self, conversation: ConversationId, name: str) -> Attachment:
        """Return an attachment of a conversation.

        Args:
            conversation: the conversation it must have been sent in.
            name: its id in hex.

        Raises:
            NotFoundError: no attachment with this id was sent in the conversation, or it was
                deleted.
        """
        try:
            attachment_id = AttachmentId(bytes.fromhex(name))
        except ValueError:
            attachment_id = AttachmentId(b"")
        attachment = await self._reader.attachment(attachment_id)
        if attachment is None or attachment.conversation_id != conversation:
            raise NotFoundError("no such file was sent in this conversation")
        return attachment
