"""Seeding: puts sample requests of the past weeks into a new folder of the demo.

The scripts of ``sample_requests`` run on the demo's own services. Its clock starts weeks ago, and
the in-memory twins stand in for the external services, so that nothing waits for the network.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.app import ExternalServices, Services
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.memory import MemoryAccountService, MemoryCodeSender, phones_of
from privacydesk.connectors.memory_translation import MemoryTranslator
from privacydesk.connectors.webhook_twin import MemoryWebhookSender
from privacydesk.demo.clock import DemoClock
from privacydesk.demo.person import SamplePerson
from privacydesk.demo.sample_help import SAMPLE_TALKS, SampleTalk, talk
from privacydesk.demo.sample_incidents import (
    READERS,
    RECIPIENTS,
    UNKNOWN_ACCOUNTS,
    incident_notices,
)
from privacydesk.demo.sample_requests import SCRIPTS, SampleDesk
from privacydesk.demo.sample_times import SampleTimes
from privacydesk.demo.sample_user import SampleUser
from privacydesk.demo.staff import ADMINISTRATOR
from privacydesk.demo.switch import Switch
from privacydesk.demo.tokens import TokenMinter
from privacydesk.domain.deliveries import Pool
from privacydesk.domain.duty import DutyState
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.webhooks.endpoints import Endpoints

_log = structlog.get_logger(__name__)

PERIOD: Final = timedelta(days=30)
"""How long before the demo's start the clock of the seeding begins."""
WEBHOOK_LABEL: Final = "App 后台（示例）"
WEBHOOK_PATH: Final = "/demo/webhooks"

_ACTION_TIME: Final = timedelta(seconds=9)
"""How long people take for one action."""
_MAX_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class Connections:
    """The external services of the demo, each behind a switch."""

    accounts: Switch
    codes: Switch
    webhooks: Switch

    def external_services(self) -> ExternalServices:
        """Return them as the desk takes them."""
        return ExternalServices(
            self.accounts, self.codes, self.webhooks, translator=MemoryTranslator()
        )


async def seed(
    services: Services,
    clock: DemoClock,
    connections: Connections,
    *,
    book: AccountBook,
    people: Mapping[str, SamplePerson],
    minter: TokenMinter,
    base_url: str,
) -> int:
    """Add a webhook endpoint and all sample requests; return how many scripts succeeded.

    Args:
        services: the desk; its agents exist.
        clock: its clock, rewound by :data:`PERIOD`; it is moved to the demo's start.
        connections: the external services, which are replaced meanwhile.
        book: the accounts, which change as requests are granted.
        people: the people who can write, by id.
        minter: signs app tokens.
        base_url: where this process reaches itself.
    """
    codes = MemoryCodeSender(clock, phones_of(book))
    connected = (connections.accounts.target, connections.codes.target, connections.webhooks.target)
    connections.accounts.target = MemoryAccountService(book)
    connections.codes.target = codes
    connections.webhooks.target = MemoryWebhookSender()
    try:
        await services.webhooks.endpoints.add(
            f"{base_url}{WEBHOOK_PATH}", by=ADMINISTRATOR, label=WEBHOOK_LABEL
        )
        succeeded = await _Seeding(services, clock, codes, people, minter).run()
    finally:
        connections.accounts.target, connections.codes.target, connections.webhooks.target = (
            connected
        )
        clock.catch_up()
    await services.maintenance.sealer.seal_pending()
    return succeeded


async def move_webhook(endpoints: Endpoints, base_url: str) -> None:
    """Have the sample endpoint, if there is one, receive at the address of this start."""
    url = f"{base_url}{WEBHOOK_PATH}"
    for status in await endpoints.all():
        if status.endpoint.label == WEBHOOK_LABEL and status.endpoint.url != url:
            await endpoints.move(status.endpoint, url, by=ADMINISTRATOR)


