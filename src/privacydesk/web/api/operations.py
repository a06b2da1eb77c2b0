"""The declaration of API operations: path, scope, request and response models, and handler.

The models that validate requests also generate the OpenAPI document, so the two can't diverge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import Bearer, Scope, StoredResponse
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.services.attachments import Attachments
from privacydesk.services.audit import Audit
from privacydesk.services.change_waiters import ChangeWaiters
from privacydesk.services.event_log import EventLog
from privacydesk.services.inbox import Inbox
from privacydesk.services.intake import Intake
from privacydesk.services.integrations.api_tokens import ApiTokens
from privacydesk.services.integrations.idempotency import IdempotentRequests
from privacydesk.services.profiles import Profiles
from privacydesk.services.receipts import Receipts
from privacydesk.services.reports import Reports
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.staff.case_pages import CasePages
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.takeover import Takeover
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.web.api.schemas import EmptyRequest

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)

PREFIX: Final = "/api/v1"
JSON: Final = "application/json"
PICTURES: Final = "image/*"

AnswerPolicy = Callable[[str, bytes], Awaitable[PolicyAnswer | None]]
"""Answers a question from the policy in force, for a user; None if no policy was imported."""


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services behind the API: those of the console, authentication and idempotency."""

    tokens: ApiTokens
    idempotency: IdempotentRequests
    revocations: Revocations
    intake: Intake
    staff: StaffServices
    takeover: Takeover
    inbox: Inbox
    case_pages: CasePages
    receipts: Receipts
    profiles: Profiles
    attachments: Attachments
    endpoints: Endpoints
    reports: Reports
    answer_policy: AnswerPolicy
    event_log: EventLog
    waiters: ChangeWaiters
    audit: Audit
    access_log: AccessLog
    clock: Clock


API_SERVICES = web.AppKey("api_services", ApiServices)


class Group(StrEnum):
    """The tag under which an operation is listed in the documentation."""

    REQUESTS = "Filing requests"
    TICKETS = "Tickets"
    TICKET_ACTIONS = "Acting on tickets"
    TASKS = "Tasks of teams"
    CONVERSATIONS = "Conversations"
    EVENTS = "Events"
    WEBHOOKS = "Webhooks"
    PROFILE = "Operator profile"
    POLICY = "Policy"
    REPORTS = "Reports"
    APP_TOKENS = "App tokens"


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """An authorised and validated API request.

    Attributes:
        services: the services behind the API.
        bearer: the API token and its owner.
        path: the path parameters.
        query: the query parameters.
        body: the request body.
        locale: the language of texts in the response.
        expected_version: the version in ``If-Match``; None if any version is accepted.
        job_id: id of the job that carries out a write, which runs only once; empty for reads.
        api_request: the stored row of a write, for writes without a job: the service records the
            result in it, in the same transaction. None for reads.
    """

    services: ApiServices
    bearer: Bearer
    path: Mapping[str, str]
    query: Q
    body: B
    locale: str = "en"
    expected_version: int | None = None
    job_id: str = ""
    api_request: StoredResponse | None = None

    @property
    def recorded_result(self) -> str:
        """What an earlier run of the write recorded, if its response was lost; otherwise empty."""
        return "" if self.api_request is None else self.api_request.body.decode()

    @property
    def actor(self) -> str:
        """The name of the agent or integration that makes the request."""
        return self.bearer.agent.name

    def has_scope(self, scope: Scope) -> bool:
        """Whether the token has a scope besides the one that the operation needs."""
        return scope in self.bearer.token.scopes

    @property
    def client(self) -> str:
        """Identifies the token, for limits."""
        return self.bearer.token.id.hex()


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A successful JSON response.

    Attributes:
        body: the response body.
        version: the version for the entity tag; None for no tag.
        stored_body: the body to store for retries, without secrets; None to store ``body``.
    """

    body: BaseModel
    version: int | None = None
    stored_body: BaseModel | None = None


CompleteStored = Callable[["Call[Any, Any]", bytes], Awaitable[bytes]]
"""Adds to a stored response body what may not be stored, such as a secret."""

Handler = Callable[[Call[Q, B]], Awaitable[ApiResponse | web.Response]]


@dataclass(frozen=True, slots=True)
class Operation(Generic[Q, B]):
    """An API operation: one method of one path.

    Attributes:
        name: the ``operationId`` in the OpenAPI document.
        path: the path below ``PREFIX``, with the names of its parameters in braces.
        group: the tag in the OpenAPI document.
        summary: one sentence for the documentation.
        scope: the scope that the token needs.
        other_scopes: scopes that will do as well.
        handler: carries out the request.
        query_model: the model of the query parameters.
        body_model: the model of the request body; ``EmptyRequest`` for reads.
        response_model: the model of the response; None if the response is a file.
        media_type: of the response; a range of media types for files of several.
        is_write: whether the method is ``POST``, with an idempotency key; otherwise it is ``GET``.
        changes_nothing: whether a ``POST`` only reads, and takes no idempotency key.
        details: further sentences for the documentation.
        has_etag: whether the response has an entity tag.
        supports_if_match: whether ``If-Match`` is honoured.
        requires_if_match: whether a request without it is refused.
        error_statuses: the HTTP error statuses besides those common to all operations.
        complete_stored: completes a stored response body; None if bodies are stored completely.
    """

    name: str
    path: str
    group: Group
    summary: str
    scope: Scope
    handler: Handler[Q, B]
    query_model: type[Q]
    body_model: type[B]
    response_model: type[BaseModel] | None
    is_write: bool = False
    changes_nothing: bool = False
    details: str = ""
    has_etag: bool = False
    supports_if_match: bool = False
    requires_if_match: bool = False
    error_statuses: tuple[int, ...] = field(default=())
    complete_stored: CompleteStored | None = None
    media_type: str = JSON
    other_scopes: frozenset[Scope] = frozenset()

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes of which the token needs one."""
        return self.other_scopes | {self.scope}

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.is_write else "GET"

    @property
    def takes_key(self) -> bool:
        """Whether a request needs an idempotency key."""
        return self.is_write and not self.changes_nothing


