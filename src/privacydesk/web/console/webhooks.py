"""The pages for the administration of webhook endpoints and their deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.pacing import MAX_PER_SECOND
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind, message_id
from privacydesk.domain.webhooks import Endpoint, EndpointState, EndpointStatus, PostingState
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.webhooks.endpoints import Added, Endpoints
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reauthentication import DescribeAction, action_text, reauthenticated
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/webhooks"
_DONE_VALUES: Final = frozenset(
    {"changed", "moved", "tested", "enabled", "disabled", "removed", "replayed", "already"}
)
_OVERLAPS: Final = (0, 24, 72, 168, 336)
"""The offered times, in hours, for which messages are signed with the old secret, too."""
_PAGE_SIZE: Final = 50
"""Number of deliveries on a page."""
_MAX_DIGITS: Final = 6


def _group_kinds() -> dict[str, list[WebhookEventKind]]:
    """Return the kinds of events by what they are about, as the pages list them."""
    groups: dict[str, list[WebhookEventKind]] = {}
    for kind in SUBSCRIBABLE:
        subject, _, event = kind.value.partition(".")
        groups.setdefault("task" if event.startswith("task_") else subject, []).append(kind)
    return groups


KIND_GROUPS: Final = _group_kinds()
"""The types of events by what they are about."""


# -- pages -----------------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
async def webhooks_page(request: web.Request) -> web.Response:
    """Show all endpoints."""
    return await _list_page(request)


@staff(Role.ADMINISTRATOR)
async def endpoint_page(request: web.Request) -> web.Response:
    """Show an endpoint and a page of its deliveries, the newest first."""
    return await _render_endpoint(request, await _load_status(request))


@staff(Role.ADMINISTRATOR)
async def delivery_page(request: web.Request) -> web.Response:
    """Show a delivery: its message, and the response to each attempt."""
    return await _render_delivery(request)


# -- descriptions of the actions, for reauthentication ---------------------------------------------


async def _describe_adding(request: web.Request, form: Form) -> str:
    name = str(form.get("label", "")).strip() or str(form.get("url", ""))
    return action_text(request, "add_endpoint", name=name)


def _describe(action: str) -> DescribeAction:
    """Return a function that describes an action on the endpoint in the request's path."""

    async def describe(request: web.Request, _form: Form) -> str:
        return action_text(request, action, name=(await _load_status(request)).endpoint.label)

    return describe


# -- actions on endpoints --------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_adding)
async def add(request: web.Request) -> web.Response:
    """Add an endpoint, and show its secret once."""
    form = await read_verified_form(request)
    url, label = str(form.get("url", "")), str(form.get("label", ""))
    endpoint_id = EndpointId(_parse_id(str(form.get("endpoint", ""))))
    try:
        added = await _endpoints(request).add(
            url,
            by=_agent_name(request),
            label=label,
            kinds=_parse_kinds(form),
            max_per_second=_parse_rate(form),
            identity=endpoint_id,
        )
    except DeskError as error:
        if error.code is ErrorCode.CONFLICT:
            # The form was sent twice, and the first response has shown the secret.
            raise _done_redirect(endpoint_id, "already") from None
        return await _list_page(request, error=error, form=form)
    return _secret_page(request, added)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("subscribe"))
async def subscribe(request: web.Request) -> web.Response:
    """Change an endpoint's label, rate and subscriptions."""
    form = await read_verified_form(request)
    status = await _load_status(request)
    try:
        await _endpoints(request).change(
            _check_version(status, form),
            by=_agent_name(request),
            label=str(form.get("label", "")),
            kinds=_parse_kinds(form),
            max_per_second=_parse_rate(form),
        )
    except DeskError as error:
        return await _render_endpoint(request, status, error=error, form=form)
    raise _done_redirect(status.endpoint.id, "changed")


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("move"))
async def move(request: web.Request) -> web.Response:
    """Change an endpoint's URL, and its secret if requested; a new secret is shown once."""
    form = await read_verified_form(request)
    status = await _load_status(request)
    try:
        moved = await _endpoints(request).move(
            _check_version(status, form),
            str(form.get("url", "")),
            by=_agent_name(request),
            new_secret=form.get("new_secret") == "yes",
        )
    except DeskError as error:
        return await _render_endpoint(request, status, error=error, form=form)
    if moved.secret:
        return _secret_page(request, moved)
    raise _done_redirect(status.endpoint.id, "moved")


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("rotate"))
async def rotate(request: web.Request) -> web.Response:
    """Replace an endpoint's secret; the new one is shown once."""
    form = await read_verified_form(request)
    status = await _load_status(request)
    hours = _parse_number(str(form.get("hours", "")))
    try:
        added = await _endpoints(request).rotate(
            _check_version(status, form), by=_agent_name(request), overlap=timedelta(hours=hours)
        )
    except DeskError as error:
        return await _render_endpoint(request, status, error=error)
    return _secret_page(request, added)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("enable"))
