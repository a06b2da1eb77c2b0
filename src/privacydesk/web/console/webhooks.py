"""The pages on which administrators manage webhooks: endpoints, and what was sent to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.news import SUBSCRIBABLE, NewsKind, message_id
from privacydesk.domain.webhooks import Endpoint, EndpointState, PostingState, Standing
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.webhooks.endpoints import Added, Endpoints
from privacydesk.web.answers import STATUS
from privacydesk.web.console import forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.reauthentication import Act, act_text, proven
from privacydesk.web.keys import CATALOGS, LOCALE

ADDRESS: Final = "/console/webhooks"
_DONE: Final = frozenset(
    {"changed", "moved", "tested", "enabled", "disabled", "removed", "replayed", "already"}
)
_OVERLAPS: Final = (0, 24, 72, 168, 336)
"""Hours that the old secret may sign beside the new one."""
_PAGE: Final = 50
_MOST_DIGITS: Final = 6


# -- reading ---------------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
async def webhooks_page(request: web.Request) -> web.Response:
    """Show all endpoints."""
    return await _list(request)


@staff(Role.ADMINISTRATOR)
async def endpoint_page(request: web.Request) -> web.Response:
    """Show an endpoint and the newest of what was sent to it."""
    return await _endpoint(request, await _found(request))


@staff(Role.ADMINISTRATOR)
async def delivery_page(request: web.Request) -> web.Response:
    """Show what was sent in one delivery, and the answer to each attempt."""
    return await _delivery(request)


# -- what is confirmed -----------------------------------------------------------------------------


async def _adding(request: web.Request, form: Form) -> str:
    name = str(form.get("label", "")).strip() or str(form.get("url", ""))
    return act_text(request, "add_endpoint", name=name)


def _on_endpoint(act: str) -> Act:
    async def named(request: web.Request, _form: Form) -> str:
        return act_text(request, act, name=(await _found(request)).endpoint.label)

    return named


# -- endpoints -------------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@proven(_adding)
async def add(request: web.Request) -> web.Response:
    """Add an endpoint, and show its secret, once."""
    form = await checked_form(request)
    url, label = str(form.get("url", "")), str(form.get("label", ""))
    identity = EndpointId(_id(str(form.get("endpoint", ""))))
    try:
        added = await _desk(request).add(
            url, by=_me(request), label=label, kinds=_kinds(form), identity=identity
        )
    except DeskError as error:
        if error.code is ErrorCode.CONFLICT:
            # Sent twice: the endpoint exists, and its secret was in the first answer.
            raise _done(identity, "already") from None
        return await _list(request, error=error, form=form)
    return _secret(request, added)


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("subscribe"))
async def subscribe(request: web.Request) -> web.Response:
    """Change an endpoint's label and subscriptions."""
    form = await checked_form(request)
    standing = await _found(request)
    try:
        await _desk(request).subscribe(
            _as_seen(standing, form),
            by=_me(request),
            label=str(form.get("label", "")),
            kinds=_kinds(form),
        )
    except DeskError as error:
        return await _endpoint(request, standing, error=error, form=form)
    raise _done(standing.endpoint.id, "changed")


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("move"))
async def move(request: web.Request) -> web.Response:
    """Change an endpoint's address; a new secret is shown once."""
    form = await checked_form(request)
    standing = await _found(request)
    try:
        moved = await _desk(request).move(
            _as_seen(standing, form),
            str(form.get("url", "")),
            by=_me(request),
            new_secret=form.get("new_secret") == "yes",
        )
    except DeskError as error:
        return await _endpoint(request, standing, error=error, form=form)
    if moved.secret:
        return _secret(request, moved)
    raise _done(standing.endpoint.id, "moved")


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("rotate"))
async def rotate(request: web.Request) -> web.Response:
    """Give an endpoint a new secret, which is shown once."""
    form = await checked_form(request)
    standing = await _found(request)
    hours = _number(str(form.get("hours", "")))
    try:
        added = await _desk(request).rotate(
            _as_seen(standing, form), by=_me(request), overlap=timedelta(hours=hours)
        )
    except DeskError as error:
        return await _endpoint(request, standing, error=error)
    return _secret(request, added)


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("enable"))
async def enable(request: web.Request) -> web.Response:
    """Switch an endpoint on."""
    await checked_form(request)
    endpoint = (await _found(request)).endpoint
    await _desk(request).enable(endpoint.id, by=_me(request))
    raise _done(endpoint.id, "enabled")


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("disable"))
async def disable(request: web.Request) -> web.Response:
    """Switch an endpoint off."""
    await checked_form(request)
    endpoint = (await _found(request)).endpoint
    await _desk(request).disable(endpoint.id, by=_me(request))
    raise _done(endpoint.id, "disabled")


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("remove"))
async def remove(request: web.Request) -> web.Response:
    """Remove an endpoint that is off."""
    await checked_form(request)
    standing = await _found(request)
    try:
        await _desk(request).remove(standing.endpoint, by=_me(request))
    except DeskError as error:
        return await _endpoint(request, standing, error=error)
    raise forms.done(ADDRESS, "removed")


