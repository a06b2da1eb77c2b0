"""``privacydesk dialogs play``: a chat with the desk in the terminal.

The real engine, texts and services run on a temporary database, with in-memory twins of the account
service and the code gateway, the demo's sample people and its policy. Nothing is stored or sent.
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import exit_with_usage_error, load_settings_for
from privacydesk.cli.dialogs import dialogs_app
from privacydesk.clock import MovableClock
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.grounds import Ground
from privacydesk.errors import DeskError
from privacydesk.services.api import Credentials
from privacydesk.services.staff.evidence import files_open_to

if TYPE_CHECKING:
    from privacydesk.connectors.memory import MemoryAccountService, MemoryCodeSender
    from privacydesk.demo.person import SamplePerson
    from privacydesk.demo.tokens import TokenMinter
    from privacydesk.dialog.schema import Flow
    from privacydesk.ports import Reader
    from privacydesk.profile import OperatorProfile
    from privacydesk.services.api import Session
    from privacydesk.services.chat import ChatDesk
    from privacydesk.services.staff.services import StaffServices
    from privacydesk.services.takeover import Takeover
    from privacydesk.settings import Settings
    from privacydesk.worker.group import WorkerGroup

_AGENT, _SUPERVISOR = "agent", "supervisor"
_MAX_WORKER_RUNS = 50
_HELP = """\
Type what a user would type, or the number of a choice. Commands:
  /code                  enter the code that was sent last; /code WORD enters another
  /upload [NAME]         upload a small picture
  /result hold           the account service and the code gateway don't answer from now on
  /result ok             they answer, now and from now on
  /result down           they can't be reached, until /result ok
  /wait 8d               move the clock forward: d, h, m
  /agent take | reply TEXT | back           take over, reply, hand back as an agent
  /agent grant [TEXT] | refuse TEXT | ask TEXT | accept [ACCOUNT] | reject TEXT
                         decide the newest open request
  /tickets               list the requests
  /quit                  leave"""


@dialogs_app.command("play")
def play(
    flow: Annotated[
        str | None, typer.Argument(metavar="[FLOW]", help="Start with this flow.")
    ] = None,
    locale: Annotated[
        str | None, typer.Option("--locale", metavar="LOCALE", help="zh_Hans, zh_Hant or en.")
    ] = None,
    person: Annotated[
        str,
        typer.Option("--as", metavar="PERSON", help="A sample person; `nobody` has no account."),
    ] = "lin-xiaoyu",
    dialogs: Annotated[
        Path | None,
        typer.Option("--dialogs", metavar="DIR", help="Use these instead of the shipped flows."),
    ] = None,
    locales: Annotated[
        Path | None,
        typer.Option("--locales", metavar="DIR", help="Use these instead of the shipped texts."),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The operator profile."),
    ] = None,
) -> None:
    """Chat with the desk in the terminal. Nothing is stored or sent.

    Type /help in the chat for its commands.
    """
    with TemporaryDirectory(prefix="privacydesk-") as folder:
        asyncio.run(_play(Path(folder), flow, locale, person, dialogs, locales, profile))


@dataclass(slots=True)
class PlaySession:
    """A chat in the terminal.

    Attributes:
        shown: the offset of the last event that was printed.
        job_count: how many jobs the user has submitted.
        is_held: whether the external services don't answer for now.
        prompt: the open question; None if there is none.
    """

    desk: ChatDesk
    staff: StaffServices
    takeover: Takeover
    worker: WorkerGroup
    reader: Reader
    clock: MovableClock
    accounts: MemoryAccountService
    codes: MemoryCodeSender
    session: Session
    shown: int = 0
    job_count: int = 0
    is_held: bool = False
    prompt: Event | None = None

    def new_job_id(self) -> str:
        """Return a new job id."""
        self.job_count += 1
        return f"line-{self.job_count}"

    # -- output ----------------------------------------------------------------------------

    async def work_and_print(self) -> None:
        """Let the workers do what is due, then print the new events and the open choices."""
        for _ in range(_MAX_WORKER_RUNS):
            if self.is_held or not await self.worker.run_once():
                break
        for event in await self.desk.events(self.session, after=self.shown, limit=1000):
            self.shown = event.offset
            typer.echo("\n".join(_event_lines(event)))
        view = await self.desk.view(self.session)
        events = await self.desk.events(self.session, after=view.prompt - 1, limit=1)
        self.prompt = events[0] if view.prompt and events else None
        if self.prompt is not None:
            for number, choice in enumerate(self.prompt.choices, start=1):
                typer.echo(f"    {number}. {choice.label}")

    # -- input -----------------------------------------------------------------------------

    async def handle_line(self, line: str) -> None:
        """Handle a line of input: a command, the number of a choice, or a message."""
        text = line.strip()
        if not text:
            return
        if text.startswith("/"):
            name, _, argument = text[1:].partition(" ")
            command = _COMMANDS.get(name)
            if command is None:
                typer.echo(_HELP)
                return
            await command(self, argument.strip())
        elif (choice := self._selected_choice(text)) is not None:
            prompt = self.prompt
            assert prompt is not None
            await self.desk.choose(
                self.session, id=self.new_job_id(), choice=choice, offset=prompt.offset
            )
        else:
            offset = self.prompt.offset if self.prompt is not None else 0
            await self.desk.say(self.session, id=self.new_job_id(), text=text, offset=offset)
        await self.work_and_print()

    def _selected_choice(self, text: str) -> str | None:
        """Return the id of the choice with the typed number; None if the text is no such number."""
        choices = self.prompt.choices if self.prompt is not None else ()
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= len(choices):
            return None
        return choices[int(text) - 1].id

    async def choose_intent(self, intent: str) -> None:
        """Choose an intent from the menu."""
        prompt = self.prompt
        choice = next((c for c in prompt.choices if c.value == intent), None) if prompt else None
        if prompt is not None and choice is not None:
            await self.desk.choose(
                self.session, id=self.new_job_id(), choice=choice.id, offset=prompt.offset
            )
            await self.work_and_print()

    async def enter_code(self, code: str) -> None:
        """Enter a code, or the one that was sent last."""
        if not code and not self.codes.messages:
            typer.echo("  (no code was sent yet)")
            return
        text = code or self.codes.messages[-1].code
        await self.desk.say(self.session, id=self.new_job_id(), text=text)

    async def upload(self, name: str) -> None:
        """Upload a small picture."""
        receipt = await self.desk.store_upload(
            self.session, name=name or "document.png", media_type="image/png", content=_picture()
        )
        await self.desk.submit_uploads(self.session, id=self.new_job_id(), uploads=[receipt.id])

    async def set_results(self, mode: str) -> None:
        """Set how the external services answer: ``hold``, ``ok`` or ``down``."""
        if mode not in {"hold", "ok", "down", ""}:
            typer.echo("  (hold, ok or down)")
            return
        self.is_held = mode == "hold"
        self.accounts.down = self.codes.down = mode == "down"

    async def wait(self, duration: str) -> None:
        """Move the clock forward by a duration such as ``8d``."""
        try:
            self.clock.move(timedelta(**{_UNITS[duration[-1:]]: float(duration[:-1])}))
        except (KeyError, ValueError, OverflowError):
            typer.echo("  (write it like 8d, 2h or 30m)")
            return
        typer.echo(f"  (it is {self.clock.now():%Y-%m-%d %H:%M} UTC now)")

    async def act_as_agent(self, argument: str) -> None:
        """Act as an agent: take over, reply, hand back, or decide the newest open request."""
        action, _, text = argument.partition(" ")
        conversation = self.session.conversation.hex()
        if action == "take":
            await self.takeover.take(conversation, _AGENT)
        elif action == "reply":
            await self.takeover.reply(conversation, _AGENT, text)
        elif action == "back":
            await self.takeover.hand_back(conversation, _AGENT)
        else:
            await self._decide(action, text)

    async def _decide(self, action: str, text: str) -> None:
        tickets = await self.reader.tickets_in(self.session.conversation)
        ticket = next((ticket for ticket in tickets if ticket.is_open), None)
        if ticket is None:
            typer.echo("  (no request is open)")
            return
        number = ticket.number
        by = _SUPERVISOR if _AGENT in ticket.excluded_reviewers else _AGENT
        staff = self.staff
        if action == "grant":
            await staff.decisions.grant(number, by, text=text)
        elif action == "refuse":
            await staff.decisions.refuse(number, by, ground=Ground.RIGHTS_OF_OTHERS, reason=text)
        elif action == "ask":
            await staff.handling.ask_requester(number, by, text)
        elif action == "accept":
            await self._open_files(number, by)
            await staff.examinations.examine(number, by, accepted=True, account=text)
        elif action == "reject":
            await staff.examinations.examine(number, by, accepted=False, reason=text)
        else:
            typer.echo(_HELP)

    async def _open_files(self, number: str, by: str) -> None:
        """Open every file of a ticket, as agents must before they accept evidence."""
        lookup, handling = self.staff.tickets, self.staff.handling
        await handling.claim(number, by, expected_holder=None)
        for file in (await lookup.details(number)).evidence:
            if not files_open_to(await lookup.by_number(number), await self.staff.roster.agent(by)):
                await self.staff.file_access.grant(number, _SUPERVISOR)
            await self.staff.evidence.open(number, file.id.hex(), by)

    async def list_tickets(self, _argument: str) -> None:
        """List the tickets of the conversation."""
        tickets = await self.reader.tickets_in(self.session.conversation)
        if not tickets:
            typer.echo("  (no requests yet)")
        for ticket in tickets:
            due = f", due {ticket.clock.due_date}" if ticket.clock else ""
            typer.echo(f"  {ticket.number}  {ticket.kind.value}  {ticket.state.value}{due}")


_COMMANDS: Mapping[str, Callable[[PlaySession, str], Awaitable[None]]] = {
    "code": PlaySession.enter_code,
    "upload": PlaySession.upload,
    "result": PlaySession.set_results,
    "wait": PlaySession.wait,
    "agent": PlaySession.act_as_agent,
    "tickets": PlaySession.list_tickets,
}
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


# -- the session -------------------------------------------------------------------------------


async def play_lines(session: PlaySession, intent: str, lines: AsyncIterator[str]) -> None:
    """Handle lines of input until they end or one is ``/quit``.

    Args:
        session: the chat.
        intent: the intent whose flow starts the chat; empty for the menu.
        lines: the lines of input.
    """
    await session.work_and_print()
    if intent:
        await session.choose_intent(intent)
    async for line in lines:
        if line.strip() in {"/quit", "/q"}:
            return
        try:
            await session.handle_line(line)
        except DeskError as error:
            typer.echo(f"  ({error.message})")


async def _play(
    folder: Path,
    flow: str | None,
    locale: str | None,
    person_id: str,
    dialogs: Path | None,
    locales: Path | None,
    profile: Path | None,
) -> None:
    from privacydesk import logs  # noqa: PLC0415 - these import all packages
    from privacydesk.app import ExternalServices, open_services, upgrade  # noqa: PLC0415
    from privacydesk.connectors.account_book import AccountBook  # noqa: PLC0415
    from privacydesk.connectors.memory import (  # noqa: PLC0415
        MemoryAccountService,
        MemoryCodeSender,
        phones_of,
    )
    from privacydesk.data import dialog_files, locale_files  # noqa: PLC0415
    from privacydesk.demo.data_folder import import_policy  # noqa: PLC0415
    from privacydesk.demo.people import sample_people  # noqa: PLC0415
    from privacydesk.dialog.reader import read_flows  # noqa: PLC0415
    from privacydesk.domain.agents import Role  # noqa: PLC0415
    from privacydesk.encoder.embedding import E5Embedder  # noqa: PLC0415

    logs.set_up("error", as_json=False)
    clock = MovableClock()
    people = {person.id: person for person in sample_people(clock.now())}
    player = _find_person(people, person_id)
    chosen_locale = (locale or (player.locale if player else "zh_Hans")).replace("-", "_")
    offered = locale_files(locales)
    if chosen_locale not in offered:
        exit_with_usage_error("--locale", f"{chosen_locale!r} is none of {', '.join(offered)}")
    intent = _find_intent(flow, read_flows(dialog_files(dialogs))) if flow is not None else ""
    settings, minter = _session_settings(folder, dialogs, locales, clock)
    upgrade(settings)
    operator = _load_profile(profile)
    if profile is None:
        typer.echo("Reading the sample policy …", err=True)
        import_policy(folder, operator.policy, clock.now(), E5Embedder(os.cpu_count() or 1))()
    book = AccountBook(
        [person.record for person in people.values() if person.record is not None], clock
    )
    accounts, codes = MemoryAccountService(book), MemoryCodeSender(clock, phones_of(book))
    async with open_services(
        settings, ExternalServices(accounts, codes), profile=operator, clock=clock
    ) as services:
        await services.staff.roster.add(_AGENT, "Mei", Role.AGENT)
        await services.staff.roster.add(_SUPERVISOR, "Zhou", Role.SUPERVISOR)
        await services.refresh_agents()
        language = chosen_locale.replace("_", "-")
        account = player.account if player else None
        if account:
            credentials = Credentials(token=minter.mint(account, language))
            entry = await services.desk.open(credentials, languages=language)
        else:
            entry = await services.desk.begin(languages=language)
        session = PlaySession(
            desk=services.desk,
            staff=services.staff,
            takeover=services.takeover,
            worker=services.worker,
            reader=services.store.reader,
            clock=clock,
            accounts=accounts,
            codes=codes,
            session=entry.session,
        )
        await play_lines(session, intent, _read_lines())


def _session_settings(
    folder: Path, dialogs: Path | None, locales: Path | None, clock: MovableClock
) -> tuple[Settings, TokenMinter]:
    """Return settings with new secrets, and the minter of app tokens."""
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    from privacydesk.demo.tokens import TokenMinter, public_part  # noqa: PLC0415
    from privacydesk.settings import new_secret  # noqa: PLC0415

    key = OKPKey.generate_key("Ed25519", private=True)
    settings = load_settings_for(
        folder,
        database_url=f"sqlite:///{folder / 'desk.db'}",
        dialogs=dialogs,
        locales=locales,
        ring_key="game",
        ring_keys={"game": new_secret()},
        hashing_secret=new_secret(),
        app_token_keys=[dict(public_part(key))],
    )
    return settings, TokenMinter(key, settings.app_token_audience, clock)


def _load_profile(file: Path | None) -> OperatorProfile:
    from privacydesk.demo.files import DATA  # noqa: PLC0415
    from privacydesk.profile import read_profile  # noqa: PLC0415

    profile = read_profile(file or DATA / "profile.yaml")
    # The player is the only agent, so no decision may need a second one.
    return profile.model_copy(update={"second_eyes": []})


def _find_person(people: Mapping[str, SamplePerson], name: str) -> SamplePerson | None:
    if name == "nobody":
        return None
    if name not in people:
        exit_with_usage_error(
            "--as", f"{name!r} is no sample person; there are nobody, {', '.join(people)}"
        )
    return people[name]


def _find_intent(name: str, flows: Mapping[str, Flow]) -> str:
    startable = [flow.name for flow in flows.values() if flow.intents]
    if name not in startable:
        why = "is started by other flows, not by a user" if name in flows else "is no flow"
        exit_with_usage_error("FLOW", f"{name!r} {why}; there are {', '.join(sorted(startable))}")
    return min(flows[name].intents).value


async def _read_lines() -> AsyncIterator[str]:
    while True:
        try:
            yield await asyncio.to_thread(input, "> ")
        except EOFError:
            return


# -- formatting --------------------------------------------------------------------------------


def _event_lines(event: Event) -> Iterator[str]:
    """Yield an event as lines; those of users and agents start with their names."""
    author = {Sender.USER: "  you: ", Sender.AGENT: f"{event.author}: "}.get(event.sender, "")
    if event.kind is EventKind.TICKET:
        yield from _ticket_lines(event.data.get("ticket", {}))
        return
    if event.kind is EventKind.UPLOADED:
        names = ", ".join(file["name"] for file in event.data.get("files", ()))
        yield f"{author}[{names}]"
        return
    marker = "!! " if event.kind is EventKind.WARNING else ""
    yield f"{author}{marker}{event.text}"
    for row in event.data.get("rows", ()):
        yield f"    {row['label']}: {row['value']}"


def _ticket_lines(card: Mapping[str, Any]) -> Iterator[str]:
    name, state = card.get("kind_label", ""), card.get("state_label", "")
    yield f"  [{card.get('number', '')}] {name}: {state}"
    if card.get("items"):
        yield f"    {', '.join(card['items'])}"
    if "due_text" in card:
        yield f"    {card['due_text']} ({card['zone']})"


async def _picture() -> AsyncIterator[bytes]:
    from PIL import Image  # noqa: PLC0415

    body = io.BytesIO()
    Image.new("RGB", (64, 40), "#8899aa").save(body, "PNG")
    yield body.getvalue()