class _Seeding:
    """Runs the scripts on one clock."""

    def __init__(
        self,
        services: Services,
        clock: DemoClock,
        codes: MemoryCodeSender,
        people: Mapping[str, SamplePerson],
        minter: TokenMinter,
    ) -> None:
        self._services = services
        self._clock = clock
        self._codes = codes
        self._people = people
        self._minter = minter
        self._users: dict[str, SampleUser] = {}

    async def run(self) -> int:
        """Run all scripts; return how many succeeded."""
        desk = SampleDesk(
            SampleTimes(self._clock.present, self._services.deadlines),
            self._services.staff,
            self._user,
        )
        scripts = [
            *(script(desk) for script in SCRIPTS),
            *(
                talk(one, desk.times, self._visitor(one), self._services.takeover)
                for one in SAMPLE_TALKS
            ),
            self._incident_notices(desk.times),
        ]
        names = [
            *(one.__name__ for one in SCRIPTS),
            *(f"talk of {one.visitor}" for one in SAMPLE_TALKS),
            "incident notices",
        ]
        agenda: list[tuple[datetime, int]] = []
        succeeded = 0
        for index, script in enumerate(scripts):
            agenda.append((await anext(script), index))
        heapq.heapify(agenda)
        while agenda:
            at, index = heapq.heappop(agenda)
            await self._advance(at)
            try:
                heapq.heappush(agenda, (await anext(scripts[index]), index))
            except StopAsyncIteration:
                succeeded += 1
            except DeskError as error:
                # The demo is useful without one of its requests.
                _log.warning("sample_request_failed", script=names[index], why=str(error))
            await self._work()
        await self._advance(self._clock.present)
        # Agents were there for what the scripts had them do.
        for name in self._services.agents:
            await self._services.attendance.set_availability(name, DutyState.OFF)
        return succeeded

    def _incident_notices(self, times: SampleTimes) -> AsyncGenerator[datetime]:
        people = [self._people[name] for name in RECIPIENTS]
        accounts = [f"{one.account},{one.locale.replace('-', '_')}" for one in people]
        return incident_notices(
            times,
            self._services.console.incidents,
            self._services.incident_sending.work,
            [*accounts, *UNKNOWN_ACCOUNTS],
            [self._user(name) for name in READERS],
        )

    def _user(self, person: str) -> SampleUser:
        user = self._users.get(person)
        if user is None:
            user = self._users[person] = self._new_user(self._people[person])
        return user

    def _new_user(self, person: SamplePerson) -> SampleUser:
        account = person.account
        token = None if account is None else lambda: self._minter.mint(account, person.locale)
        return self._sample_user(person.id, person.locale, token)

    def _visitor(self, one: SampleTalk) -> SampleUser:
        """Return somebody without an account, the same one for the same name."""
        if one.visitor not in self._users:
            self._users[one.visitor] = self._sample_user(one.visitor, one.language, None)
        return self._users[one.visitor]

    def _sample_user(self, name: str, language: str, token: Callable[[], str] | None) -> SampleUser:
        async def latest_code() -> str:
            await self._work()
            if not self._codes.messages:
                raise DeskError("no code was sent", code=ErrorCode.FAILED)
            return self._codes.messages[-1].code

        return SampleUser(
            self._services,
            token=token,
            language=language,
            latest_code=latest_code,
            pause=self._pause,
            wait=self._wait,
            job_prefix=f"seed-{name}",
        )

    async def _wait(self) -> None:
        await self._work()

    async def _pause(self) -> None:
        """Let the time of one action pass, but never beyond the demo's start."""
        left = self._clock.present - self._clock.now()
        self._clock.move(max(min(_ACTION_TIME, left), timedelta(0)))
        await self._work()

    async def _advance(self, to: datetime) -> None:
        """Move the clock to a time, and stop wherever something is due before it."""
        claims = self._services.store.claims
        for _ in range(_MAX_ROUNDS):
            candidates = (await claims.next_ticket(), await claims.next_delivery(tuple(Pool)))
            due = min((at for at in candidates if at is not None), default=to)
            if due > to:
                break
            self._move_to(due)
            if not await self._work():
                break
        self._move_to(to)

    def _move_to(self, at: datetime) -> None:
        self._clock.move(max(at - self._clock.now(), timedelta(0)))

    async def _work(self) -> int:
        """Work on everything that is due now; return how many rows that were."""
        count = 0
        for _ in range(_MAX_ROUNDS):
            done = await self._services.worker.run_once()
            webhooks = self._services.webhooks.worker
            if webhooks is not None:
                done += await webhooks.run_once()
            count += done
            if not done:
                break
        return count
