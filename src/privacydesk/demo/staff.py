"""The demo's staff: agents with passwords and authenticators, and their sign-in by a button."""

from __future__ import annotations

from typing import Any, Final

from privacydesk.app import Services
from privacydesk.demo.commands import SAMPLE_AGENTS, SAMPLE_MEMBERS
from privacydesk.demo.views import Words
from privacydesk.domain.agents import Role
from privacydesk.domain.signin import Credential, Stage
from privacydesk.domain.text_modules import VARIABLES
from privacydesk.errors import NotAllowedNowError, NotFoundError
from privacydesk.ports import AccessChanges, StaffAccess
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.passwords import Passwords
from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.storage.store import SqlStore

PASSWORD: Final = "sample-desk-for-trying"  # noqa: S105 - printed at the start, for sample staff alone
"""Everybody's password. It is no secret: who reaches the demo's port can play anybody anyway."""

_TEXT_MODULES: Final = ("hello", "screenshot", "due")
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
        self._sessions: dict[str, str] = {}

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
                await self._services.signin.agents.set_teams(name, SAMPLE_MEMBERS.get(name, ()))
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
        placeholders = {name: f"{{{name}}}" for name in VARIABLES}
        for name in _TEXT_MODULES:
            texts = {
                locale: catalogs.text(locale, f"demo.module.{name}", placeholders)
                for locale in modules.locales
            }
            await modules.save(_SUPERVISOR, name, texts, seen=0)

    async def list_members(self, words: Words) -> list[dict[str, Any]]:
        """Return the active agents with the codes that their authenticators show now."""
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

    async def sign_in(self, name: str) -> str:
        """Return the console's session token of an agent who is signed in; sign them in if needed.

        Raises:
            NotFoundError: there is no such agent.
            DeskError: somebody has changed their access, or signed them in just now.
        """
        if name not in self._services.agents:
            raise NotFoundError("no such agent in the demo")
        sign_in = self._services.signin.sign_in
        token = self._sessions.get(name, "")
        if token and await sign_in.find_session(token) is not None:
            return token
        client = ClientInfo(browser="privacydesk demo")
        step = await sign_in.enter_password(name, PASSWORD, client)
        session = await sign_in.find_session(step.token)
        if session is None or step.stage is not Stage.CODE:
            raise NotAllowedNowError("this agent has to sign in by hand")
        step = await sign_in.enter_code(session, await self._unused_code(name), client)
        self._sessions[name] = step.token
        return step.token

    async def set_language(self, name: str, locale: str) -> None:
        """Set the language of an agent's console."""
        agent = await self._services.staff.roster.agent(name)
        if agent.locale != locale:
            await self._services.signin.account.set_locale(agent, locale)

    async def _unused_code(self, name: str) -> str:
        """Return a code of an agent's authenticator that was not used: a code works once."""
        secret, now = await self._secret(name), self._services.clock.now()
        credential = await self._access.credential(name)
        used = credential.steps if credential is not None else ()
        for at in (now, now + second_factor.STEP):
            code = second_factor.current_code(secret, at) if secret else ""
            if second_factor.matching_step(secret, code, now, used=used) is not None:
                return code
        raise NotAllowedNowError("the next code comes within half a minute")

    async def _secret(self, name: str) -> str:
        """Return an authenticator's secret, preferring one that is being added."""
        for session in await self._access.sessions(name):
            if session.stage is Stage.APP:
                return session.secret
        credential = await self._access.credential(name)
        return "" if credential is None else credential.secret
