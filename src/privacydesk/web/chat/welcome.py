"""The welcome that an admitted client receives, over the socket and over HTTP alike."""

from __future__ import annotations

from typing import Any

from privacydesk.services.api import Entry, Session
from privacydesk.web.chat.encoding import view_json
from privacydesk.web.chat.frames import MAX_ID, MAX_UPLOADS, Hello
from privacydesk.web.chat.room import Room


def copy_ends_at(session: Session, epoch: str, offset: int) -> int:
    """Return the offset up to which a client's copy is valid: 0 if it must be dropped."""
    return offset if epoch == session.epoch and offset <= session.head else 0


def welcome_json(room: Room, entry: Entry, hello: Hello) -> dict[str, Any]:
    """Return the welcome; ``after`` is the offset from which the client's copy continues."""
    settings, session = room.settings, entry.session
    welcome: dict[str, Any] = {
        "epoch": session.epoch,
        "head": session.head,
        "after": copy_ends_at(session, hello.epoch, hello.offset),
        "locale": session.locale,
        "account": session.account,
        "limits": {
            "text": settings.max_text,
            "frame": settings.max_frame,
            "upload": settings.max_upload,
            "uploads": MAX_UPLOADS,
            "id": MAX_ID,
            "messages_per_second": settings.messages_per_second,
            "burst": settings.message_burst,
        },
        "view": view_json(entry.view),
    }
    if session.secret:
        welcome["secret"] = session.secret
    return welcome
