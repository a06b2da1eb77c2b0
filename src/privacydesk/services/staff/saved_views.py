"""Saved views of the inbox: agents keep their own, supervisors share theirs with the team."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import SavedViewId
from privacydesk.domain.inbox_views import InboxListing
from privacydesk.domain.saved_views import (
    MAX_VIEWS,
    SavedView,
    validate_view_name,
)
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    NotFoundError,
)
from privacydesk.ports import IdGenerator, SavedViewStore
from privacydesk.services.staff.roster import Roster, check_supervisor


class SavedViews:
    """Saves, shares, renames and removes views.

    Args:
        store: stores the views.
        roster: finds agents and checks their roles.
        minter: generates ids.
        clock: source of the current time.
    """

    def __init__(
        self, store: SavedViewStore, roster: Roster, minter: IdGenerator, clock: Clock
    ) -> None:
        self._store = store
        self._roster = roster
        self._minter = minter
        self._clock = clock

    async def visible_to(self, agent: Agent) -> tuple[SavedView, ...]:
        """Return the agent's own views, then the team's, each by name."""
        views = [view for view in await self._store.all() if view.is_visible_to(agent)]
        return tuple(sorted(views, key=lambda view: (view.shared, view.name.casefold())))

    async def add(self, by: str, name: str, listing: InboxListing, *, shared: bool) -> SavedView:
        """Save a listing under a name.

        Raises:
            DeskError: ``FORBIDDEN`` if it is shared by anybody but a supervisor.
            InvalidRequestError: the name is empty or too long, or taken by a view that is seen
                beside it.
            NotAllowedNowError: there are as many views already as there may be.
        """
        agent = await self._roster.agent(by)
        now = self._clock.now()
        view = SavedView(
            SavedViewId(self._minter.id(now)), validate_view_name(name), agent.name, shared,
            listing, agent.name, now,
        )  # fmt: skip
        await self._save(view, agent)
        return view

    async def change(
        self, by: str, view_id: SavedViewId, name: str, *, shared: bool, seen: int
    ) -> SavedView:
        """Rename a view, share it with the team, or keep it to oneself again.

        Raises:
            NotFoundError: the agent sees no such view.
            DeskError: ``FORBIDDEN`` for a view of others, and for sharing by anybody but a
                supervisor.
            InvalidRequestError, NotAllowedNowError: as for ``add``.
            StaleError: somebody else has changed or removed it.
        """
        agent, view = await self._changeable(by, view_id)
        # A view that is shared no more belongs to the supervisor who decided so.
        owner = agent.name if view.shared and not shared else view.owner
        changed = replace(
            view,
            name=validate_view_name(name),
            owner=owner,
            shared=shared,
            changed_by=agent.name,
            changed_at=self._clock.now(),
            version=seen + 1,
        )
        await self._save(changed, agent)
        return changed

    async def remove(self, by: str, view_id: SavedViewId, *, seen: int) -> SavedView:
        """Remove a view, and return it. Its requests stay as they are.

        Raises:
            NotFoundError: the agent sees no such view.
            DeskError: ``FORBIDDEN`` for a view of others.
            StaleError: somebody else has changed or removed it.
        """
        agent, view = await self._changeable(by, view_id)
        await self._store.remove(view.id, seen, self._entry(view, "saved_view_removed", agent))
        return view

    async def _changeable(self, by: str, view_id: SavedViewId) -> tuple[Agent, SavedView]:
        agent = await self._roster.agent(by)
        for view in await self.visible_to(agent):
            if view.id != view_id:
                continue
            if not view.may_be_changed_by(agent):
                raise DeskError(
                    "a shared view is changed by supervisors",
                    code=ErrorCode.FORBIDDEN,
                    reason="lack_supervisor",
                )
            return agent, view
        raise NotFoundError("there is no such view")

    async def _save(self, view: SavedView, agent: Agent) -> None:
        if view.shared:
            check_supervisor(agent)
        others = [other for other in await self.visible_to(agent) if other.id != view.id]
        if any(other.name.casefold() == view.name.casefold() for other in others):
            raise InvalidRequestError("there is a view of this name", reason="view_taken")
        if sum(other.shared == view.shared for other in others) >= MAX_VIEWS:
            raise NotAllowedNowError(
                "there are too many views", reason="view_many", most={"$number": MAX_VIEWS}
            )
        what = "saved_view_shared" if view.shared else "saved_view_saved"
        await self._store.save(view, self._entry(view, what, agent))

    def _entry(self, view: SavedView, what: str, agent: Agent) -> AuditEntry:
        return AuditEntry(self._clock.now(), agent.name, what, detail={"name": view.name})
