"""Text modules: texts for replies, maintained by supervisors and used by all agents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.text_modules import TextModule, validate_texts
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Catalog, TextModuleStore
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.due_dates import due_argument
from privacydesk.services.staff.roster import Roster


class RenderedModule(Struct, frozen=True):
    """A text module in the user's language, with its placeholders filled."""

    name: str
    text: str


class TextModules:
    """Manages text modules and renders them for replies.

    Args:
        store: stores the modules.
        roster: finds agents and checks their roles.
        catalog: formats values in the user's language.
        locales: the locales in which every module has to be written.
        app_name: returns the app's name in a locale.
        deadlines: explains due dates.
        clock: source of the current time.
    """

    def __init__(
        self,
        *,
        store: TextModuleStore,
        roster: Roster,
        catalog: Catalog,
        locales: Sequence[str],
        app_name: Callable[[str], str],
        deadlines: Deadlines,
        clock: Clock,
    ) -> None:
        self._store = store
        self._roster = roster
        self._catalog = catalog
        self.locales = locales
        self._app_name = app_name
        self._deadlines = deadlines
        self._clock = clock

    async def all(self) -> tuple[TextModule, ...]:
        """Return all modules, ordered by name."""
        return await self._store.all()

    async def save(self, by: str, name: str, texts: dict[str, str], *, seen: int) -> TextModule:
        """Add a module, or replace the texts of an existing one.

        Args:
            by: the name of the supervisor.
            name: the name of the module.
            texts: its texts by locale, for all locales.
            seen: the version that is replaced; 0 for a new module.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            InvalidRequestError: the name or a text is invalid; see ``domain.text_modules``.
            StaleError: somebody else has added, changed or removed the module.
        """
        agent = await self._roster.supervisor(by)
        valid_texts = validate_texts(name, texts, self.locales)
        now = self._clock.now()
        module = TextModule(name, valid_texts, agent.name, now, seen + 1)
        entry = AuditEntry(now, agent.name, "text_module_saved", detail={"name": name})
        await self._store.save(module, entry)
        return module

    async def remove(self, by: str, name: str, *, seen: int) -> None:
        """Remove a module. Messages that were written with it don't change.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            StaleError: somebody else has changed or removed the module.
        """
        agent = await self._roster.supervisor(by)
        entry = AuditEntry(
            self._clock.now(), agent.name, "text_module_removed", detail={"name": name}
        )
        await self._store.remove(name, seen, entry)

    def render_usable(
        self, modules: Iterable[TextModule], agent: Agent, locale: str, ticket: Ticket | None
    ) -> tuple[RenderedModule, ...]:
        """Return the modules whose placeholders can all be filled, rendered for a reply.

        Args:
            modules: the modules to choose from.
            agent: the agent who replies.
            locale: the user's locale.
            ticket: the ticket that the reply is about; None for a conversation alone.
        """
        values = {"agent": agent.display_name, "app": self._app_name(locale)}
        if ticket is not None:
            values |= {
                "number": ticket.number,
                "kind": self._catalog.text(locale, f"kind.{ticket.kind.value}", {}),
            }
            if ticket.clock is not None:
                due = due_argument(ticket, self._deadlines)
                values["due"] = self._catalog.value(locale, due)
        return tuple(
            RenderedModule(module.name, text)
            for module in modules
            if (text := module.render(locale, values)) is not None
        )
