"""Saved views: a view of the inbox with filters and an order, under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import SavedViewId
from privacydesk.domain.inbox_views import InboxListing
from privacydesk.errors import InvalidRequestError

MAX_NAME: Final = 40
"""The maximum length of a view's name."""
MAX_VIEWS: Final = 20
"""The most views that an agent, or the team, may have: the inbox counts the tickets of each."""


class SavedView(Struct, frozen=True):
    """A listing under a name.

    Attributes:
        id: the view's id.
        name: the name, as its owner wrote it.
        owner: the name of the agent who saved it.
        shared: whether the whole team sees it.
        listing: what it lists.
        changed_by: the name of the agent who changed it last.
        changed_at: when they did.
        version: raised by every change; a change based on an older version is refused.
    """

    id: SavedViewId
    name: str
    owner: str
    shared: bool
    listing: InboxListing
    changed_by: str
    changed_at: datetime
    version: int = 1

    def is_visible_to(self, agent: Agent) -> bool:
        """Return whether an agent sees the view."""
        return self.shared or self.owner == agent.name

    def may_be_changed_by(self, agent: Agent) -> bool:
        """Return whether an agent may rename, share or remove the view."""
        return agent.supervises if self.shared else self.owner == agent.name


def validate_view_name(name: str) -> str:
    """Return a view's name as it is stored: on one line, without surrounding whitespace.

    Raises:
        InvalidRequestError: it is empty or too long.
    """
    words = " ".join(name.split())
    if not words or len(words) > MAX_NAME:
        raise InvalidRequestError(
            f"a view's name has 1 to {MAX_NAME} characters", reason="view_name"
        )
    return words
