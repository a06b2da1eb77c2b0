"""``privacydesk dialogs play``: a flow in the terminal.

The real engine, sentences and services run on a temporary database; the account service and the
code gateway are their in-memory twins with the demo's people. Nothing is kept and nothing is sent.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import load, misused
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
    from privacydesk.services.staff.staff import Staff
    from privacydesk.services.takeover import Takeover
    from privacydesk.settings import Settings
    from privacydesk.worker.loops import Worker

_AGENT, _SUPERVISOR = "agent", "supervisor"
_LOOKS = 50
_HELP = """\
Type what a user would type, or the number of a choice. Besides:
  /code                  type in the code that was sent last; /code WORD types another
  /upload [NAME]         hand in a small picture
  /result hold           keep the outside waiting from now on: codes, account service
  /result ok             let it answer, now and from now on
  /result down           let it be out of reach, until /result ok
  /wait 8d               move the clock: d, h, m
  /agent take | reply TEXT | back           speak as a person of staff
  /agent grant [TEXT] | refuse TEXT | ask TEXT | accept [ACCOUNT] | reject TEXT
                         decide the newest open request
  /tickets               list the requests
  /quit                  leave"""


@dialogs_app.command("play")
def play(
    flow: Annotated[
        str | None, typer.Argument(metavar="[FLOW]", help="Begin with this flow.")
    ] = None,
    locale: Annotated[
        str | None, typer.Option("--locale", metavar="LOCALE", help="zh_Hans, zh_Hant or en.")
    ] = None,
    person: Annotated[
        str,
        typer.Option("--as", metavar="PERSON", help="A sample person; nobody for no account."),
    ] = "lin-xiaoyu",
    dialogs: Annotated[
        Path | None, typer.Option("--dialogs", metavar="DIR", help="Instead of the shipped flows.")
    ] = None,
    locales: Annotated[
        Path | None,
        typer.Option("--locales", metavar="DIR", help="Instead of the shipped sentences."),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The operator profile to go by."),
    ] = None,
) -> None:
    """Talk with the desk in the terminal. Nothing is kept and nothing is sent.

    Type /help there for what else can be done.
    """
    with TemporaryDirectory(prefix="privacydesk-") as kept:
        asyncio.run(_play(Path(kept), flow, locale, person, dialogs, locales, profile))


@dataclass(slots=True)
class Table:
    """A session: the desk, its outside twins, and how far the log was shown."""

    desk: ChatDesk
    staff: Staff
    takeover: Takeover
    worker: Worker
    reader: Reader
    clock: MovableClock
    accounts: MemoryAccountService
    codes: MemoryCodeSender
    session: Session
    shown: int = 0
    jobs: int = 0
    held: bool = False
    open_event: Event | None = None

    def job(self) -> str:
        """Return a new job id."""
        self.jobs += 1
        return f"line-{self.jobs}"

    # -- what is shown ---------------------------------------------------------------------

    async def settle(self) -> None:
        """Run what is due outside and by the clock, then print what is new."""
        for _ in range(_LOOKS):
            if self.held or not await self.worker.round():
                break
        for event in await self.desk.events(self.session, after=self.shown, limit=1000):
            self.shown = event.offset
            typer.echo("\n".join(_shown(event)))
        view = await self.desk.view(self.session)
        events = await self.desk.events(self.session, after=view.prompt - 1, limit=1)
        self.open_event = events[0] if view.prompt and events else None
        if self.open_event is not None:
            for number, choice in enumerate(self.open_event.choices, start=1):
                typer.echo(f"    {number}. {choice.label}")

    # -- what is typed ---------------------------------------------------------------------

    async def take(self, line: str) -> None:
        """Carry out one line."""
        words = line.strip()
        if not words:
            return
        if words.startswith("/"):
            name, _, rest = words[1:].partition(" ")
            act = _ACTS.get(name)
            if act is None:
                typer.echo(_HELP)
                return
            await act(self, rest.strip())
        elif (choice := self._picked(words)) is not None:
            prompt = self.open_event
            assert prompt is not None
            await self.desk.choose(self.session, id=self.job(), choice=choice, offset=prompt.offset)
        else:
            asked = self.open_event.offset if self.open_event is not None else 0
            await self.desk.say(self.session, id=self.job(), text=words, offset=asked)
        await self.settle()

    def _picked(self, words: str) -> str | None:
        choices = self.open_event.choices if self.open_event is not None else ()
        if not words.isascii() or not words.isdigit() or not 1 <= int(words) <= len(choices):
            return None
        return choices[int(words) - 1].id

    async def begin(self, intent: str) -> None:
        """Choose an intent from the menu."""
        prompt = self.open_event
        choice = next((c for c in prompt.choices if c.value == intent), None) if prompt else None
        if prompt is not None and choice is not None:
            await self.desk.choose(
                self.session, id=self.job(), choice=choice.id, offset=prompt.offset
            )
            await self.settle()

    async def code(self, word: str) -> None:
        """Type in the code that was sent last."""
        if not word and not self.codes.messages:
            typer.echo("  (no code was sent yet)")
            return
        text = word or self.codes.messages[-1].code
        await self.desk.say(self.session, id=self.job(), text=text)

    async def upload(self, name: str) -> None:
        """Hand in a small picture."""
        receipt = await self.desk.store_upload(
            self.session, name=name or "document.png", media_type="image/png", content=_picture()
        )
        await self.desk.submit_uploads(self.session, id=self.job(), uploads=[receipt.id])

    async def result(self, how: str) -> None:
        """Set how the outside services answer."""
        if how not in {"hold", "ok", "down", ""}:
            typer.echo("  (hold, ok or down)")
            return
        self.held = how == "hold"
        self.accounts.down = self.codes.down = how == "down"

    async def wait(self, span: str) -> None:
        """Move the clock."""
        try:
            by = timedelta(**{_UNITS[span[-1:]]: float(span[:-1])})
            self.clock.move(by)
        except (KeyError, ValueError, OverflowError):
            typer.echo("  (write it like 8d, 2h or 30m)")
            return
        typer.echo(f"  (it is {self.clock.now():%Y-%m-%d %H:%M} UTC now)")

    async def agent(self, rest: str) -> None:
        """Act as a member of staff."""
        what, _, text = rest.partition(" ")
        conversation = self.session.conversation.hex()
        if what == "take":
            await self.takeover.take(conversation, _AGENT)
        elif what == "reply":
            await self.takeover.reply(conversation, _AGENT, text)
        elif what == "back":
            await self.takeover.hand_back(conversation, _AGENT)
        else:
            await self._decide(what, text)

    async def _decide(self, what: str, text: str) -> None:
        found = [t for t in await self.reader.tickets_in(self.session.conversation) if t.is_open]
        if not found:
            typer.echo("  (no request is open)")
            return
        number = found[0].number
        by = _SUPERVISOR if _AGENT in found[0].reviewer_not else _AGENT
        staff = self.staff
        if what == "grant":
            await staff.decisions.grant(number, by, text=text)
        elif what == "refuse":
            await staff.decisions.refuse(number, by, ground=Ground.RIGHTS_OF_OTHERS, reason=text)
        elif what == "ask":
            await staff.handling.ask(number, by, text)
        elif what == "accept":
            await self._open_files(number, by)
            await staff.examinations.examine(number, by, accepted=True, account=text)
        elif what == "reject":
            await staff.examinations.examine(number, by, accepted=False, reason=text)
        else:
            typer.echo(_HELP)

    async def _open_files(self, number: str, by: str) -> None:
        cases, handling = self.staff.cases, self.staff.handling
        await handling.claim(number, by, over=None)
        for one in (await cases.case(number)).evidence:
            if not files_open_to(await cases.ticket(number), await self.staff.roster.agent(by)):
                await self.staff.files.allow(number, _SUPERVISOR)
            await self.staff.evidence.open(number, one.id.hex(), by)

    async def tickets(self, _rest: str) -> None:
        """List the requests."""
        found = await self.reader.tickets_in(self.session.conversation)
        if not found:
            typer.echo("  (no requests yet)")
        for ticket in found:
            due = f", due {ticket.clock.due_date}" if ticket.clock else ""
            typer.echo(f"  {ticket.number}  {ticket.kind.value}  {ticket.state.value}{due}")


_ACTS: Mapping[str, Callable[[Table, str], Awaitable[None]]] = {
    "code": Table.code,
    "upload": Table.upload,
    "result": Table.result,
    "wait": Table.wait,
    "agent": Table.agent,
    "tickets": Table.tickets,
}
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


# -- the game ----------------------------------------------------------------------------------


async def play_lines(table: Table, begin: str, lines: AsyncIterator[str]) -> None:
    """Play lines until they end or one says ``/quit``.

    Args:
        table: the session.
        begin: the intent whose flow opens it; empty for the menu.
        lines: what is typed.
    """
    await table.settle()
    if begin:
        await table.begin(begin)
    async for line in lines:
        if line.strip() in {"/quit", "/q"}:
            return
        try:
            await table.take(line)
        except DeskError as error:
            typer.echo(f"  ({error.message})")


async def _play(
    kept: Path,
    flow: str | None,
    locale: str | None,
    person: str,
    dialogs: Path | None,
    locales: Path | None,
    profile: Path | None,
) -> None:
    from privacydesk import logs  # noqa: PLC0415 - these bring the whole house along
    from privacydesk.app import Outside, open_rooms, upgrade  # noqa: PLC0415
    from privacydesk.connectors.account_book import AccountBook  # noqa: PLC0415
    from privacydesk.connectors.memory import (  # noqa: PLC0415
        MemoryAccountService,
        MemoryCodeSender,
        phones_of,
    )
    from privacydesk.demo.people import sample_people  # noqa: PLC0415
    from privacydesk.domain.agents import Role  # noqa: PLC0415

    logs.set_up("error", as_json=False)
    clock = MovableClock()
    people = {one.id: one for one in sample_people(clock.now())}
    player = _person(people, person)
    spoken = (locale or (player.locale if player else "zh_Hans")).replace("-", "_")
    settings, minter = _settings(kept, dialogs, locales, clock)
    upgrade(settings)
    book = AccountBook([one.record for one in people.values() if one.record is not None], clock)
    accounts, codes = MemoryAccountService(book), MemoryCodeSender(clock, phones_of(book))
    async with open_rooms(
        settings, Outside(accounts, codes), profile=_profile(profile), clock=clock
    ) as rooms:
        if spoken not in rooms.catalogs.locales:
            misused("--locale", f"{spoken!r} is none of {', '.join(rooms.catalogs.locales)}")
        begin = _intent_of(flow, rooms.engine.flows) if flow is not None else ""
        await rooms.staff.roster.add(_AGENT, "Mei", Role.AGENT)
        await rooms.staff.roster.add(_SUPERVISOR, "Zhou", Role.SUPERVISOR)
        await rooms.refresh_agents()
        language = spoken.replace("_", "-")
        account = player.account if player else None
        if account:
            credentials = Credentials(token=minter.mint(account, language))
            entry = await rooms.desk.open(credentials, languages=language)
        else:
            entry = await rooms.desk.begin(languages=language)
        table = Table(
            desk=rooms.desk,
            staff=rooms.staff,
            takeover=rooms.takeover,
            worker=rooms.worker,
            reader=rooms.store.reader,
            clock=clock,
            accounts=accounts,
            codes=codes,
            session=entry.session,
        )
        await play_lines(table, begin, _typed())


def _settings(
    kept: Path, dialogs: Path | None, locales: Path | None, clock: MovableClock
) -> tuple[Settings, TokenMinter]:
    """Return settings with secrets for this session alone."""
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    from privacydesk.demo.tokens import TokenMinter, public_part  # noqa: PLC0415
    from privacydesk.settings import new_secret  # noqa: PLC0415

    key = OKPKey.generate_key("Ed25519", private=True)
    settings = load(
        None,
        database_url=f"sqlite:///{kept / 'desk.db'}",
        dialogs=dialogs,
        locales=locales,
        ring_key="game",
        ring_keys={"game": new_secret()},
        hashing_secret=new_secret(),
        app_token_keys=[dict(public_part(key))],
    )
    return settings, TokenMinter(key, settings.app_token_audience, clock)


def _profile(file: Path | None) -> OperatorProfile:
    from privacydesk.demo.files import DATA  # noqa: PLC0415
    from privacydesk.profile import read_profile  # noqa: PLC0415

    profile = read_profile(file or DATA / "profile.yaml")
    # The player is the only agent.
    return profile.model_copy(update={"second_eyes": []})


def _person(people: Mapping[str, SamplePerson], name: str) -> SamplePerson | None:
    if name == "nobody":
        return None
    if name not in people:
        misused("--as", f"{name!r} is nobody here; there are nobody, {', '.join(people)}")
    return people[name]


def _intent_of(name: str, flows: Mapping[str, Flow]) -> str:
    begun = [flow.name for flow in flows.values() if flow.intents]
    if name not in begun:
        why = "is begun by others, not by a user" if name in flows else "is no flow"
        misused("FLOW", f"{name!r} {why}; there are {', '.join(sorted(begun))}")
    return min(flows[name].intents).value


async def _typed() -> AsyncIterator[str]:
    while True:
        try:
            yield await asyncio.to_thread(input, "> ")
        except EOFError:
            return


# -- on the screen -----------------------------------------------------------------------------


def _shown(event: Event) -> Iterator[str]:
    """Yield an event as lines; what the user did is marked, as in a chat."""
    mark = {Sender.USER: "  you: ", Sender.AGENT: f"{event.author}: "}.get(event.sender, "")
    if event.kind is EventKind.TICKET:
        yield from _card(event.data.get("ticket", {}))
        return
    if event.kind is EventKind.UPLOADED:
        names = ", ".join(file["name"] for file in event.data.get("files", ()))
        yield f"{mark}[{names}]"
        return
    frame = "!! " if event.kind is EventKind.WARNING else ""
    yield f"{mark}{frame}{event.text}"
    for row in event.data.get("rows", ()):
        yield f"    {row['label']}: {row['value']}"


def _card(card: Mapping[str, Any]) -> Iterator[str]:
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