async def enable(request: web.Request) -> web.Response:
    """Enable an endpoint."""
    await read_verified_form(request)
    endpoint = (await _load_status(request)).endpoint
    await _endpoints(request).enable(endpoint.id, by=_agent_name(request))
    raise _done_redirect(endpoint.id, "enabled")


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("disable"))
async def disable(request: web.Request) -> web.Response:
    """Disable an endpoint."""
    await read_verified_form(request)
    endpoint = (await _load_status(request)).endpoint
    await _endpoints(request).disable(endpoint.id, by=_agent_name(request))
    raise _done_redirect(endpoint.id, "disabled")


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("remove"))
async def remove(request: web.Request) -> web.Response:
    """Remove a disabled endpoint."""
    await read_verified_form(request)
    status = await _load_status(request)
    try:
        await _endpoints(request).remove(status.endpoint, by=_agent_name(request))
    except DeskError as error:
        return await _render_endpoint(request, status, error=error)
    raise forms.done_redirect(ADDRESS, "removed")


# -- actions on deliveries -------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("test"))
async def send_test(request: web.Request) -> web.Response:
    """Queue a test message, and redirect to its delivery, which shows the result."""
    form = await read_verified_form(request)
    status = await _load_status(request)
    try:
        posting = await _endpoints(request).test(
            status.endpoint,
            by=_agent_name(request),
            kind=_parse_kind(str(form.get("kind", WebhookEventKind.ENDPOINT_TEST))),
        )
    except DeskError as error:
        return await _render_endpoint(request, status, error=error)
    raise _done_redirect(status.endpoint.id, "tested", posting.id)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("replay"))
async def replay(request: web.Request) -> web.Response:
    """Queue the messages of a time span again."""
    form = await read_verified_form(request)
    status = await _load_status(request)
    zone = ZoneInfo(request.config_dict[SERVICES].zone)
    try:
        count = await _endpoints(request).replay_span(
            status.endpoint.id,
            _parse_time(str(form.get("since", "")), zone),
            _parse_time(str(form.get("until", "")), zone),
            by=_agent_name(request),
            parked=form.get("parked") == "yes",
        )
    except DeskError as error:
        return await _render_endpoint(request, status, error=error, form=form)
    raise _done_redirect(status.endpoint.id, "replayed", count=count)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe("replay_one"))
async def replay_one(request: web.Request) -> web.Response:
    """Queue the message of a delivery again."""
    await read_verified_form(request)
    endpoint, posting = _path_ids(request)
    entry = await _endpoints(request).entry_named(endpoint, posting.hex())
    try:
        await _endpoints(request).replay(entry.posting, by=_agent_name(request))
    except DeskError as error:
        return await _render_delivery(request, error=error)
    raise _done_redirect(endpoint, "replayed", posting, count=1)


# -- rendering -------------------------------------------------------------------------------------


