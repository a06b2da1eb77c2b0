"""The page on which administrators manage tokens of the HTTP API."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import LASTING, LONGEST, ApiToken, Scope, TokenStanding
from privacydesk.domain.ids import ApiTokenId
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.integrations.tokens import Made, Tokens
from privacydesk.web.answers import STATUS
from privacydesk.web.console import forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.case import whole
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.reauthentication import act_text, proven
from privacydesk.web.keys import CATALOGS, LOCALE

ADDRESS: Final = "/console/tokens"
_DONE: Final = frozenset({"revoked", "already"})


class Row(Struct, frozen=True):
    """A token in the list."""

    token: ApiToken
    standing: TokenStanding
    works: bool


@staff(Role.ADMINISTRATOR)
async def tokens_page(request: web.Request) -> web.Response:
    """Show all tokens."""
    return await _page(request)


async def _adding(request: web.Request, form: Form) -> str:
    return act_text(request, "add_token", name=str(form.get("name", "")).strip())


async def _revoking(request: web.Request, _form: Form) -> str:
    token = await _desk(request).find(_id(request.match_info["token"]).hex())
    return act_text(request, "revoke_token", name=token.agent)


@staff(Role.ADMINISTRATOR)
@proven(_adding)
async def add(request: web.Request) -> web.Response:
    """Make a token, and show it, once."""
    form = await checked_form(request)
    try:
        made = await _desk(request).add(
            str(form.get("name", "")).strip(),
            _scopes(form),
            by=signed_in(request).agent.name,
            display_name=str(form.get("display_name", "")),
            lasting=timedelta(days=whole(str(form.get("days", "")))),
            identity=_id(str(form.get("token", ""))),
        )
    except DeskError as error:
        if error.code is ErrorCode.CONFLICT and error.data.get("reason") == "token_made":
            # Sent twice: the token exists, and its text was in the first answer.
            raise forms.done(ADDRESS, "already") from None
        return await _page(request, error=error, form=form)
    return _shown_once(request, made)


@staff(Role.ADMINISTRATOR)
@proven(_revoking)
async def revoke(request: web.Request) -> web.Response:
    """Revoke a token for good."""
    await checked_form(request)
    desk = _desk(request)
    token = await desk.find(_id(request.match_info["token"]).hex())
    await desk.revoke(token, by=signed_in(request).agent.name)
    raise forms.done(ADDRESS, "revoked")


async def _page(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    desk, tools = _desk(request), request.config_dict[TOOLS]
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    done, now = request.query.get("done", ""), tools.clock.now()
    return console_page(
        request,
        "console/tokens.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        wrong="" if error is None else said(request, error),
        done=done if error is None and done in _DONE else "",
        rows=[Row(one, one.standing(now), one.works(now)) for one in await desk.all()],
        scopes=tuple(Scope),
        chosen=frozenset() if form is None else frozenset(form.getall("scope", [])),
        days=LASTING.days,
        longest=LONGEST.days,
        # A rejected form keeps its id: a duplicate of it may be on its way.
        new_id=desk.new_id().hex() if form is None else str(form.get("token", "")),
        typed=form or {},
        term=lambda family, member: catalogs.text(locale, f"web.tokens.{family}.{member}", {}),
    )


def _shown_once(request: web.Request, made: Made) -> web.Response:
    """Show a token. It is in no other answer."""
    return console_page(
        request, "console/token_secret.html", languages=(), token=made.token, secret=made.text
    )


def _desk(request: web.Request) -> Tokens:
    tokens = request.config_dict[TOOLS].tokens
    if tokens is None:
        raise NotFoundError("nothing is kept here")
    return tokens


def _scopes(form: Form) -> frozenset[Scope]:
    try:
        return frozenset(Scope(str(one)) for one in form.getall("scope", []))
    except ValueError:
        raise InvalidRequestError("there is no such scope") from None


def _id(text: str) -> ApiTokenId:
    return ApiTokenId(forms.named_id(text, "token", reason="token_missing"))