def read_operation(
    name: str,
    path: str,
    group: Group,
    summary: str,
    *,
    scope: Scope,
    handler: Handler[Q, EmptyRequest],
    query_model: type[Q],
    response_model: type[BaseModel] | None,
    details: str = "",
    has_etag: bool = False,
    error_statuses: tuple[int, ...] = (),
    media_type: str = JSON,
    other_scopes: frozenset[Scope] = frozenset(),
) -> Operation[Any, Any]:
    """Return a read operation."""
    return Operation(
        name=name,
        path=path,
        group=group,
        summary=summary,
        scope=scope,
        handler=handler,
        query_model=query_model,
        body_model=EmptyRequest,
        response_model=response_model,
        details=details,
        has_etag=has_etag,
        error_statuses=error_statuses,
        media_type=media_type,
        other_scopes=other_scopes,
    )


def write_operation(
    name: str,
    path: str,
    group: Group,
    summary: str,
    *,
    scope: Scope,
    handler: Handler[EmptyRequest, B],
    body_model: type[B],
    response_model: type[BaseModel],
    details: str = "",
    supports_if_match: bool = True,
    requires_if_match: bool = False,
    has_etag: bool = True,
    changes_nothing: bool = False,
    complete_stored: CompleteStored | None = None,
) -> Operation[Any, Any]:
    """Return a write operation: it takes an idempotency key, unless it changes nothing.

    It may honour or require ``If-Match``.
    """
    return Operation(
        name=name,
        path=path,
        group=group,
        summary=summary,
        scope=scope,
        handler=handler,
        query_model=EmptyRequest,
        body_model=body_model,
        response_model=response_model,
        is_write=True,
        changes_nothing=changes_nothing,
        details=details,
        has_etag=has_etag,
        supports_if_match=supports_if_match,
        requires_if_match=requires_if_match,
        error_statuses=(409, 412, 415, 422) if supports_if_match else (409, 415, 422),
        complete_stored=complete_stored,
    )
