"""Programs at the HTTP API: a desk on a real database, and tokens."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from multidict import CIMultiDictProxy
from tests.common.console_client import Office

from privacydesk.domain.api_tokens import Scope
from privacydesk.services.integrations.api_tokens import ApiTokens, NewToken

_KEYS = itertools.count()


@dataclass
class Answer:
    """An answer, read."""

    status: int
    headers: CIMultiDictProxy[str]
    body: Any

    @property
    def code(self) -> str:
        """What went wrong, for programs."""
        return str(self.body["code"])

    @property
    def reason(self) -> str:
        """What exactly went wrong."""
        return str(self.body.get("reason", ""))


def fresh_key() -> str:
    """Return a name for a request that no other has."""
    return f"request-{next(_KEYS):08d}"


@dataclass
class Program:
    """A program with a token."""

    office: Office
    made: NewToken
    sent: list[str] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Answer:
        """Look at something."""
        return await self.ask("GET", path, headers=headers)

    async def post(
        self, path: str, body: Any = None, *, key: str = "", tag: str = "", text: str = ""
    ) -> Answer:
        """Do something, under a fresh key unless one is given."""
        headers = {"Idempotency-Key": key or fresh_key()} | ({"If-Match": tag} if tag else {})
        if text:
            headers["Content-Type"] = "application/json"
            return await self.ask("POST", path, headers=headers, data=text)
        return await self.ask("POST", path, headers=headers, json={} if body is None else body)

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        """Ask anything."""
        browser = await self.office.browser()
        headers = {"Authorization": f"Bearer {self.made.secret}"} | given.pop("headers", {})
        answer = await browser.client.request(method, f"/api/v1{path}", headers=headers, **given)
        kind = answer.content_type
        body = await (answer.json(content_type=None) if "json" in kind else answer.read())
        return Answer(answer.status, answer.headers, body)


def tokens_of(office: Office) -> ApiTokens:
    """Return what makes a desk's tokens."""
    integrations = office.world.services.integrations
    assert integrations is not None
    return integrations.tokens


async def program(office: Office, *scopes: Scope, name: str = "zendesk") -> Program:
    """Return a program whose token opens some scopes; all of them unless named."""
    made = await tokens_of(office).add(name, scopes or tuple(Scope), by="operator")
    return Program(office, made)


async def staff_program(office: Office, name: str, *scopes: Scope) -> Program:
    """Return a program with the token of a member of staff."""
    agent = await office.world.services.staff.roster.person(name)
    made = await tokens_of(office).add_for_staff(agent, scopes, by="operator")
    return Program(office, made)
