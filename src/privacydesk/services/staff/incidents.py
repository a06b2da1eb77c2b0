"""Incident notices: prepared by one member of staff, released by another.

    prepared ─► draft ─► released by a second person ─► sending ⇄ paused ─► sent
                  └─► discarded

``incident_sending`` tells the recipients of a released notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import IncidentId
from privacydesk.domain.incidents import (
    MAX_ACCOUNT,
    Audience,
    Incident,
    IncidentDraft,
    IncidentProgress,
    IncidentState,
    NoticePart,
    Recipient,
)
from privacydesk.domain.notices import Occasion
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError, StaleError
from privacydesk.ports import Catalog, Hashing, IdGenerator, IncidentStore
from privacydesk.services.notice_texts import NoticeTexts
from privacydesk.services.revocations import account_hash
from privacydesk.services.staff.roster import Roster, check_supervisor

_PAGE_SIZE: Final = 500
"""How many accounts of a list are stored in one transaction."""


class Incidents:
    """Prepares, releases and pauses incident notices; supervisors and administrators do so.

    Args:
        store: stores incidents and recipients.
        roster: finds agents and checks their roles.
        hashing: hashes accounts.
        catalog: the texts around a public notice.
        notice_texts: writes what phones and mailboxes get.
        locales: the languages in which a notice has to be written.
        minter: generates ids.
        clock: source of the current time.
    """

    def __init__(
        self,
        *,
        store: IncidentStore,
        roster: Roster,
        hashing: Hashing,
        catalog: Catalog,
        notice_texts: NoticeTexts,
        locales: tuple[str, ...],
        minter: IdGenerator,
        clock: Clock,
    ) -> None:
        self._store = store
        self._roster = roster
        self._hashing = hashing
        self._catalog = catalog
        self._notice_texts = notice_texts
        self.locales = locales
        self._minter = minter
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------

    async def all(self) -> tuple[Incident, ...]:
        """Return all incidents, newest first."""
        return tuple(reversed(await self._store.all()))

    async def find(self, name: str) -> Incident:
        """Return the incident with an id, or with the end of it.

        Raises:
            NotFoundError: there is none, or more than one.
        """
        found = [one for one in await self._store.all() if name and one.id.hex().endswith(name)]
        if len(found) != 1:
            raise NotFoundError("there is no such incident")
        return found[0]

    async def progress(self, incident: Incident) -> IncidentProgress:
        """Return how far a notice has come."""
        return await self._store.progress(incident.id)

    async def reach(self, draft: IncidentDraft, accounts: Iterable[str]) -> int:
        """Return how many recipients a notice would have now.

        Raises:
            InvalidRequestError: the list is empty, or an account is not an id.
        """
        if draft.audience is not Audience.LIST:
            return await self._store.audience_size(draft.audience)
        keys = {self._recipient(line.strip()).key for line in accounts if line.strip()}
        if not keys:
            raise _empty_list()
        return len(keys)

    def outside_text(self, locale: str) -> Sequence[str]:
        """Return what a notice says on phones and in mailboxes: title and text."""
        notice = self._notice_texts.compose(Occasion.INCIDENT, locale, "")
        return notice.title, *notice.lines

    def public_text(self, incident: Incident, progress: IncidentProgress, locale: str) -> str:
        """Return a notice to publish, for recipients who could not be reached; it names nobody."""
        text, parts = self._catalog.text, incident.texts[locale]
        titled = [f"{text(locale, f'incident.{part}', {})}\n{parts[part]}" for part in NoticePart]
        unreached = text(locale, "incident.public_unreached", {"count": progress.unreached})
        heading = text(locale, "incident.public_heading", {})
        contact = text(locale, "incident.public_contact", {})
        return "\n\n".join(
            [heading, *titled, *([unreached] if progress.unreached else []), contact]
        )

    # -- changing --------------------------------------------------------------------------

    async def prepare(self, draft: IncidentDraft, accounts: Iterable[str], by: str) -> Incident:
        """Prepare a notice; a second person has to release it.

        Args:
            draft: the notice.
            accounts: for ``Audience.LIST``, the ids of the accounts, read page by page;
                ``id,locale`` also names the language of somebody who has not used the desk yet.
            by: the name of a supervisor or administrator.

        Raises:
            InvalidRequestError: a text or the list is missing, or an account is not an id.
            DeskError: ``FORBIDDEN``.
        """
        agent, draft = await self._supervisor(by), draft.cleaned(self.locales)
        now = self._clock.now()
        incident = Incident(
            IncidentId(self._minter.id(now)),
            draft.name,
            draft.audience,
            draft.texts,
            agent.name,
            now,
            draft.urgent,
        )
        await self._save(incident, "incident_prepared", agent)
        if draft.audience is Audience.LIST:
            try:
                await self._add_accounts(incident, accounts)
            except InvalidRequestError:
                await self._move(incident, IncidentState.DISCARDED, "incident_discarded", agent)
                await self._store.remove_recipients(incident.id)
                raise
        return await self._move(incident, IncidentState.DRAFT, "incident_collected", agent)

    async def _add_accounts(self, incident: Incident, accounts: Iterable[str]) -> None:
        names, found = iter(accounts), False
        while page := list(islice(names, _PAGE_SIZE)):
            recipients = [self._recipient(line.strip()) for line in page if line.strip()]
            found = found or bool(recipients)
            await self._store.add_accounts(incident.id, recipients)
        if not found:
            raise _empty_list()

    def _recipient(self, line: str) -> Recipient:
        """Return the recipient in a line of a list: an account, or ``account,locale``."""
        account, comma, locale = (part.strip() for part in line.rpartition(","))
        if not comma or locale not in self.locales:
            account, locale = line, ""
        if len(account) > MAX_ACCOUNT or not account.isprintable():
            raise InvalidRequestError("a line is no account", reason="incident_account")
        return Recipient(account_hash(self._hashing, account), None, account, locale)

    async def release(self, incident_id: IncidentId, by: str, *, seen: int) -> Incident:
        """Release a notice that somebody else has prepared.

        Raises:
            NotFoundError: there is no such incident.
            NotAllowedNowError: it is no draft.
            StaleError: it was changed since ``seen``.
            DeskError: ``FORBIDDEN`` for who prepared it, and for anybody but a supervisor or
                administrator.
        """
        agent, incident = await self._supervisor(by), await self._seen(incident_id, seen)
        if incident.prepared_by == agent.name:
            raise DeskError(
                "who prepared a notice can't release it",
                code=ErrorCode.FORBIDDEN,
                reason="incident_second",
            )
        incident.check_move(IncidentState.SENDING)
        released = replace(incident, released_by=agent.name, released_at=self._clock.now())
        return await self._move(released, IncidentState.SENDING, "incident_released", agent)

    async def pause(self, incident_id: IncidentId, by: str, *, seen: int) -> Incident:
        """Stop sending until the notice is resumed; raises as ``release``."""
        return await self._change(incident_id, by, seen, IncidentState.PAUSED, "incident_paused")

    async def resume(self, incident_id: IncidentId, by: str, *, seen: int) -> Incident:
        """Go on sending; raises as ``release``."""
        agent, incident = await self._supervisor(by), await self._seen(incident_id, seen)
        if incident.state is not IncidentState.PAUSED:
            incident.check_move(IncidentState.PAUSED)
        return await self._move(incident, IncidentState.SENDING, "incident_resumed", agent)

    async def discard(self, incident_id: IncidentId, by: str, *, seen: int) -> Incident:
        """Discard a notice that was not released, with its list; raises as ``release``."""
        state, what = IncidentState.DISCARDED, "incident_discarded"
        incident = await self._change(incident_id, by, seen, state, what)
        await self._store.remove_recipients(incident_id)
        return incident

    async def _change(
        self, incident_id: IncidentId, by: str, seen: int, to: IncidentState, what: str
    ) -> Incident:
        agent, incident = await self._supervisor(by), await self._seen(incident_id, seen)
        return await self._move(incident, to, what, agent)

    async def _move(
        self, incident: Incident, to: IncidentState, what: str, agent: Agent
    ) -> Incident:
        incident.check_move(to)
        moved = replace(incident, state=to, version=incident.version + 1)
        await self._save(moved, what, agent)
        return moved

    async def _save(self, incident: Incident, what: str, agent: Agent) -> None:
        await self._store.save(incident, audit_entry_of(incident, what, agent.name, self._clock))

    async def _supervisor(self, by: str) -> Agent:
        agent = await self._roster.person(by)
        check_supervisor(agent)
        return agent

    async def _seen(self, incident_id: IncidentId, seen: int) -> Incident:
        incident = await self._store.find(incident_id)
        if incident is None:
            raise NotFoundError("there is no such incident")
        if incident.version != seen:
            raise StaleError("it was changed meanwhile", reason="incident_changed")
        return incident


def _empty_list() -> InvalidRequestError:
    return InvalidRequestError("the list is empty", reason="incident_accounts")


def audit_entry_of(incident: Incident, what: str, by: str, clock: Clock) -> AuditEntry:
    """Return the audit entry of a change of an incident."""
    detail: Mapping[str, Any] = {"incident": incident.short_id, "audience": incident.audience.value}
    return AuditEntry(clock.now(), by, what, detail=detail)
