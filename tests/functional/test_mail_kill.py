"""A server that is killed while mails come and go takes each once and answers each."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from imaplib import IMAP4
from pathlib import Path

import pytest
from imap_tools import AND, BaseMailBox, MailBoxUnencrypted
from tests.common.databases import address_in, by_hand
from tests.common.kill_audit import end_leases, open_rows
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.mail_servers import PASSWORD, USER, Mailbox, imap_server, mail_server

DESK = "desk@example.com"
ROUNDS, WRITERS = 8, 6
ANSWERS = (0, 1, 1, 2, 3, 5)
"""How many answers have gone out in a round before the server is killed."""
AND_THEN = (0.0, 0.4)
"""Seconds after that: in the middle of a mail, of a commit or of a letter."""
_ROUND_PATIENCE = 30.0
_DRAIN_PATIENCE = 60.0
_TRIES = 3
_CUT = (ConnectionResetError, IMAP4.abort)
"""What happens now and then while the sample server's other client is killed."""


@dataclass
class Town:
    """Whoever writes, and what the desk answered."""

    port: int
    answers: Mailbox
    dice: random.Random
    written: dict[str, str] = field(default_factory=dict)
    """Of each mail that was dropped, by ``Message-ID``, the exchange that it belongs to."""
    replied: set[str] = field(default_factory=set)

    async def write(self, writer: int, answers: EmailMessage | None = None) -> None:
        """Begin an exchange, or go on with one."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"w{writer}@example.net", DESK, "隐私"
        mail["Message-ID"] = f"<{len(self.written)}.{writer}@example.net>"
        root = str(mail["Message-ID"])
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            mail["References"] = f"{answers['References']} {answers['Message-ID']}"
            root = str(answers["References"]).split()[0]
        mail.set_content(self.dice.choice(("投诉", "1", "有人拿我的电话推销", "菜单", "进度")))
        self.written[str(mail["Message-ID"])] = root
        raw = mail.as_bytes()
        await asyncio.to_thread(self._drop, raw)

    async def reply(self) -> None:
        """Answer some of what the desk said and nobody has answered yet."""
        for answer in list(self.answers.taken):
            name = str(answer["Message-ID"])
            if name not in self.replied and self.dice.random() < 0.5:
                self.replied.add(name)
                writer = int(str(answer["To"]).partition("@")[0][1:])
                await self.write(writer, answer)

    async def some_answers(self, count: int) -> None:
        """Wait until so many more have gone out, or nothing waits any more."""
        wanted = min(len(self.answers.taken) + count, len(self.written))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ROUND_PATIENCE):
                while len(self.answers.taken) < wanted:  # noqa: ASYNC110 - another process sends
                    await asyncio.sleep(0.005)

    def _drop(self, raw: bytes) -> None:
        for _ in range(_TRIES):
            # A mail that comes twice is one: it has the same ID.
            with contextlib.suppress(*_CUT), self._login() as box:
                box.append(raw, "INBOX")
                return
        raise AssertionError("the sample server takes no mail")

    def unread(self) -> int:
        with self._login() as box:
            return len(box.uids(AND(seen=False), None))

    @contextlib.contextmanager
    def _login(self) -> Iterator[BaseMailBox]:
        # The sample server resets connections now and then while its other client is killed.
        try:
            box = self._connect()
        except ConnectionResetError:
            box = self._connect()
        try:
            yield box
            with contextlib.suppress(*_CUT):
                box.logout()
        finally:
            with contextlib.suppress(OSError):
                box.client.shutdown()

    def _connect(self) -> BaseMailBox:
        box = MailBoxUnencrypted("127.0.0.1", self.port, timeout=30)
        try:
            return box.login(USER, PASSWORD)
        except OSError:
            box.client.shutdown()
            raise


@asynccontextmanager
async def town(seed: int) -> AsyncIterator[Town]:
    async with imap_server() as port, mail_server() as answers:
        yield Town(port, answers, random.Random(seed))  # noqa: S311 - a seed repeats a run


def settings(basis: Mapping[str, str], place: Town) -> Mapping[str, str]:
    """Return the settings of a server with a mail door."""
    mail = {
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(place.answers.port), "SMTP_SECURITY": "none",
        "SMTP_FROM": DESK, "IMAP_HOST": "127.0.0.1", "IMAP_PORT": str(place.port),
        "IMAP_SECURITY": "none", "IMAP_USERNAME": USER, "IMAP_PASSWORD": PASSWORD,
        "IMAP_POLL_SECONDS": "5",
    }  # fmt: skip
    return {**basis} | {f"PRIVACYDESK_{name}": value for name, value in mail.items()}


@pytest.mark.kill
async def test_killed_at_random_the_desk_takes_each_mail_once_and_answers_each(
    tmp_path: Path,
) -> None:
    url = address_in(tmp_path)
    async with open_outside() as outside, town(2_027) as place:
        server = KillableServer(settings(environment(tmp_path, outside), place))
        for number in range(WRITERS):
            await place.write(number)
        for _ in range(ROUNDS):
            await server.start()
            try:
                # Some come while it looks, and some exchanges begin anew.
                await place.reply()
                await place.write(place.dice.randrange(WRITERS))
                await place.some_answers(place.dice.choice(ANSWERS))
                await asyncio.sleep(place.dice.uniform(*AND_THEN))
            finally:
                await server.kill()
            pass_time(url)
        await drain(server, url, place)
        check(url, place)


def pass_time(url: str) -> None:
    """Let the time pass for which a killed process holds what it was at."""
    end_leases(url)
    with by_hand(url) as database:
        database.execute("UPDATE chore SET due_at = 0 WHERE name = 'mail_door'")


async def drain(server: KillableServer, url: str, place: Town) -> None:
    """Let everything that waits be taken and answered."""
    await server.start()
    try:
        async with asyncio.timeout(_DRAIN_PATIENCE):
            # Another process works on them.
            while await asyncio.to_thread(place.unread) or open_rows(url):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    finally:
        await server.kill()


def check(url: str, place: Town) -> None:
    """Compare what was written with what the desk has, and with what it sent."""
    with by_hand(url) as database:
        turns = database.execute(
            "SELECT job_id, count(*) FROM event WHERE job_id LIKE 'mail:%' GROUP BY job_id"
        ).fetchall()
        homes = dict(
            database.execute(
                "SELECT job_id, conversation_id FROM event WHERE job_id LIKE 'mail:%'"
            ).fetchall()
        )
        letters = database.execute(
            "SELECT id, state FROM outbox WHERE channel = 'letter'"
        ).fetchall()
    jobs = {
        f"mail:{hashlib.sha256(name.encode()).hexdigest()}": root
        for name, root in place.written.items()
    }
    assert dict(turns) == dict.fromkeys(jobs, 1), "each mail is one turn, once"
    by_root = defaultdict(set)
    for job, root in jobs.items():
        by_root[root].add(homes[job])
    assert all(len(found) == 1 for found in by_root.values()), "an exchange is one conversation"
    assert len({one for found in by_root.values() for one in found}) == len(by_root)

    sent: dict[str, list[EmailMessage]] = defaultdict(list)
    for mail in place.answers.taken:
        sent[str(mail["Message-ID"])].append(mail)
    assert {state for _, state in letters} == {"done"}
    assert len(letters) == len(jobs), "each mail got its answer"
    rows = {bytes(name).hex() for name, _ in letters}
    assert {_row_of(name) for name in sent} == rows, "each answer went out"
    assert len(sent) == len(rows), "and under one name, however often"
    for copies in sent.values():
        assert len({(str(one["To"]), str(one["In-Reply-To"]), _words(one)) for one in copies}) == 1
    # The rounds were worth something.
    assert len(place.replied) > ROUNDS // 2
    assert len(jobs) > WRITERS + ROUNDS


def _row_of(message_id: str) -> str:
    """Return the outbox row that a letter's ``Message-ID`` was made of."""
    found = re.search(r"[0-9a-f]{32}", message_id)
    assert found is not None, message_id
    return found[0]


def _words(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content())
