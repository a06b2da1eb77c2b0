"""The page for the administration of API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import (
    DEFAULT_LIFETIME,
    MAX_LIFETIME,
    ApiToken,
    Scope,
    TokenStatus,
)
from privacydesk.domain.ids import ApiTokenId
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.integrations.api_tokens import ApiTokens, NewToken
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reauthentication import action_text, reauthenticated
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/tokens"
_DONE_VALUES: Final = frozenset({"revoked", "already"})


class TokenRow(Struct, frozen=True):
    """A row in the list of tokens.

    Attributes:
        token: the token, without its secret.
        status: the status of the token now.
        is_valid: whether requests with the token are accepted now.
    """

    token: ApiToken
    status: TokenStatus
    is_valid: bool


@staff(Role.ADMINISTRATOR)
async def tokens_page(request: web.Request) -> web.Response:
    """Show all tokens."""
    return await _render_page(request)


async def _describe_adding(request: web.Request, form: Form) -> str:
    return action_text(request, "add_token", name=str(form.get("name", "")).strip())


async def _describe_revoking(request: web.Request, _form: Form) -> str:
    token = await _api_tokens(request).find(_parse_token_id(request.match_info["token"]).hex())
    return action_text(request, "revoke_token", name=token.agent)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_adding)
async def add(request: web.Request) -> web.Response:
    """Create a token, and show its secret once."""
    form = await read_verified_form(request)
    try:
        created = await _api_tokens(request).add(
            str(form.get("name", "")).strip(),
            _parse_scopes(form),
            by=agent_session(request).agent.name,
            display_name=str(form.get("display_name", "")),
            lifetime=timedelta(days=parse_whole_number(str(form.get("days", "")))),
            token_id=_parse_token_id(str(form.get("token", ""))),
        )
    except DeskError as error:
        if error.code is ErrorCode.CONFLICT and error.data.get("reason") == "token_made":
            # The form was sent twice, and the first response has shown the token.
            raise forms.done_redirect(ADDRESS, "already") from None
        return await _render_page(request, error=error, form=form)
    return _secret_page(request, created)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_revoking)
async def revoke(request: web.Request) -> web.Response:
    """Revoke a token, which can't be undone."""
    await read_verified_form(request)
    api_tokens = _api_tokens(request)
    token = await api_tokens.find(_parse_token_id(request.match_info["token"]).hex())
    await api_tokens.revoke(token, by=agent_session(request).agent.name)
    raise forms.done_redirect(ADDRESS, "revoked")


async def _render_page(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    api_tokens = _api_tokens(request)
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    done, now = request.query.get("done", ""), request.config_dict[SERVICES].clock.now()
    return console_page(
        request,
        "console/tokens.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        error_message="" if error is None else error_message(request, error),
        done=done if error is None and done in _DONE_VALUES else "",
        rows=[
            TokenRow(token, token.status(now), token.is_valid(now))
            for token in await api_tokens.all()
        ],
        scopes=tuple(Scope),
        chosen=frozenset() if form is None else frozenset(form.getall("scope", [])),
        days=DEFAULT_LIFETIME.days,
        max_days=MAX_LIFETIME.days,
        # A refused form keeps its id, in case the same form is being sent twice.
        new_id=api_tokens.new_id().hex() if form is None else str(form.get("token", "")),
        submitted=form or {},
        term=lambda family, member: catalogs.text(locale, f"web.tokens.{family}.{member}", {}),
    )


def _secret_page(request: web.Request, created: NewToken) -> web.Response:
    """Show the secret of a new token, which no other response contains."""
    return console_page(
        request,
        "console/token_secret.html",
        languages=(),
        token=created.token,
        secret=created.secret,
    )


def _api_tokens(request: web.Request) -> ApiTokens:
    tokens = request.config_dict[SERVICES].tokens
    if tokens is None:
        raise NotFoundError("there is no database")
    return tokens


def _parse_scopes(form: Form) -> frozenset[Scope]:
    try:
        return frozenset(Scope(str(scope)) for scope in form.getall("scope", []))
    except ValueError:
        raise InvalidRequestError("there is no such scope") from None


def _parse_token_id(text: str) -> ApiTokenId:
    return ApiTokenId(forms.parse_id(text, "token", reason="token_missing"))
