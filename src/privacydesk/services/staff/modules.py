"""Text modules: supervisors maintain them, everybody who writes to users uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.text_modules import TextModule, checked
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Catalog, TextBook
from privacydesk.services.staff.roster import Roster


class Filled(Struct, frozen=True):
    """A module as it would be written to a user."""

    name: str
    text: str


class Modules:
    """Keeps and fills text modules.

    Args:
        book: where they are kept.
        roster: who may change them.
        catalog: formats values in the user's language.
        locales: every language a module is written in.
        app: what the app is called in a language.
        clock: the present.
    """

    def __init__(
        self,
        *,
        book: TextBook,
        roster: Roster,
        catalog: Catalog,
        locales: Sequence[str],
        app: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._book = book
        self._roster = roster
        self._catalog = catalog
        self.locales = locales
        self._app = app
        self._clock = clock

    async def all(self) -> tuple[TextModule, ...]:
        """Return all of them by name."""
        return await self._book.all()

    async def save(self, by: str, name: str, texts: dict[str, str], *, seen: int) -> TextModule:
        """Add a module, or replace the texts of one.

        Args:
            by: the supervisor who does it.
            name: the module's.
            texts: by locale, all of them.
            seen: the version that is changed; 0 for a new one.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
            InvalidRequestError: as ``text_modules.checked`` says.
            StaleError: somebody else changed, removed or wrote it meanwhile.
        """
        agent = await self._roster.supervisor(by)
        kept = checked(name, texts, self.locales)
        now = self._clock.now()
        module = TextModule(name, kept, agent.name, now, seen + 1)
        told = AuditEntry(now, agent.name, "text_module_saved", detail={"name": name})
        await self._book.save(module, told)
        return module

    async def remove(self, by: str, name: str, *, seen: int) -> None:
        """Remove a module; messages written with it stay.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            StaleError: somebody else changed or removed it meanwhile.
        """
        agent = await self._roster.supervisor(by)
        told = AuditEntry(
            self._clock.now(), agent.name, "text_module_removed", detail={"name": name}
        )
        await self._book.remove(name, seen, told)

    def fitting(
        self, modules: Iterable[TextModule], agent: Agent, locale: str, ticket: Ticket | None
    ) -> tuple[Filled, ...]:
        """Return the modules that can be used here, filled, in the user's language."""
        values = {"agent": agent.display_name, "app": self._app(locale)}
        if ticket is not None:
            values |= {
                "number": ticket.number,
                "kind": self._catalog.text(locale, f"kind.{ticket.kind.value}", {}),
            }
            if ticket.clock is not None:
                due = {"$date": ticket.clock.due_date.isoformat(), "year": True}
                values["due"] = self._catalog.value(locale, due)
        return tuple(
            Filled(module.name, text)
            for module in modules
            if (text := module.filled(locale, values)) is not None
        )
