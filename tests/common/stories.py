"""Runs stories: conversations in ``dialogs/stories/`` that must hold, on the real services.

Real database, engine, catalogs, worker; the account service and the code gateway are the in-memory
twins with the sample people.
"""

from __future__ import annotations

import base64
import io
import itertools
import os
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import yaml
from joserfc import jwt
from joserfc.jwk import OctKey
from msgspec.structs import replace
from PIL import Image
from tests.common.databases import address_in, by_hand, make_database
from tests.common.described import check_event, check_frame
from tests.common.examining import open_files
from tests.common.pdfs import document
from tests.common.phrasings import FOLDER, VOICES, button, phrasings
from tests.common.policies import SAMPLE, bring_sample_policy, embedder
from tests.common.readings import AnnotatedReader

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.clock import MovableClock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.memory import MemoryAccountService, MemoryCodeSender, phones_of
from privacydesk.connectors.memory_translation import MemoryTranslator
from privacydesk.connectors.webhook_twin import MemoryWebhookSender
from privacydesk.demo.people import sample_people
from privacydesk.demo.person import SamplePerson
from privacydesk.domain.agents import Role
from privacydesk.domain.events import Choice, Event, EventKind, Sender
from privacydesk.domain.grounds import Ground
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.notices import Mailer, Pusher
from privacydesk.domain.staff_channels import StaffChannelSender
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.ticketing import TicketingSystem
from privacydesk.domain.webhooks import WebhookSender
from privacydesk.errors import DeskError
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.profile import OperatorProfile, parse_profile
from privacydesk.services.api import Credentials, Session
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.settings import Settings, load_settings
from privacydesk.understanding.here import Network, UnderstandingHere
from privacydesk.web.chat.encoding import events_frame

ROOT = Path(__file__).parents[2]
STORIES = ROOT / "dialogs" / "stories"
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
"""A Monday morning in Shanghai, weeks away from any holiday but one."""

NETWORK = "PRIVACYDESK_STORIES_NETWORK"
"""The variable by which stories are played with the network alone; ``--network`` sets it."""

RING_SECRET = sha256(b"ring").digest()
HASHING_SECRET = sha256(b"hashing").digest()
TOKEN_SECRET = b"stories-token-secret-of-32-bytes"
TOKEN_KEY = OctKey.import_key(TOKEN_SECRET, {"kid": "t"})
PEOPLE = {
    "lin": "lin-xiaoyu",
    "chen": "chen-jiahao",
    "alice": "alice-morgan",
    "mother": "wang-fang",
    "father": "zhang-jianguo",
    "wu": "wu-min",
    "mei": "mei-tan",
    "liu": "liu-yang",
    "zhou": "zhou-qiang",
    "zihan": "zhang-zihan",
    "lele": "lele",
}
PROFILE: Mapping[str, Any] = {
    "app": "MoChat",
    "unbinding_window_minutes": 1,
    "paths": {
        name: f"【{name}】"
        for name in (
            "unbinding", "profile", "posts", "closing", "location", "following", "blacklist",
            "account_security", "policy", "desk", "recommendations",
        )
    },
    "mailboxes": {"policy": "privacy@example.com", "children": "children@example.com"},
    "clauses": {
        name: {"article": article}
        for name, article in (
            ("automated_decision", "第七条（四）"), ("backups", "第七条（二）"),
            ("children_access", "四、（一）"), ("children_correct", "四、（二）"),
            ("children_delete", "四、（三）"), ("children_guardian", "一、2."),
            ("closing", "第七条（三）"), ("complaint", "第七条（五）"), ("contact", "第九条"),
            ("desk_records", "第一条二、（八）"), ("device_permissions", "第一条三、"),
            ("minors", "第六条"), ("no_proof_no_response", "第七条（六）"),
            ("refusal_grounds", "第七条（六）"), ("self_service_profile", "第七条（二）1."),
            ("unbinding", "第一条四、（一）"), ("withdrawal", "第七条（一）"),
        )
    },
    "remedies": {"zh_Hans": "可与我们协商", "zh_Hant": "可與我們協商", "en": "You may object."},
    "staffed": {"opens": "00:00", "closes": "23:59", "every_day": True},
    "second_eyes": [],
}  # fmt: skip