# -- what is sent ----------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("test"))
async def send_test(request: web.Request) -> web.Response:
    """Queue a test; its delivery shows the result."""
    await checked_form(request)
    standing = await _found(request)
    try:
        posting = await _desk(request).test(standing.endpoint.id, by=_me(request))
    except DeskError as error:
        return await _endpoint(request, standing, error=error)
    raise _done(standing.endpoint.id, "tested", posting.id)


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("replay"))
async def replay(request: web.Request) -> web.Response:
    """Send the messages of a time span again."""
    form = await checked_form(request)
    standing = await _found(request)
    zone = ZoneInfo(request.config_dict[TOOLS].zone)
    try:
        count = await _desk(request).replay_span(
            standing.endpoint.id,
            _moment(str(form.get("since", "")), zone),
            _moment(str(form.get("until", "")), zone),
            by=_me(request),
            parked=form.get("parked") == "yes",
        )
    except DeskError as error:
        return await _endpoint(request, standing, error=error, form=form)
    raise _done(standing.endpoint.id, "replayed", count=count)


@staff(Role.ADMINISTRATOR)
@proven(_on_endpoint("replay_one"))
async def replay_one(request: web.Request) -> web.Response:
    """Send one delivery again."""
    await checked_form(request)
    endpoint, posting = _names(request)
    entry = await _desk(request).entry_named(endpoint, posting.hex())
    try:
        await _desk(request).replay(entry.posting, by=_me(request))
    except DeskError as error:
        return await _delivery(request, error=error)
    raise _done(endpoint, "replayed", posting, count=1)


# -- pages -----------------------------------------------------------------------------------------


