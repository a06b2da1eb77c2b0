"""The demo's staff: access that is set up already, and the codes of authenticators nobody has."""

from __future__ import annotations

from typing import Any, Final

from privacydesk.app import Services
from privacydesk.demo.commands import SAMPLE_AGENTS
from privacydesk.demo.views import Words
from privacydesk.domain.agents import Role
from privacydesk.domain.signin import Credential, Stage
from privacydesk.domain.text_modules import VARIABLES
from privacydesk.ports import AccessChanges, StaffAccess
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.passwords import Passwords
from privacydesk.storage.store import SqlStore

PASSWORD: Final = "sample-desk-for-trying"  # noqa: S105 - printed at the start, for sample staff alone
"""Everybody's, and no secret: anybody who reaches the demo's port can play anyone anyway."""

_TEXTS: Final = ("hello", "screenshot", "due")
_SUPERVISOR: Final = next(name for name, _, role in SAMPLE_AGENTS if role is Role.SUPERVISOR)
ADMINISTRATOR: Final = next(name for name, _, role in SAMPLE_AGENTS if role is Role.ADMINISTRATOR)

CONSOLE: Final = "/console/"


class SampleStaff:
    """Sample agents of each role, with passwords and authenticators.

    Args:
        services: the desk they work at.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _access(self) -> StaffAccess:
        store = self._services.store
        assert isinstance(store, SqlStore), "the demo keeps everything in its folder"
        return store.access

    async def add_missing(self) -> None:
        """Add those who are missing; access that somebody changed stays as it is."""
        for name, shown, role in SAMPLE_AGENTS:
            if name not in self._services.agents:
                await self._services.staff.roster.add(name, shown, role)
        await self._services.refresh_agents()
        names = [name for name, _, _ in SAMPLE_AGENTS]
        missing = [name for name in names if await self._access.credential(name) is None]
        # One hash for all: hashing is slow, and they share the password.
        password_hash = await Passwords().hash(PASSWORD) if missing else ""
        for name in missing:
            credential = Credential(
                agent=name,
                password=password_hash,
                changed_at=self._services.clock.now(),
                secret=second_factor.new_secret(),
            )
            await self._access.commit(AccessChanges(credential=credential))
        await self._add_text_modules()

    async def _add_text_modules(self) -> None:
        """Add a few text modules, unless there are any, so that changes are kept."""
        modules, catalogs = self._services.console.modules, self._services.catalogs
        if await modules.all():
            return
        as_they_stand = {name: f"{{{name}}}" for name in VARIABLES}
        for name in _TEXTS:
            texts = {
                locale: catalogs.text(locale, f"demo.module.{name}", as_they_stand)
                for locale in modules.locales
            }
            await modules.save(_SUPERVISOR, name, texts, seen=0)

    async def look(self, words: Words) -> list[dict[str, Any]]:
        """Return everybody with the code that their authenticator shows now."""
        now = self._services.clock.now()
        return [
            {
                "name": agent.name,
                "shown": agent.display_name,
                "role": words.text(f"web.console.role.{agent.role}"),
                "code": second_factor.current_code(secret, now) if secret else "",
            }
            # Somebody may join meanwhile.
            for agent in tuple(self._services.agents.values())
            if agent.active
            for secret in [await self._secret(agent.name)]
        ]

    async def _secret(self, name: str) -> str:
        """Return an authenticator's secret, preferring one that is being added."""
        for session in await self._access.sessions(name):
            if session.stage is Stage.APP:
                return session.secret
        credential = await self._access.credential(name)
        return "" if credential is None else credential.secret