_NEVER_EMPTY = ("ticket", "due")
"""Placeholders without which a sentence says nothing."""


class StoryError(AssertionError):
    """A step of a story does not hold."""


@dataclass(slots=True)
class World:
    """The services of one story and what stands outside them."""

    services: Services
    clock: MovableClock
    accounts: MemoryAccountService
    codes: MemoryCodeSender
    people: Mapping[str, SamplePerson]

    async def work(self) -> None:
        """Do all that is due."""
        for _ in range(50):
            if not await self.services.worker.run_once():
                return
        raise StoryError("due work does not come to an end")


@asynccontextmanager
async def open_world(
    folder: Path,
    profile: Mapping[str, Any] = PROFILE,
    *,
    start: datetime = START,
    clock: MovableClock | None = None,
    webhooks: WebhookSender | None = None,
    pusher: Pusher | None = None,
    mailer: Mailer | None = None,
    mailbox: Mailbox | None = None,
    ticketing: TicketingSystem | None = None,
    network: Callable[[], Network] | None = None,
    more_settings: Mapping[str, Any] | None = None,
    staff_channels: Mapping[str, StaffChannelSender] | None = None,
) -> AsyncIterator[World]:
    """Make a world in a folder, or open the one there again.

    What reads messages is the process's, unless ``network`` returns another one.
    """
    clock = clock or MovableClock(start, frozen=True)
    people = {person.id: person for person in sample_people(start)}
    book = AccountBook([p.record for p in people.values() if p.record is not None], clock)
    accounts = MemoryAccountService(book)
    codes = MemoryCodeSender(clock, phones_of(book))
    variables = frozenset(one for one in os.environ.items() if one[0].startswith("PRIVACYDESK_"))
    settings = _settings(
        variables,
        push_gateway_url="http://127.0.0.1:9/push" if pusher is not None else "",
        smtp_from="desk@example.com" if mailbox is not None else "",
    ).model_copy(
        update={"data_dir": folder, "database_url": address_in(folder), **(more_settings or {})}
    )
    operator: OperatorProfile = parse_profile(dict(profile), "the stories' profile")
    make_database(settings.url)
    async with open_services(
        settings,
        ExternalServices(
            accounts,
            codes,
            webhooks or MemoryWebhookSender(),
            pusher,
            mailer,
            mailbox,
            ticketing,
            translator=MemoryTranslator(),
            staff_channels=staff_channels or {},
        ),
        profile=operator,
        clock=clock,
        understanding=understanding(folder, operator, network or reader),
    ) as services:
        if "mei" not in services.agents:
            await services.staff.roster.add("mei", "小美", Role.AGENT)
            await services.staff.roster.add("lao-zhou", "老周", Role.SUPERVISOR)
            await services.refresh_agents()
        yield World(services, clock, accounts, codes, people)


@cache
def _settings(
    _variables: frozenset[tuple[str, str]], *, push_gateway_url: str, smtp_from: str
) -> Settings:
    """Return the settings but for the folder; each world would read them for a tenth of its time.

    Args:
        _variables: the environment's variables for the desk, which are settings, too.
        push_gateway_url: empty where nothing is pushed.
        smtp_from: empty where there is no mailbox.
    """
    return load_settings(
        ring_keys={"one": base64.b64encode(RING_SECRET).decode()},
        ring_key="one",
        hashing_secret=base64.b64encode(HASHING_SECRET).decode(),
        app_token_keys=[TOKEN_KEY.as_dict(private=True)],
        # Stories last for days; tests about a recent authentication ask for it.
        recent_minutes=0,
        # Receivers in tests stand on this machine.
        webhook_networks=["127.0.0.0/8"],
        push_gateway_url=push_gateway_url,
        smtp_from=smtp_from,
    )