async def _list(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    desk = _desk(request)
    return _page(
        request,
        "console/webhooks.html",
        error=error,
        done="removed" if error is None and request.query.get("done") == "removed" else "",
        endpoints=[(one, _health(one.endpoint)) for one in await desk.all()],
        kinds=SUBSCRIBABLE,
        chosen=frozenset(SUBSCRIBABLE) if form is None else frozenset(form.getall("kind", [])),
        # A rejected form keeps its id: a duplicate of it may be on its way.
        new_id=desk.new_id().hex() if form is None else str(form.get("endpoint", "")),
        typed=form or {},
    )


async def _endpoint(
    request: web.Request,
    standing: Standing,
    *,
    error: DeskError | None = None,
    form: Form | None = None,
) -> web.Response:
    endpoint, tools = standing.endpoint, request.config_dict[TOOLS]
    state = _state(request.query.get("state", ""))
    before = request.query.get("before", "")
    postings = await _desk(request).postings(
        endpoint.id,
        state=state,
        before=PostingId(_id(before)) if before else None,
        limit=_PAGE + 1,
    )
    zone = ZoneInfo(tools.zone)
    until = tools.clock.now().astimezone(zone)
    done = request.query.get("done", "")
    return _page(
        request,
        "console/webhook.html",
        error=error,
        standing=standing,
        endpoint=endpoint,
        health=_health(endpoint),
        kinds=SUBSCRIBABLE,
        overlaps=_OVERLAPS,
        old_until=endpoint.old_secret_until if len(endpoint.signing(until)) > 1 else None,
        postings=postings[:_PAGE],
        more=postings[_PAGE - 1].id.hex() if len(postings) > _PAGE else "",
        state=state,
        states=tuple(PostingState),
        since=_typed(form, "since", until - timedelta(days=1)),
        until=_typed(form, "until", until + timedelta(minutes=1)),
        url=endpoint.url if form is None else str(form.get("url", endpoint.url)),
        zone=tools.zone,
        done=done if error is None and done in _DONE else "",
        count=_number(request.query.get("count", "")),
    )


async def _delivery(request: web.Request, *, error: DeskError | None = None) -> web.Response:
    endpoint, posting = _names(request)
    desk = _desk(request)
    entry = await desk.entry_named(endpoint, posting.hex())
    standing = await desk.find(endpoint.hex())
    done = request.query.get("done", "")
    return _page(
        request,
        "console/delivery.html",
        error=error,
        endpoint=standing.endpoint,
        posting=entry.posting,
        tries=entry.tries,
        message=message_id(entry.posting.event_id),
        is_test=entry.posting.kind is NewsKind.ENDPOINT_TEST,
        done=done if error is None and done in _DONE else "",
        count=1,
    )


def _secret(request: web.Request, added: Added) -> web.Response:
    """Show a secret. It is in no other answer."""
    endpoint = added.endpoint
    return _page(
        request,
        "console/webhook_secret.html",
        languages=(),
        endpoint=endpoint,
        secret=added.secret,
        until=endpoint.old_secret_until,
    )


def _page(
    request: web.Request, template: str, *, error: DeskError | None = None, **values: Any
) -> web.Response:
    """Return a page, with the error on it if there is one."""
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    if error is not None:
        values |= {"languages": ()}
    return console_page(
        request,
        template,
        status=200 if error is None else STATUS.get(error.code, 500),
        wrong="" if error is None else said(request, error),
        term=lambda family, member: catalogs.text(locale, f"web.webhooks.{family}.{member}", {}),
        **values,
    )


# -- parsing requests ------------------------------------------------------------------------------


def _desk(request: web.Request) -> Endpoints:
    endpoints = request.config_dict[TOOLS].endpoints
    if endpoints is None:
        raise NotFoundError("nothing is kept here")
    return endpoints


def _me(request: web.Request) -> str:
    return signed_in(request).agent.name


async def _found(request: web.Request) -> Standing:
    return await _desk(request).find(_id(request.match_info["endpoint"]).hex())


def _names(request: web.Request) -> tuple[EndpointId, PostingId]:
    named = request.match_info
    return EndpointId(_id(named["endpoint"])), PostingId(_id(named["delivery"]))


def _id(text: str) -> bytes:
    return forms.named_id(text, "endpoint or delivery")


def _as_seen(standing: Standing, form: Form) -> Endpoint:
    """Return the endpoint as the form's page showed it: a newer one makes the form stale."""
    seen = _number(str(form.get("version", "")))
    if seen != standing.endpoint.version:
        raise DeskError(
            "the endpoint has changed meanwhile", code=ErrorCode.STALE, reason="webhook_stale"
        )
    return standing.endpoint


def _kinds(form: Form) -> frozenset[NewsKind]:
    try:
        return frozenset(NewsKind(str(one)) for one in form.getall("kind", []))
    except ValueError:
        raise InvalidRequestError("there is no such kind of event") from None


def _state(text: str) -> PostingState | None:
    try:
        return PostingState(text) if text else None
    except ValueError:
        raise InvalidRequestError("nothing stands there") from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 0


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise InvalidRequestError("no instant", reason="webhook_moment") from None


def _typed(form: Form | None, name: str, otherwise: datetime) -> str:
    return str(form[name]) if form is not None and name in form else f"{otherwise:%Y-%m-%dT%H:%M}"


def _health(endpoint: Endpoint) -> str:
    failing = endpoint.state is EndpointState.ACTIVE and endpoint.failing_since is not None
    return "failing" if failing else endpoint.state.value


def _done(
    endpoint: EndpointId, what: str, posting: PostingId | None = None, *, count: int | None = None
) -> web.HTTPException:
    place = f"{ADDRESS}/{endpoint.hex()}"
    if posting is not None:
        place += f"/deliveries/{posting.hex()}"
    told = {} if count is None else {"count": str(count)}
    return forms.done(place, what, **told)
