"""What the API can do: each operation says what it takes, what it opens for whom, what it answers.

The same models that validate make the description, so that neither can leave the other behind.
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
from privacydesk.services.attaching import Attaching
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
    """The services behind the API: those that the console uses, and who may come in."""

    tokens: Tokens
    once: Once
    revocations: Revocations
    staff: Staff
    takeover: Takeover
    inbox: Inbox
    casework: Casework
    attaching: Attaching
    endpoints: Endpoints
    audit: Audit
    access_log: AccessLog
    clock: Clock


WORKS = web.AppKey("api_works", Works)


class Group(StrEnum):
    """Under which heading an operation stands."""

    TICKETS = "Tickets"
    ACTS = "Acting on tickets"
    CONVERSATIONS = "Conversations"
    WEBHOOKS = "Webhooks"
    APP_TOKENS = "App tokens"


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """A request that was let in, read and found valid.

    Attributes:
        bearer: whose token it came with.
        path: the parts of the address.
        query: what stands behind the question mark.
        body: what was sent.
        seen: the version that ``If-Match`` names; None where any will do.
        job_id: under which an act is done once; empty for looking.
        asked: what is kept of an act, for those that no job does.
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
        """Return what the act left when it was done before, and its answer was lost."""
        return "" if self.asked is None else self.asked.body.decode()

    @property
    def by(self) -> str:
        """Who acts."""
        return self.bearer.agent.name

    def has(self, scope: Scope) -> bool:
        """Tell whether the token opens something else, too."""
        return scope in self.bearer.token.scopes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        version: becomes the entity tag; None for none.
        kept: what is kept for whoever asks again, where that is not all that is told.
    """

    told: BaseModel
    version: int | None = None
    kept: BaseModel | None = None


Again = Callable[["Call[Any, Any]", bytes], Awaitable[bytes]]
"""Makes an answer whole that was kept without what may not be kept."""

Work = Callable[[Call[Q, B]], Awaitable[Reply | web.Response]]


@dataclass(frozen=True, slots=True)
class Operation(Generic[Q, B]):
    """One thing the API does.

    Attributes:
        name: its name for programs.
        path: below ``PREFIX``, with the names of its parts in braces.
        what: one line that says what it does.
        scope: what a token has to open.
        work: does it.
        answer: the model of the answer; None for a file.
        query: the model of what stands behind the question mark.
        body: the model of what is sent; None for looking.
        more: what else a reader should know.
        tagged: whether the answer has an entity tag.
        guarded: whether ``If-Match`` is heeded.
        again: see ``Again``; None where all of an answer is kept.
        refusals: statuses by which it may refuse beside those that all have.
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
        """HTTP's."""
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
    """Return an operation that changes nothing."""
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
    """Return an operation that changes something: it takes a key and may heed ``If-Match``."""
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