def understanding(
    folder: Path, profile: OperatorProfile, network: Callable[[], Network]
) -> UnderstandingHere:
    """Return what hears people."""
    library = FilePolicyLibrary(folder)
    version = library.latest(profile.policy) if profile.policy else None
    answers = PolicyAnswers(library, version, embedder())
    return UnderstandingHere(answers, network)


@cache
def reader() -> Network:
    """Return what reads messages in the whole process."""
    network = Pipeline.load()
    return network if NETWORK in os.environ else AnnotatedReader(network)


def token_for(account: str, clock: MovableClock, locale: str = "", **more: str) -> str:
    """Return an app token, with further claims."""
    return signed_token(TOKEN_KEY, account, clock, locale, **more)


def signed_token(
    key: OctKey, account: str, clock: MovableClock, locale: str = "", **more: str
) -> str:
    """Return an app token that a key of the app's signs."""
    claims: dict[str, Any] = {
        "sub": account,
        "aud": "privacydesk",
        "exp": int((clock.now() + timedelta(hours=1)).timestamp()),
        **more,
    }
    if locale:
        claims["locale"] = locale
    return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, key)


def picture() -> bytes:
    """Return a small real picture."""
    body = io.BytesIO()
    Image.new("RGB", (64, 40), "#8899aa").save(body, "PNG")
    return body.getvalue()


