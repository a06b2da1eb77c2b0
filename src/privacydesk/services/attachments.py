"""Files that agents send with a reply: re-encoded like those of users, and looked up."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId, ConversationId
from privacydesk.errors import NotFoundError
from privacydesk.ports import Minter, Reader
from privacydesk.services.uploads import Pictures


class Offered(Struct, frozen=True):
    """A file as it was offered; its content has not been checked.

    Attributes:
        name: cleaned, so that it may be shown.
    """

    name: str
    body: bytes


class Attachments:
    """Makes attachments of files, and finds them for their recipients."""

    def __init__(self, pictures: Pictures, reader: Reader, minter: Minter, clock: Clock) -> None:
        self._pictures = pictures
        self._reader = reader
        self._minter = minter
        self._clock = clock

    async def make(self, file: Offered, conversation: ConversationId, agent: Agent) -> Attachment:
        """Return the attachment made of a file; the writer sets its event's offset.

        Raises:
            DeskError: ``UNSUPPORTED_MEDIA`` when it is not an accepted picture.
            UnavailableError: too many files wait to be decoded.
        """
        picture, now = await self._pictures.rewrite(file.body), self._clock.now()
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

    async def find(self, conversation: ConversationId, name: str) -> Attachment:
        """Return a file that was sent in a conversation, by its id in hex.

        Raises:
            NotFoundError: no file of this id was sent in it, or it is gone.
        """
        try:
            wanted = AttachmentId(bytes.fromhex(name))
        except ValueError:
            wanted = AttachmentId(b"")
        found = await self._reader.attachment(wanted)
        if found is None or found.conversation_id != conversation:
            raise NotFoundError("no such file was sent in this conversation")
        return found
