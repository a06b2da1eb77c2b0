"""The composition root: the only room that knows every other one.

What only a serving process needs, the web server and clients, is in ``process`` and
``connecting``: commands do not import it.
"""

from __future__ import annotations

from pathlib import Path

from privacydesk.app.database_check import ADOPTABLE, Finding, adopt_parts, check_database
from privacydesk.app.opening import open_rooms
from privacydesk.app.outside import Outside
from privacydesk.app.rooms import Rooms, Upkeep, Webhooks
from privacydesk.settings import Settings
from privacydesk.storage import copies, schema
from privacydesk.storage.database_faults import refused_by_database
from privacydesk.storage.sealing import KeyRing

__all__ = [
    "ADOPTABLE",
    "Finding",
    "Outside",
    "Rooms",
    "Upkeep",
    "Webhooks",
    "adopt_parts",
    "back_up",
    "check_database",
    "open_rooms",
    "refused_by_database",
    "renew_epochs",
    "upgrade",
]


def upgrade(settings: Settings, progress: schema.Progress | None = None) -> None:
    """Bring the database to the newest schema; see ``storage.schema.upgrade``."""
    ring = KeyRing(*settings.keys()) if settings.ring_keys else None
    schema.upgrade(settings.url, ring, progress)


def back_up(settings: Settings, file: Path) -> None:
    """Write a whole copy of the database; see ``storage.copies.back_up``."""
    copies.back_up(settings.url, file)


def renew_epochs(settings: Settings) -> int:
    """Give every conversation a new epoch; return how many there are."""
    return copies.renew_epochs(settings.url, KeyRing(*settings.keys()))
