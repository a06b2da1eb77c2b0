"""Managing endpoints: adding, rotating secrets, switching, testing, replaying.

Callers check who may do so: the console admits administrators, commands are the operator's. Every
change is audited with who made it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.pacing import MAX_PER_SECOND
from privacydesk.domain.webhook_events import (
    SUBSCRIBABLE,
    EndpointFacts,
    WebhookEvent,
    WebhookEventKind,
)
from privacydesk.domain.webhook_examples import example_facts
from privacydesk.domain.webhooks import (
    Endpoint,
    EndpointState,
    EndpointStatus,
    Posting,
    PostingLog,
    PostingState,
    SigningSecret,
)
from privacydesk.errors import InvalidRequestError, NotAllowedNowError, NotFoundError
from privacydesk.ports import IdGenerator, WebhookStore

OPERATOR: Final = "operator"
"""The name that commands act under."""

OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=14)
_SECRET_BYTES: Final = 32
_LONGEST_LABEL: Final = 80
_SHORTEST_NAME: Final = 6
"""Characters at the end of an id, which are random, that are enough to identify it."""
_NEWEST: Final = 1_000
"""Newest postings, which are found by the end of their ids; older ones need the whole id."""
_ID_BYTES: Final = 16
_HEX: Final = frozenset("0123456789abcdef")


class Added(Struct, frozen=True):
    """An endpoint with its newest secret, which is shown once; empty where none was made."""

    endpoint: Endpoint
    secret: str = ""


class Endpoints:
    """Manages endpoints. ``by`` names who does it.

    Changes take ``asked``, the API request that they are made for: it is saved with the change, and
    repeating it raises ``StaleError`` with the reason ``api_done``. The saved body is then the
    result: the id of what was added or made, the endpoint's new version, or how many messages go
    out again.

    Args:
        book: where they are kept.
        check: refuses an address that nothing could ever be sent to, by raising
            ``InvalidRequestError``.
        minter: makes ids for endpoints and postings.
        clock: the present.
    """

    def __init__(
        self, book: WebhookStore, check: Callable[[str], None], minter: IdGenerator, clock: Clock
    ) -> None:
        self._book = book
        self._check = check
        self._minter = minter
        self._clock = clock

    # -- looking -------------------------------------------------------------------------------

    async def all(self) -> tuple[EndpointStatus, ...]:
        """Return all endpoints, the oldest first."""
        return await self._book.endpoints()

    async def find(self, name: str) -> EndpointStatus:
        """Return an endpoint by its id in hex, by the end of it, or by its label.

        Raises:
            NotFoundError: there is none, or more than one.
        """
        found = [one for one in await self._book.endpoints() if _is_named(one.endpoint, name)]
        if len(found) != 1:
            raise NotFoundError("there is no such endpoint", reason="webhook_missing")
        return found[0]

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return the postings to an endpoint, sent or not, the newest first."""
        return await self._book.postings(endpoint, state=state, before=before, limit=limit)

    async def entry(self, posting: PostingId) -> PostingLog:
        """Return one posting with all its tries.

        Raises:
            NotFoundError: there is none (any more).
        """
        found = await self._book.posting_log(posting)
        if found is None:
            raise NotFoundError("there is no such posting", reason="webhook_posting_missing")
        return found

    async def entry_named(self, endpoint: EndpointId, name: str) -> PostingLog:
        """Return a posting of an endpoint by its id in hex, or by the end of that.

        Raises:
            NotFoundError: there is none (any more), or more than one of the newest.
        """
        if len(name) == 2 * _ID_BYTES and set(name) <= _HEX:
            found = [PostingId(bytes.fromhex(name))]
        else:
            newest = await self._book.postings(endpoint, limit=_NEWEST)
            found = [one.id for one in newest if _ends(one.id, name)]
        entry = await self.entry(found[0]) if len(found) == 1 else None
        if entry is None or entry.posting.endpoint != endpoint:
            raise NotFoundError("there is no such posting", reason="webhook_posting_missing")
        return entry

    def new_id(self) -> EndpointId:
        """Return an id for an endpoint: a form carries it, so that two submits add one."""
        return EndpointId(self._minter.id(self._clock.now()))

    # -- changing ------------------------------------------------------------------------------

    async def add(
        self,
        url: str,
        *,
        by: str,
        label: str = "",
        kinds: Collection[WebhookEventKind] = SUBSCRIBABLE,
        max_per_second: int = 0,
        identity: EndpointId | None = None,
        asked: StoredResponse | None = None,
    ) -> Added:
        """Add an endpoint, which gets news from now on.

        Args:
            url: where messages are posted to.
            by: who adds it.
            label: what staff call it; the host unless given.
            kinds: what it subscribes to.
            max_per_second: how many messages a second are sent to it at most; 0 for no limit.
            identity: its id where a form brought one.
            asked: see above.

        Raises:
            InvalidRequestError: nothing could be sent there, it subscribes to nothing, or the rate
                is out of bounds.
            DeskError: CONFLICT when it was added already.
            NotAllowedNowError: there are as many as allowed.
        """
        address = url.strip()
        self._check(address)
        now, secret = self._clock.now(), _new_secret()
        endpoint = Endpoint(
            id=identity or self.new_id(),
            url=address,
            label=_label(label) or urlsplit(address).netloc,
            kinds=_subscribed(kinds),
            secrets=(SigningSecret(secret),),
            created_at=now,
            max_per_second=_rate(max_per_second),
        )
        told = _told(now, by, "webhook_added", endpoint.id)
        await self._book.add(endpoint, told, api_result=_left(asked, endpoint.id.hex()))
        return Added(endpoint, secret)

    async def change(
        self,
        endpoint: Endpoint,
        *,
        by: str,
        label: str = "",
        kinds: Collection[WebhookEventKind] | None = None,
        max_per_second: int | None = None,
        asked: StoredResponse | None = None,
    ) -> Endpoint:
        """Change an endpoint's label, rate, and what it subscribes to from now on.

        What is left out stays.

        Raises:
            InvalidRequestError: it subscribes to nothing, or the rate is out of bounds.
            StaleError: it has changed meanwhile.
        """
        changed = replace(
            endpoint,
            label=_label(label) or endpoint.label,
            kinds=endpoint.kinds if kinds is None else _subscribed(kinds),
            max_per_second=(
                endpoint.max_per_second if max_per_second is None else _rate(max_per_second)
            ),
            version=endpoint.version + 1,
        )
        now = self._clock.now()
        told = _told(now, by, "webhook_changed", endpoint.id)
        await self._book.change(changed, told, api_result=_left(asked, changed.version))
        return changed

    async def move(
        self,
        endpoint: Endpoint,
        url: str,
        *,
        by: str,
        new_secret: bool = False,
        asked: StoredResponse | None = None,
    ) -> Added:
        """Change an endpoint's address; waiting postings go there at once.

        Args:
            endpoint: as it was seen.
            url: where messages are posted to from now on.
            by: who does it.
            new_secret: whether to replace the secret at once, for a receiver run by somebody else:
                anybody who knows the old one can forge the desk's messages. Otherwise the
                secret is kept.
            asked: see above.

        Raises:
            InvalidRequestError: nothing could be sent there.
            StaleError: it has changed meanwhile.
        """
        address = url.strip()
        self._check(address)
        now, secret = self._clock.now(), _new_secret() if new_secret else ""
        changed = endpoint.with_url(address)
        if secret:
            changed = replace(changed, secrets=(SigningSecret(secret),))
        told = _told(now, by, "webhook_moved", endpoint.id, new_secret=new_secret)
        await self._book.move(changed, now, told, api_result=_left(asked, changed.version))
        return Added(changed, secret)

    async def rotate(
        self,
        endpoint: Endpoint,
        *,
        by: str,
        overlap: timedelta = OVERLAP,
        asked: StoredResponse | None = None,
    ) -> Added:
        """Give an endpoint a new secret; both sign until ``overlap`` is over.

        Raises:
            InvalidRequestError: the overlap is longer than it may be.
            StaleError: it has changed meanwhile.
        """
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise InvalidRequestError(
                f"both secrets can sign for {LONGEST_OVERLAP.days} days at most",
                reason="webhook_overlap",
                count=LONGEST_OVERLAP.days,
            )
        now, secret = self._clock.now(), _new_secret()
        changed = endpoint.with_new_secret(secret, now, overlap)
        told = _told(now, by, "webhook_rotated", endpoint.id)
        await self._book.change(changed, told, api_result=_left(asked, changed.version))
        return Added(changed, secret)

    async def enable(
        self, endpoint: EndpointId, *, by: str, asked: StoredResponse | None = None
    ) -> bool:
        """Switch an endpoint on; return whether it was off. Waiting postings are tried at once."""
        told = _told(self._clock.now(), by, "webhook_enabled", endpoint)
        return await self._switch(endpoint, EndpointState.ACTIVE, told, asked)

    async def disable(
        self, endpoint: EndpointId, *, by: str, asked: StoredResponse | None = None
    ) -> bool:
        """Switch an endpoint off; return whether it was on. Waiting postings go on waiting."""
        told = _told(self._clock.now(), by, "webhook_disabled", endpoint)
        return await self._switch(endpoint, EndpointState.DISABLED, told, asked)

    async def remove(
        self, endpoint: Endpoint, *, by: str, asked: StoredResponse | None = None
    ) -> None:
        """Remove an endpoint that was switched off. Its waiting postings are never sent.

        Raises:
            NotFoundError: it was removed already.
            NotAllowedNowError: it is on.
        """
        told = _told(self._clock.now(), by, "webhook_removed", endpoint.id)
        await self._book.remove(
            endpoint.id, told.at, told, api_result=_left(asked, endpoint.id.hex())
        )

    async def _switch(
        self,
        endpoint: EndpointId,
        state: EndpointState,
        told: AuditEntry,
        asked: StoredResponse | None,
    ) -> bool:
        api_result = _left(asked, state.value)
        return await self._book.set_state(endpoint, state, told.at, told, api_result=api_result)

    async def test(
        self,
        endpoint: Endpoint,
        *,
        by: str,
        kind: WebhookEventKind = WebhookEventKind.ENDPOINT_TEST,
        asked: StoredResponse | None = None,
    ) -> Posting:
        """Queue a message without news; it is tried once.

        Args:
            endpoint: where it goes.
            by: who has it sent.
            kind: the type that it is an example of.
            asked: see above.

        Raises:
            NotAllowedNowError: the endpoint is switched off, or has not subscribed to the type.
        """
        facts = example_facts(kind)
        if isinstance(facts, EndpointFacts):
            facts = EndpointFacts(endpoint.id.hex())
        elif kind not in endpoint.kinds:
            raise NotAllowedNowError(
                f"the endpoint has not subscribed to {kind.value}", reason="webhook_not_subscribed"
            )
        now = self._clock.now()
        event, identity = self._minter.id(now), PostingId(self._minter.id(now))
        news = WebhookEvent(kind, identity, 0, facts, is_test=True)
        posting = Posting(
            id=identity,
            event_id=event,
            endpoint=endpoint.id,
            kind=WebhookEventKind.ENDPOINT_TEST,
            # A lane of its own: it holds nothing back, and waits for nothing.
            lane=endpoint.id + identity,
            place=news.position,
            body=news.body(event, now),
            created_at=now,
            due_at=now,
            begun_at=now,
            tries_left=1,
        )
        told = _told(now, by, "webhook_tested", endpoint.id)
        await self._book.queue_test(posting, told, api_result=_left(asked, identity.hex()))
        return posting

    async def replay(
        self, posting: Posting, *, by: str, asked: StoredResponse | None = None
    ) -> None:
        """Send a posting again, under the same id; one that waits for its next try, at once.

        Raises:
            NotAllowedNowError: it is being sent, or is a test that was sent.
        """
        now = self._clock.now()
        told = _told(now, by, "webhook_replayed", posting.endpoint, event=posting.event_id.hex())
        if not await self._book.replay(
            posting.endpoint, now, told, posting=posting.id, api_result=asked
        ):
            raise NotAllowedNowError("it is being sent, or is a test", reason="webhook_no_replay")

    async def replay_span(
        self,
        endpoint: EndpointId,
        since: datetime,
        until: datetime,
        *,
        by: str,
        parked: bool = False,
        asked: StoredResponse | None = None,
    ) -> int:
        """Resend the postings made in a time span; return how many.

        Args:
            endpoint: which one.
            since: the first instant of the span.
            until: the first one after it.
            by: who asks for it.
            parked: whether to resend only postings that never got through.
            asked: see above.

        Raises:
            InvalidRequestError: the span ends before it begins.
        """
        if until <= since:
            raise InvalidRequestError("the span ends before it begins", reason="webhook_span")
        now = self._clock.now()
        span = {"since": since.isoformat(), "until": until.isoformat()}
        told = _told(now, by, "webhook_replayed", endpoint, **span)
        return await self._book.replay(
            endpoint, now, told, since=since, until=until, parked=parked, api_result=asked
        )