@dataclass(slots=True)
class Player:
    """Plays one story.

    Attributes:
        voice: whose words are said instead of tapping buttons; empty where buttons are tapped.
        origin: stands for where they come from; not known unless given.
        signs: what the app signs their tokens with.
    """

    world: World
    person: SamplePerson | None
    locale: str
    voice: str = ""
    session: Session | None = None
    events: list[Event] = field(default_factory=list)
    mark: int = 0
    jobs: int = 0
    refused: str = ""
    number: str = ""
    last: tuple[str, dict[str, Any]] | None = None
    credentials: Credentials = field(default_factory=Credentials)
    origin: bytes = b""
    signs: Callable[[], OctKey] = lambda: TOKEN_KEY

    async def start(self) -> None:
        """Open the chat as the story's person."""
        await self.open()

    async def open(self) -> None:
        """Open the chat (again): another tab, or a reconnect."""
        desk, languages = self.world.services.desk, self.locale.replace("_", "-")
        account = self.person.account if self.person else None
        if account:
            token = signed_token(self.signs(), account, self.world.clock, languages)
            self.credentials = Credentials(token=token)
        if self.credentials == Credentials():
            entry = await desk.begin(languages=languages)
        else:
            entry = await desk.open(self.credentials, languages=languages)
        self.session = replace(entry.session, origin=self.origin)
        if self.session.secret:
            self.credentials = Credentials(secret=self.session.secret)
        await self.pull()

    async def pull(self) -> None:
        """Read what is new in the log, and check that it has no gap."""
        assert self.session is not None
        after = self.events[-1].offset if self.events else 0
        fresh = await self.world.services.desk.events(self.session, after=after, limit=1000)
        self.events += fresh
        check_frame(orjson.loads(events_frame(fresh)))
        offsets = [event.offset for event in self.events]
        if offsets != list(range(1, len(offsets) + 1)):
            raise StoryError(f"the log has a gap: {offsets}")
        for event in fresh:
            empty = [name for name in _NEVER_EMPTY if event.args.get(name) == ""]
            if empty:
                raise StoryError(f"{event.key} was said with an empty {empty[0]}")
        for one, other in itertools.pairwise(fresh):
            # Where something else was answered, the same may be the answer again.
            again = one.key and (one.key, one.args) == (other.key, other.args)
            if again and not other.job_id:
                raise StoryError(f"{one.key} was said twice, one after the other")

    def said(self) -> list[str]:
        """Return the keys said to the user since they last did something."""
        return [
            event.key or event.kind.value
            for event in self.events[self.mark :]
            if event.sender is not Sender.USER
        ]

    async def do(self, method: str, **args: Any) -> None:
        """Send something as the user, and let due work be done."""
        self.jobs += 1
        self.mark = len(self.events)
        self.last = (method, {"id": f"m{self.jobs}", **args})
        await self._send(*self.last)

    async def _send(self, method: str, args: Mapping[str, Any]) -> None:
        assert self.session is not None
        await getattr(self.world.services.desk, method)(self.session, **args)
        await self.settle()

    async def settle(self) -> None:
        """Do what is due and read what came of it."""
        await self.world.work()
        await self.pull()

    async def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets of the conversation, the newest first."""
        assert self.session is not None
        return await self.world.services.store.reader.tickets_in(self.session.conversation)

    # -- steps -----------------------------------------------------------------------------

    async def step(self, step: Mapping[str, Any]) -> None:
        """Take one step of a story."""
        ((name, value),) = step.items()
        await getattr(self, f"_{name}")(value)

    async def _user(self, words: str | Mapping[str, str]) -> None:
        """Say something; each voice may have words of its own."""
        text = words if isinstance(words, str) else words[self.voice or VOICES[0]]
        await self._say(text)

    async def _say(self, text: str) -> None:
        """Say something to the question that is open, as the page does."""
        await self.do("say", text=text, offset=await self._open_question())

    async def _without_offset(self, text: str) -> None:
        """Say something with a client that does not tell which question was seen."""
        await self.do("say", text=text)

    async def _unseen(self, text: str) -> None:
        """Say something to the question before, while the open one was not seen yet."""
        now = await self._open_question()
        asked = [event.offset for event in self.events if event.choices and event.offset < now]
        await self.do("say", text=text, offset=asked[-1])

    async def _open_question(self) -> int:
        assert self.session is not None
        return (await self.world.services.desk.view(self.session)).prompt

    async def _tap(self, wanted: str | list[str | int]) -> None:
        """Tap a button in every voice: words for it would tell what the story asks for next."""
        voice, self.voice = self.voice, ""
        await self._choose(wanted)
        self.voice = voice

    async def _choose(self, wanted: str | list[str | int]) -> None:
        if isinstance(wanted, list):
            offset = await self._open_question()
            offered = next(event.choices for event in self.events if event.offset == offset)
            ids = [offered[one - 1].id if isinstance(one, int) else one for one in wanted]
            await self.do("choose_several", choices=ids, offset=offset)
            return
        if wanted.startswith("desk:"):
            # A button of a request's card ends with its number: the newest one's.
            number = (await self.tickets())[0].number if wanted.endswith(":") else ""
            await self.do("choose", choice=f"{wanted}{number}", offset=0)
            return
        assert self.session is not None
        view = await self.world.services.desk.view(self.session)
        prompt = next((e for e in self.events if e.offset == view.prompt), None)
        if prompt is None:
            raise StoryError(f"no question is open for {wanted!r}; last: {self.said()}")
        choice = next(
            (
                c
                for c in prompt.choices
                if wanted in {c.id, c.key, c.label, str(c.value), f"desk.choice.{wanted}"}
            ),
            None,
        )
        if choice is None:
            raise StoryError(
                f"{wanted!r} is not offered at {prompt.key}: {[c.id for c in prompt.choices]}"
            )
        words = self._instead_of(choice)
        if words:
            await self._say(words)
        else:
            await self.do("choose", choice=choice.id, offset=prompt.offset)

    async def _hand_in(self, values: Mapping[str, str | list[str]]) -> None:
        """Fill in the card of the open question and hand it in."""
        given = {k: tuple(v) if isinstance(v, list) else str(v) for k, v in values.items()}
        await self.do("hand_in", values=given, offset=await self._open_question())

    def _instead_of(self, choice: Choice) -> str:
        """Return the words for a button; none for those that confirm, since nothing else does."""
        if not self.voice or choice.id in {"yes", "no"}:
            return ""
        listed = phrasings().get(button(choice))
        if listed is None:
            raise StoryError(
                f"no phrasings are listed for {button(choice)}: add them to a file in"
                " dialogs/stories/phrasings"
            )
        return listed[self.voice]

    async def _code(self, which: str) -> None:
        sent = self.world.codes.messages
        right = sent[-1].code if sent else "000000"
        wrong = "111111" if right != "111111" else "222222"
        await self._say({"right": right, "wrong": wrong}.get(which, which))

    async def _upload(self, what: str | Mapping[str, str]) -> None:
        assert self.session is not None
        name, text = (what, "") if isinstance(what, str) else (what["file"], what["text"])

        async def content() -> AsyncIterator[bytes]:
            yield document(2) if name.endswith(".pdf") else picture()

        desk = self.world.services.desk
        self.refused = ""
        try:
            receipt = await desk.store_upload(
                self.session, name=name, media_type="image/png", content=content()
            )
        except DeskError as error:
            self.refused = error.code.value
            self.mark = len(self.events)
            return
        await self.do("submit_uploads", uploads=[receipt.id], text=text)

    async def _refused(self, code: str) -> None:
        if self.refused != code:
            raise StoryError(f"refused with {self.refused!r}")

    async def _resend(self, _value: bool) -> None:
        assert self.last is not None
        before = self.mark = len(self.events)
        await self._send(*self.last)
        if len(self.events) != before:
            raise StoryError("a resent message left new events")

    async def _tab(self, _value: str) -> None:
        before = len(self.events)
        self.events = []
        await self.open()
        if len(self.events) != before:
            raise StoryError("a second tab sees another log")

    async def _reconnect(self, _value: bool) -> None:
        await self.open()

    async def _elsewhere(self, _value: bool) -> None:
        """Go to another device, where nothing is known but the number of the last request."""
        self.number = (await self.tickets())[0].number
        self.credentials = Credentials()
        self.events, self.mark = [], 0
        await self.open()

    async def _number(self, _value: str) -> None:
        await self.do("say", text=self.number)

    async def _wait(self, span: Mapping[str, int]) -> None:
        self.mark = len(self.events)
        self.world.clock.move(timedelta(**span))
        await self.settle()

    async def _outside(self, wanted: Mapping[str, str]) -> None:
        """Take the account service or the code gateway away, or bring them back."""
        for name, how in wanted.items():
            down = {"down": True, "up": False}[how]
            if name == "accounts":
                self.world.accounts.down = down
            elif name == "codes":
                self.world.codes.down = down
            else:
                raise StoryError(f"there is no {name!r} outside")

    async def _notices(self, wanted: list[str]) -> None:
        """Check where notices went, from the story's beginning on."""
        went = [notice.destination for notice in self.world.codes.notices]
        if went != wanted:
            raise StoryError(f"notices went to {went}")

    async def _bot(self, keys: str | list[str] | Mapping[str, str]) -> None:
        """Check what was said; a voice may be told something else than another, or than taps."""
        said = self.said()
        if isinstance(keys, Mapping):
            in_words = keys.get("words", keys["else"]) if self.voice else keys["else"]
            keys = keys.get(self.voice, in_words)
        for key in [keys] if isinstance(keys, str) else keys:
            if key not in said:
                raise StoryError(f"{key} was not said; said: {said}")

    async def _not_bot(self, keys: str | list[str]) -> None:
        said = self.said()
        for key in [keys] if isinstance(keys, str) else keys:
            if key in said:
                raise StoryError(f"{key} was said; said: {said}")

    async def _quoted(self, wanted: Mapping[str, str]) -> None:
        """Check that a passage was quoted: from where, and some of its words."""
        quotes = [event for event in self.events[self.mark :] if "source" in event.args]
        if not any(
            wanted["source"] in event.text and wanted["text"] in event.text for event in quotes
        ):
            raise StoryError(f"not quoted; what was: {[dict(event.args) for event in quotes]}")

    async def _shown(self, wanted: Mapping[str, str]) -> None:
        """Check what a sentence that was just said shows, in words."""
        texts = [e.text for e in self.events[self.mark :] if e.key == wanted["key"]]
        if not any(wanted["text"] in text for text in texts):
            raise StoryError(f"not shown; what was: {texts}")

    async def _card(self, wanted: Mapping[str, Any]) -> None:
        cards = [event.data["ticket"] for event in self.events if event.kind is EventKind.TICKET]
        if not cards or any(cards[-1].get(name) != value for name, value in wanted.items()):
            raise StoryError(f"the last card is {cards[-1:]}")

    async def _locale(self, locale: str) -> None:
        assert self.session is not None
        view = await self.world.services.desk.view(self.session)
        if view.locale != locale:
            raise StoryError(f"the desk speaks {view.locale}")

    async def _owner(self, owner: str) -> None:
        assert self.session is not None
        view = await self.world.services.desk.view(self.session)
        if view.owner.value != owner:
            raise StoryError(f"the owner is {view.owner.value}")

    async def _ticket(self, wanted: Mapping[str, Any]) -> None:
        tickets = await self.tickets()
        if wanted.get("none"):
            if tickets:
                raise StoryError(f"there are tickets: {[t.kind.value for t in tickets]}")
            return
        found = [t for t in tickets if _matches(t, wanted)]
        if not found:
            seen = [(t.kind.value, t.state.value, t.outcome, sorted(t.flags)) for t in tickets]
            raise StoryError(f"no ticket {dict(wanted)}; there are: {seen}")
        count = wanted.get("count")
        if count is not None and len(found) != count:
            raise StoryError(f"{len(found)} tickets {dict(wanted)}")

    async def _log(self, wanted: Mapping[str, str]) -> None:
        """Check that some request's log holds an entry."""
        reader = self.world.services.store.reader
        log = [e for t in await self.tickets() for e in await reader.ticket_log(t.id)]
        if not any(all(getattr(e, n) == v for n, v in wanted.items()) for e in log):
            raise StoryError(f"no entry {dict(wanted)}: {[(e.what, e.why) for e in log]}")

    async def _account(self, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        for name, facts in wanted.items():
            person = self.world.people[PEOPLE.get(name, name)]
            record = self.world.accounts.book.find(person.account or "")
            if record is None:
                raise StoryError(f"{name} has no account")
            _check_account(record, facts)

    async def _package(self, deed: str) -> None:
        """Tap the button of the last file's card, or fetch the file behind the last link."""
        cards = [e.data["package"] for e in self.events if e.kind is EventKind.PACKAGE]
        if not cards:
            raise StoryError("no file was offered")
        if deed == "get":
            await self.do("choose", choice=cards[-1]["choice"], offset=0)
            return
        number, _, secret = cards[-1].get("link", "").partition("/")
        self.mark = len(self.events)
        try:
            file = await self.world.services.desk.download(self.session, number, secret)
        except DeskError as error:
            if deed != "refused":
                raise StoryError(f"refused: {error.code.value}") from error
            return
        if deed != "save":
            raise StoryError("the file was handed out")
        body = b"".join([piece async for piece in file.content])
        if len(body) != file.size or not zipfile.is_zipfile(io.BytesIO(body)):
            raise StoryError("what was handed out is no whole file")
        await self.settle()

    async def _agent(self, deed: Mapping[str, Any] | str) -> None:
        if isinstance(deed, str):
            deed = {deed: True}
        self.mark = len(self.events)
        ((what, value),) = deed.items()
        await self._act(what, value)
        await self.pull()

    async def _act(self, what: str, value: Any) -> None:
        assert self.session is not None
        services = self.world.services
        conversation = self.session.conversation.hex()
        options = value if isinstance(value, Mapping) else {}
        if what == "take":
            await services.takeover.take(conversation, "mei")
        elif what == "reply":
            await services.takeover.reply(conversation, "mei", str(value))
        elif what == "hand_back":
            await services.takeover.hand_back(conversation, "mei")
        else:
            tickets = [t for t in await self.tickets() if t.is_open]
            if not tickets:
                raise StoryError("there is no open ticket")
            if what == "hold":
                await services.staff.holds.set_hold(tickets[0].number, "lao-zhou", "法院要求。")
                return
            if what == "release_hold":
                await services.staff.holds.clear_hold(tickets[0].number, "lao-zhou", "已判决。")
                return
            await self._on_ticket(what, value, options, tickets[0])

    async def _on_ticket(
        self, what: str, value: Any, options: Mapping[str, Any], ticket: Ticket
    ) -> None:
        staff = self.world.services.staff
        number = ticket.number
        everybody = ("mei", "lao-zhou", *self.world.services.agents)
        by = next(name for name in everybody if name not in ticket.excluded_reviewers)
        account = str(options.get("account", ""))
        if account in PEOPLE:
            account = self.world.people[PEOPLE[account]].account or ""
        if what in {"release", "approve", "grant"}:
            text = str(options.get("text", ""))
            done = bool(options.get("carried_out", True))
            await staff.decisions.grant(number, by, account=account, text=text, carried_out=done)
        elif what == "resolve":
            text = value if isinstance(value, str) else str(options.get("text", "已处理。"))
            await staff.decisions.grant(number, by, text=text, account=account, carried_out=True)
        elif what == "refuse_parts":
            refused = {
                place: Refusal(Ground(options[item.name]["ground"]), options[item.name]["reason"])
                for place, item in enumerate(ticket.items)
                if item.name in options
            }
            await staff.decisions.decide(number, by, Verdict(refused=refused, carried_out=True))
        elif what == "refuse":
            await staff.decisions.refuse(
                number,
                by,
                ground=Ground(str(options.get("ground", "rights_of_others"))),
                reason=str(options.get("reason", "会影响其他人的权益。")),
            )
        elif what == "examine":
            said = options.get("accepted") if options else value
            accepted = said in {"accepted", "yes", True}
            if accepted:
                await open_files(staff, number, by)
            await staff.examinations.examine(
                number,
                by,
                accepted=accepted,
                reason="" if accepted else str(options.get("reason", "看不清。")),
                account=account,
            )
        elif what == "ask":
            await staff.handling.ask_requester(number, by, str(value))
        elif what == "write":
            await staff.handling.reply(number, by, str(value))
        else:
            raise StoryError(f"unknown deed of an agent: {what}")


def _matches(ticket: Ticket, wanted: Mapping[str, Any]) -> bool:
    facts: dict[str, Any] = {
        "kind": ticket.kind.value,
        "state": ticket.state.value,
        "outcome": ticket.outcome.value if ticket.outcome else None,
        "requester": ticket.requester.value,
        "provisional": bool(ticket.clock and ticket.clock.provisional),
        "due_date": ticket.clock.due_date.isoformat() if ticket.clock else None,
    }
    for name, value in wanted.items():
        if name == "flags":
            if not set(value) <= ticket.flags:
                return False
        elif name == "items":
            if [i.name for i in ticket.items] != list(value):
                return False
        elif name == "answers":
            if not value.items() <= ticket.answers.items():
                return False
        elif name != "count" and facts.get(name) != value:
            return False
    return True


def _check_account(record: Any, facts: Mapping[str, Any]) -> None:
    shown = record.profile.to_json()
    bindings = {b.provider.value for b in record.shown_bindings}
    held = {category.value for category, items in record.holdings.items() if items}
    for name, value in facts.items():
        if name == "bindings_without":
            wrong = value in bindings
        elif name in {"bindings_with", "bindings"}:
            wanted = {value} if isinstance(value, str) else set(value)
            wrong = not wanted <= bindings
        elif name in {"consent_withdrawn", "consents_without"}:
            wrong = bool(shown["consents"].get(value))
        elif name == "empty":
            wrong = value in held
        elif name == "full":
            wrong = value not in held
        else:
            wrong = shown.get(name) != value
        if wrong:
            raise StoryError(f"the account's {name} is not {value!r}: {shown} {bindings}")


def story_files() -> list[Path]:
    """Return all stories: those about a flow in its folder, others in ``desk``."""
    return sorted(path for path in STORIES.glob("*/*.yaml") if path.parent != FOLDER)


def read_story(path: Path) -> Mapping[str, Any]:
    """Return one story as written."""
    story: Mapping[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return story


def told(path: Path) -> tuple[str, ...]:
    """Return the voices in which a story is told in words instead of taps.

    The story says so under ``voices``: all of them, none, or some. Any other is told in one voice,
    always the same; together they hear them all.
    """
    voices = read_story(path).get("voices", "one")
    if voices == "one":
        return (VOICES[crc32(path.stem.encode()) % len(VOICES)],)
    if isinstance(voices, str):
        return {"all": VOICES, "none": ()}[voices]
    return tuple(voices)


async def play(
    path: Path, folder: Path, voice: str = "", profile: Mapping[str, Any] = PROFILE
) -> None:
    """Play one story; with a voice, in free text instead of buttons.

    Raises:
        StoryError: a step does not hold; names it.
    """
    story = read_story(path)
    profile = {**profile, **story.get("profile", {})}
    if "policy" in story:
        if story["policy"] != SAMPLE:
            raise StoryError(f"{path.name}: the policy there is, is {SAMPLE!r}")
        profile = {**profile, "policy": SAMPLE}
        bring_sample_policy(folder)
    async with open_world(folder, profile) as world:
        name = story.get("as", "nobody")
        person = None if name == "nobody" else world.people[PEOPLE.get(name, name)]
        player = Player(world, person, story.get("locale", "zh_Hans"), voice)
        await player.start()
        for place, step in enumerate(story["turns"], 1):
            try:
                await player.step(step)
            except StoryError as error:
                raise StoryError(f"{path.name}, step {place} {step}: {error}") from None
        if not voice:
            await _check_events(world)


async def _check_events(world: World) -> None:
    """Fail unless each event that was logged is as it is described."""
    log = world.services.integrations.event_log
    while await log.number_pending():
        continue
    cursor: str | None = None
    has_more = True
    while has_more:
        page = await log.read(cursor, since=None, kinds=None, limit=200, wait=0, client="stories")
        cursor, has_more = page.next.cursor, page.has_more
        for event in page.events:
            check_event(orjson.loads(event.body))


__all__ = ["EventKind", "StoryError", "World", "open_world", "play", "story_files", "token_for"]


_TABS = itertools.count(1000, 1000)


async def enter(world: World, name: str = "", locale: str = "zh_Hans") -> Player:
    """Open the chat as a sample person, or as nobody."""
    # Every tab makes ids of its own, as every page does.
    player = Player(world, world.people[PEOPLE[name]] if name else None, locale, jobs=next(_TABS))
    await player.start()
    return player


async def steps(player: Player, *taken: dict[str, Any]) -> Player:
    """Take some steps as a story would."""
    for step in taken:
        await player.step(step)
    return player


def forget_agents(folder: Path) -> None:
    """Let a world be opened once more in its folder: it adds its agents at the start."""
    with by_hand(folder) as database:
        database.execute("DELETE FROM agent")