async def _list_page(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    endpoints = _endpoints(request)
    return _render(
        request,
        "console/webhooks.html",
        error=error,
        done="removed" if error is None and request.query.get("done") == "removed" else "",
        endpoints=[(status, _health_of(status.endpoint)) for status in await endpoints.all()],
        kind_groups=KIND_GROUPS,
        max_rate=MAX_PER_SECOND,
        chosen=frozenset(SUBSCRIBABLE) if form is None else frozenset(form.getall("kind", [])),
        # A refused form keeps its id, in case the same form is being sent twice.
        new_id=endpoints.new_id().hex() if form is None else str(form.get("endpoint", "")),
        submitted=form or {},
    )


async def _render_endpoint(
    request: web.Request,
    status: EndpointStatus,
    *,
    error: DeskError | None = None,
    form: Form | None = None,
) -> web.Response:
    endpoint, services = status.endpoint, request.config_dict[SERVICES]
    state = _parse_state(request.query.get("state", ""))
    before = request.query.get("before", "")
    postings = await _endpoints(request).postings(
        endpoint.id,
        state=state,
        before=PostingId(_parse_id(before)) if before else None,
        limit=_PAGE_SIZE + 1,
    )
    now = services.clock.now().astimezone(ZoneInfo(services.zone))
    done = request.query.get("done", "")
    return _render(
        request,
        "console/webhook.html",
        error=error,
        endpoint_status=status,
        endpoint=endpoint,
        health=_health_of(endpoint),
        kind_groups=KIND_GROUPS,
        test_kind=WebhookEventKind.ENDPOINT_TEST,
        max_rate=MAX_PER_SECOND,
        overlaps=_OVERLAPS,
        old_until=endpoint.old_secret_until if len(endpoint.signing_secrets(now)) > 1 else None,
        postings=postings[:_PAGE_SIZE],
        more=postings[_PAGE_SIZE - 1].id.hex() if len(postings) > _PAGE_SIZE else "",
        state=state,
        states=tuple(PostingState),
        since=_time_field(form, "since", now - timedelta(days=1)),
        until=_time_field(form, "until", now + timedelta(minutes=1)),
        url=endpoint.url if form is None else str(form.get("url", endpoint.url)),
        zone=services.zone,
        done=done if error is None and done in _DONE_VALUES else "",
        count=_parse_number(request.query.get("count", "")),
    )


async def _render_delivery(request: web.Request, *, error: DeskError | None = None) -> web.Response:
    endpoint, posting = _path_ids(request)
    endpoints = _endpoints(request)
    entry = await endpoints.entry_named(endpoint, posting.hex())
    status = await endpoints.find(endpoint.hex())
    done = request.query.get("done", "")
    return _render(
        request,
        "console/delivery.html",
        error=error,
        endpoint=status.endpoint,
        posting=entry.posting,
        tries=entry.tries,
        message=message_id(entry.posting.event_id),
        event=entry.posting.event_id.hex(),
        zone=request.config_dict[SERVICES].zone,
        done=done if error is None and done in _DONE_VALUES else "",
        count=1,
    )


def _secret_page(request: web.Request, added: Added) -> web.Response:
    """Show a new secret, which no other response contains."""
    endpoint = added.endpoint
    return _render(
        request,
        "console/webhook_secret.html",
        languages=(),
        endpoint=endpoint,
        secret=added.secret,
        until=endpoint.old_secret_until,
    )


def _render(
    request: web.Request, template: str, *, error: DeskError | None = None, **values: Any
) -> web.Response:
    """Return a page, with the error message of a refused form if there is one."""
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    if error is not None:
        values |= {"languages": ()}
    return console_page(
        request,
        template,
        status=200 if error is None else STATUS.get(error.code, 500),
        error_message="" if error is None else error_message(request, error),
        term=lambda family, member: catalogs.text(locale, f"web.webhooks.{family}.{member}", {}),
        **values,
    )


# -- parsing requests ------------------------------------------------------------------------------


def _endpoints(request: web.Request) -> Endpoints:
    endpoints = request.config_dict[SERVICES].endpoints
    if endpoints is None:
        raise NotFoundError("there is no database")
    return endpoints


def _agent_name(request: web.Request) -> str:
    return agent_session(request).agent.name


async def _load_status(request: web.Request) -> EndpointStatus:
    return await _endpoints(request).find(_parse_id(request.match_info["endpoint"]).hex())


def _path_ids(request: web.Request) -> tuple[EndpointId, PostingId]:
    """Return the ids of endpoint and delivery in the path of a request."""
    path = request.match_info
    return EndpointId(_parse_id(path["endpoint"])), PostingId(_parse_id(path["delivery"]))


def _parse_id(text: str) -> bytes:
    return forms.parse_id(text, "endpoint or delivery")


def _check_version(status: EndpointStatus, form: Form) -> Endpoint:
    """Return the endpoint, if its version is still the one that the form's page showed.

    Raises:
        DeskError: ``STALE`` otherwise.
    """
    version = _parse_number(str(form.get("version", "")))
    if version != status.endpoint.version:
        raise DeskError(
            "the endpoint has changed meanwhile", code=ErrorCode.STALE, reason="webhook_stale"
        )
    return status.endpoint


def _parse_kinds(form: Form) -> frozenset[WebhookEventKind]:
    return frozenset(_parse_kind(str(kind)) for kind in form.getall("kind", []))


def _parse_kind(text: str) -> WebhookEventKind:
    try:
        return WebhookEventKind(text)
    except ValueError:
        raise InvalidRequestError("there is no such kind of event") from None


def _parse_rate(form: Form) -> int:
    text = str(form.get("max_per_second", "")).strip()
    if not text:
        return 0
    # What isn't a number is refused like a number that is out of bounds.
    return _parse_number(text) or -1


def _parse_state(text: str) -> PostingState | None:
    try:
        return PostingState(text) if text else None
    except ValueError:
        raise InvalidRequestError("there is no such state") from None


def _parse_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else 0


def _parse_time(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise InvalidRequestError("not a date and time", reason="webhook_moment") from None


def _time_field(form: Form | None, name: str, default: datetime) -> str:
    """Return the value of a field for date and time: as submitted, else a default."""
    return str(form[name]) if form is not None and name in form else f"{default:%Y-%m-%dT%H:%M}"


def _health_of(endpoint: Endpoint) -> str:
    failing = endpoint.state is EndpointState.ACTIVE and endpoint.failing_since is not None
    return "failing" if failing else endpoint.state.value


def _done_redirect(
    endpoint: EndpointId, action: str, posting: PostingId | None = None, *, count: int | None = None
) -> web.HTTPException:
    """Return the redirect after an action, to the page of the endpoint or the delivery."""
    address = f"{ADDRESS}/{endpoint.hex()}"
    if posting is not None:
        address += f"/deliveries/{posting.hex()}"
    parameters = {} if count is None else {"count": str(count)}
    return forms.done_redirect(address, action, **parameters)
