"""The composition root: the only room that knows every other one."""

from __future__ import annotations

from privacydesk.app.opening import open_rooms
from privacydesk.app.outside import Outside, connect_outside
from privacydesk.app.process import serving, web_faces
from privacydesk.app.rooms import Rooms, Upkeep, Webhooks
from privacydesk.settings import Settings
from privacydesk.storage import schema

__all__ = [
    "Outside",
    "Rooms",
    "Upkeep",
    "Webhooks",
    "connect_outside",
    "open_rooms",
    "serving",
    "upgrade",
    "web_faces",
]


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    schema.upgrade(settings.url)