def _is_named(endpoint: Endpoint, name: str) -> bool:
    return _ends(endpoint.id, name) or name == endpoint.label


def _ends(identity: bytes, name: str) -> bool:
    return len(name) >= _SHORTEST_NAME and identity.hex().endswith(name.lower())


def _label(label: str) -> str:
    words = " ".join(label.split())
    if len(words) > _LONGEST_LABEL or not words.isprintable():
        raise InvalidRequestError(
            f"a name has {_LONGEST_LABEL} characters at most",
            reason="webhook_label",
            count=_LONGEST_LABEL,
        )
    return words


def _subscribed(kinds: Collection[WebhookEventKind]) -> frozenset[WebhookEventKind]:
    wanted = frozenset(kinds) & frozenset(SUBSCRIBABLE)
    if not wanted:
        raise InvalidRequestError("choose at least one kind of event", reason="webhook_kinds")
    return wanted


def _rate(per_second: int) -> int:
    if not 0 <= per_second <= MAX_PER_SECOND:
        raise InvalidRequestError(
            f"a rate is at most {MAX_PER_SECOND} messages a second",
            reason="webhook_rate",
            count=MAX_PER_SECOND,
        )
    return per_second


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _left(asked: StoredResponse | None, what: object) -> StoredResponse | None:
    return None if asked is None else replace(asked, body=str(what).encode())


def _told(now: datetime, by: str, what: str, endpoint: EndpointId, **detail: Any) -> AuditEntry:
    return AuditEntry(now, by, what, detail={"endpoint": endpoint.hex(), **detail})
