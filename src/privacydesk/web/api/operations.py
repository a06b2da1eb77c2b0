"""The API's operations: each declares its input, the scope it needs, and its answer.

The models that validate also generate the description, so that the two can't diverge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import Bearer, KeptAnswer, Scope
from privacydesk.services.attachments import Attachments
from privacydesk.services.audit import Audit
from privacydesk.services.inbox import Inbox
from privacydesk.services.integrations.once import Once
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.staff.casework import Casework
from privacydesk.services.staff.staff import Staff
from privacydesk.services.takeover import Takeover
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.web.api.values import Nothing

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)

PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Works:
    """The services behind the API: the console's, and authentication."""

    tokens: Tokens
    once: Once
    revocations: Revocations
    staff: Staff
    takeover: Takeover
    inbox: Inbox
    casework: Casework
    attaching: Attachments
    endpoints: Endpoints
    audit: Audit
    access_log: AccessLog
    clock: Clock


WORKS = web.AppKey("api_works", Works)


class Group(StrEnum):
    """The heading that an operation is listed under."""

    TICKETS = "Tickets"
    ACTS = "Acting on tickets"
    CONVERSATIONS = "Conversations"
    WEBHOOKS = "Webhooks"
    APP_TOKENS = "App tokens"


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """An authorised, validated request.

    Attributes:
        bearer: the owner of its token.
        path: the path parameters.
        query: the query parameters.
        body: the request body.
        seen: the version that ``If-Match`` names; None where any will do.
        job_id: key under which a write is done once; empty for reads.
        asked: the stored record of a write, for those done without a job.
    """

    works: Works
    bearer: Bearer
    path: Mapping[str, str]
    query: Q
    body: B
    seen: int | None = None
    job_id: str = ""
    asked: KeptAnswer | None = None

    @property
    def left(self) -> str:
        """Return what an earlier run of the write recorded, if its answer was lost."""
        return "" if self.asked is None else self.asked.body.decode()

    @property
    def by(self) -> str:
        """Who acts."""
        return self.bearer.agent.name

    def has(self, scope: Scope) -> bool:
        """Whether the token has another scope, too."""
        return scope in self.bearer.token.scopes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        version: becomes the entity tag; None for none.
        kept: what is stored for retries, if that is less than ``told``.
    """

    told: BaseModel
    version: int | None = None
    kept: BaseModel | None = None


Again = Callable[["Call[Any, Any]", bytes], Awaitable[bytes]]
"""Completes a stored answer with what may not be stored."""

Work = Callable[[Call[Q, B]], Awaitable[Reply | web.Response]]


@dataclass(frozen=True, slots=True)
class Operation(Generic[Q, B]):
    """One thing the API does.

    Attributes:
        name: its name for programs.
        path: below ``PREFIX``, with the names of its parameters in braces.
        what: one line that says what it does.
        scope: the scope that a token needs.
        work: carries it out.
        answer: the model of the answer; None for a file.
        query: the model of the query parameters.
        body: the model of the request body; ``Nothing`` for reads.
        more: what else a reader should know.
        tagged: whether the answer has an entity tag.
        guarded: whether ``If-Match`` is honoured.
        again: see ``Again``; None if the whole answer is stored.
        refusals: error statuses besides those common to all operations.
    """

    name: str
    path: str
    group: Group
    what: str
    scope: Scope
    work: Work[Q, B]
    query: type[Q]
    body: type[B]
    answer: type[BaseModel] | None
    acts: bool = False
    more: str = ""
    tagged: bool = False
    guarded: bool = False
    refusals: tuple[int, ...] = field(default=())
    again: Again | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.acts else "GET"


def look(
    name: str,
    path: str,
    group: Group,
    what: str,
    *,
    scope: Scope,
    work: Work[Q, Nothing],
    query: type[Q],
    answer: type[BaseModel] | None,
    more: str = "",
    tagged: bool = False,
    refusals: tuple[int, ...] = (),
) -> Operation[Any, Any]:
    """Return a read operation."""
    return Operation(
        name=name,
        path=path,
        group=group,
        what=what,
        scope=scope,
        work=work,
        query=query,
        body=Nothing,
        answer=answer,
        more=more,
        tagged=tagged,
        refusals=refusals,
    )


def act(
    name: str,
    path: str,
    group: Group,
    what: str,
    *,
    scope: Scope,
    work: Work[Nothing, B],
    body: type[B],
    answer: type[BaseModel],
    more: str = "",
    guarded: bool = True,
    tagged: bool = True,
    again: Again | None = None,
) -> Operation[Any, Any]:
    """Return a write operation: it takes an idempotency key and may honour ``If-Match``."""
    return Operation(
        name=name,
        path=path,
        group=group,
        what=what,
        scope=scope,
        work=work,
        query=Nothing,
        body=body,
        answer=answer,
        acts=True,
        more=more,
        tagged=tagged,
        guarded=guarded,
        refusals=(409, 412, 415, 422) if guarded else (409, 415, 422),
        again=again,
    )
