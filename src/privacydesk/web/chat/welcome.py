"""The welcome message that an admitted client receives, over the socket or over HTTP."""

from __future__ import annotations

from typing import Any

from privacydesk.services.api import Admission, Session
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.encoding import view_json
from privacydesk.web.chat.frame_parser import MAX_ID, MAX_UPLOADS, Hello


def valid_offset(session: Session, epoch: str, offset: int) -> int:
    """Return the offset up to which the client's copy of the log is valid; 0 if it is void.

    Args:
        session: the client's session.
        epoch: the epoch of the client's copy.
        offset: the offset of its last event.
    """
    return offset if epoch == session.epoch and offset <= session.head else 0


def welcome_json(chat: ChatServer, admission: Admission, hello: Hello) -> dict[str, Any]:
    """Return the welcome as JSON. The client receives the events behind the offset ``after``."""
    settings, session = chat.settings, admission.session
    welcome: dict[str, Any] = {
        "epoch": session.epoch,
        "head": session.head,
        "after": valid_offset(session, hello.epoch, hello.offset),
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
        "view": view_json(admission.view),
    }
    if session.secret:
        welcome["secret"] = session.secret
    return welcome
