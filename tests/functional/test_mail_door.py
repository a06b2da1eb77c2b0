"""The mail door with a real IMAP and a real SMTP server: from a mail to its answer."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import pytest
from imap_tools import AND, BaseMailBox, MailBoxUnencrypted
from PIL import Image
from tests.common.mail_servers import PASSWORD, USER, Mailbox, imap_server, mail_server
from tests.common.stories import PROFILE, START, World, open_world, picture

from privacydesk.clock import MovableClock
from privacydesk.connectors.imap import MAX_MAIL_BYTES, MAX_POLL_BYTES, ImapMailbox, ImapServer
from privacydesk.connectors.smtp import MailServer, SmtpMailer
from privacydesk.domain.events import Sender
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.periods import Preset
from privacydesk.errors import SettingsError, UnavailableError
from privacydesk.services.attachments import UncheckedFile

T = TypeVar("T")
SOMEBODY = "wang@example.net"
DESK = "desk@example.com"


@dataclass(slots=True)
class Post:
    """A desk between the two servers, and whoever writes to it."""

    world: World
    sent: Mailbox
    mailbox: ImapMailbox
    port: int
    count: int = 0

    async def write(
        self,
        text: str,
        *,
        subject: str = "隐私",
        sender: str = SOMEBODY,
        answers: EmailMessage | None = None,
        picture: bool = False,
        **headers: str,
    ) -> str:
        """Put a mail into the mailbox; return its ``Message-ID``."""
        self.count += 1
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, DESK, subject
        mail["Message-ID"] = f"<{self.count}@example.net>"
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            mail["References"] = f"{answers['References']} {answers['Message-ID']}"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        if picture:
            body = io.BytesIO()
            Image.new("RGB", (32, 32), "#884422").save(body, "PNG")
            mail.add_attachment(body.getvalue(), "image", "png", filename="证件.png")
        await self.drop(mail.as_bytes())
        return str(mail["Message-ID"])

    async def drop(self, raw: bytes) -> None:
        await self._at(lambda box: box.append(raw, "INBOX"))

    async def _at(self, work: Callable[[BaseMailBox], T]) -> T:
        def do() -> T:
            with MailBoxUnencrypted("127.0.0.1", self.port, timeout=30).login(
                USER, PASSWORD
            ) as box:
                return work(box)

        return await asyncio.to_thread(do)

    async def look(self) -> list[EmailMessage]:
        """Let the desk look into its mailbox; return what it answers."""
        before = len(self.sent.taken)
        self.world.clock.move(timedelta(minutes=1))
        door = self.world.services.mailbox_poller
        assert door is not None
        await door.poll()
        await self.world.work()
        return self.sent.taken[before:]

    async def converse(self, text: str, answers: EmailMessage | None = None) -> EmailMessage:
        await self.write(text, answers=answers)
        (answer,) = await self.look()
        return answer

    async def unread(self) -> int:
        return len(await self._at(lambda box: box.uids(AND(seen=False), None)))

    async def flagged(self) -> int:
        return len(await self._at(lambda box: box.uids(AND(flagged=True), None)))


@asynccontextmanager
async def post(folder: Path) -> AsyncIterator[Post]:
    clock = MovableClock(START, frozen=True)
    async with imap_server() as port, mail_server() as sent:
        mailer = SmtpMailer(MailServer("127.0.0.1", sent.port, DESK, "none"), clock)
        server = ImapServer("127.0.0.1", port, USER, PASSWORD, security="none")
        mailbox = ImapMailbox(server, clock)
        opened = open_world(folder, PROFILE, clock=clock, mailer=mailer, mailbox=mailbox)
        async with opened as world:
            yield Post(world, sent, mailbox, port)


def words(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content())


def number_of(label: str, mail: EmailMessage) -> str:
    """Return the number that stands before a choice."""
    (line,) = (one for one in words(mail).splitlines() if one.endswith(f". {label}"))
    return line.partition(".")[0]


async def test_a_mail_is_answered_in_its_thread_with_numbers_for_buttons(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        first = await desk.write("我要投诉")
        (answer,) = await desk.look()
        assert answer["To"] == SOMEBODY
        assert answer["In-Reply-To"] == first
        assert answer["Subject"] == "Re: 隐私"
        assert answer["Auto-Submitted"] == "auto-replied"
        assert "1. " in words(answer)
        assert await desk.unread() == 0


async def file_complaint(desk: Post) -> EmailMessage:
    """Complain by mail until it is filed; return the last answer."""
    answer = await desk.converse("投诉")
    answer = await desk.converse(number_of("我的信息被泄露了", answer), answer)
    answer = await desk.converse("有人拿我的电话推销", answer)
    answer = await desk.converse(SOMEBODY, answer)
    code = desk.world.codes.messages[-1]
    assert code.destination == SOMEBODY
    answer = await desk.converse(code.code, answer)
    return await desk.converse(number_of("没有要补充的", answer), answer)


async def test_a_complaint_is_filed_by_mail_alone(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        answer = await file_complaint(desk)
        (ticket,) = await desk.world.services.store.reader.list_tickets()
        assert "by_mail" in ticket.flags
        packs, reports = desk.world.services.oversight.packs, desk.world.services.oversight.reports
        check = await packs.self_check(reports.period_for(Preset.THIS_YEAR), "en")
        assert ("Of these by mail", "1") in [row[:2] for row in check.sections[1].rows]
        assert ticket.kind is RequestKind.COMPLAINT
        assert ticket.contact == SOMEBODY
        assert ticket.number in words(answer)


async def test_a_number_counts_for_the_letter_that_it_answers_and_for_no_other(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as desk:
        old = await desk.converse("投诉")
        number = number_of("我的信息被泄露了", old)
        asked = await desk.converse(number, old)
        again = await desk.converse(number, old)
        assert words(again) != words(asked), "the question is no longer open"
        assert not await desk.world.services.store.reader.list_tickets()


async def test_a_plain_yes_answers_its_letter_and_a_decision_is_objected_to_once(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as desk:
        await file_complaint(desk)
        services = desk.world.services
        (first,) = await services.store.reader.list_tickets()
        await services.staff.decisions.grant(first.number, "mei", text="没有查到您说的内容")
        await desk.look()
        answer = next(one for one in reversed(desk.sent.taken) if "满意" in words(one))
        old = await desk.converse("我不服", answer)
        await desk.converse("电话还在打", old)
        repeated = await desk.converse("好的", old)
        assert len(await services.store.reader.list_tickets()) == 1, (
            "that letter asked for the reason"
        )
        assert "提出异议" in words(repeated)
        filed = await desk.converse("好的", repeated)
        tickets = await services.store.reader.list_tickets()
        (objection,) = (one for one in tickets if one.linked == first.id)
        again = await desk.converse("我不服", filed)
        assert objection.number in words(again)
        assert len(await services.store.reader.list_tickets()) == len(tickets)


async def test_a_mail_that_is_read_twice_is_taken_once(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        await desk.write("投诉")
        assert len(await desk.look()) == 1
        desk.count -= 1
        await desk.write("投诉")
        assert not await desk.look()
        assert await desk.unread() == 0


async def test_who_writes_into_another_ones_exchange_is_told_nothing_of_it(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as desk:
        answer = await desk.converse("投诉")
        await desk.write("进度", sender="mallory@example.org", answers=answer)
        (other,) = await desk.look()
        assert other["To"] == "mallory@example.org"
        assert other["References"] == answer["References"]
        conversation = await desk.world.services.store.reader.queue(limit=10)
        assert not conversation


async def test_a_requests_number_in_the_subject_tells_nothing_of_it_before_a_code(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as desk:
        await file_complaint(desk)
        (ticket,) = await desk.world.services.store.reader.list_tickets()
        sent = len(desk.world.codes.messages)
        desk.world.clock.move(timedelta(minutes=20))
        await desk.write("", subject=ticket.number, sender="mallory@example.org")
        answers = await desk.look()
        assert all("推销" not in words(one) and SOMEBODY not in words(one) for one in answers)
        assert {one.destination for one in list(desk.world.codes.messages)[sent:]} <= {SOMEBODY}


async def test_a_picture_that_nobody_asked_for_is_declined_in_words(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        await desk.write("投诉", picture=True)
        said = "".join(words(one) for one in await desk.look())
        assert "没有收下，也没有保存" in said
        rows = await desk.world.services.store.reader.staged_before(
            desk.world.clock.now() + timedelta(days=1), after=None, limit=10
        )
        assert not rows


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.net>"},
        {"Return_Path": "<>"},
    ],
)
async def test_machines_are_not_answered(tmp_path: Path, headers: dict[str, Any]) -> None:
    async with post(tmp_path) as desk:
        await desk.write("I am away until Monday.", **headers)
        await desk.write("投诉", sender="no-reply@example.net")
        await desk.write("投诉", sender=DESK)
        assert not await desk.look()
        assert await desk.unread() == 0


async def test_its_own_letter_that_comes_back_is_left_alone(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        answer = await desk.converse("投诉")
        await desk.drop(answer.as_bytes())
        assert not await desk.look()


async def test_two_machines_that_answer_each_other_come_to_an_end(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        for _ in range(25):
            await desk.write("ok")
        await desk.look()
        await desk.look()
        assert await desk.flagged() == 5
        assert await desk.unread() == 0


async def test_a_mail_that_can_not_be_read_is_flagged_and_holds_no_other_back(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as desk:
        await desk.drop(b"Subject: from nobody\r\n\r\nhello\r\n")
        await desk.drop(b"From: \xff\xfe broken\r\nContent-Type: multipart/mixed\r\n\r\n\x00")
        await desk.write("投诉")
        assert len(await desk.look()) == 1
        assert await desk.flagged() == 2


async def test_an_agents_answer_goes_out_as_a_letter(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        await desk.converse("转人工")
        (waiting,) = await desk.world.services.store.reader.queue(limit=10)
        takeover = desk.world.services.takeover
        await takeover.take(waiting.id.hex(), "mei")
        await desk.world.work()
        before = len(desk.sent.taken)
        shown = UncheckedFile("说明.png", picture())
        await takeover.reply(waiting.id.hex(), "mei", "您好，请问是哪个号码？", file=shown)
        await desk.world.work()
        (letter,) = desk.sent.taken[before:]
        assert "小美回复：" in words(letter)
        assert "请问是哪个号码" in words(letter)
        assert [one.get_filename() for one in letter.iter_attachments()] == ["说明.png"]
        events = await desk.world.services.store.reader.events(waiting.id, after=0, limit=100)
        assert any(event.sender is Sender.AGENT for event in events)


async def test_no_letter_tells_that_an_answer_takes_longer(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        answer = await desk.converse("投诉")
        answer = await desk.converse(number_of("我的信息被泄露了", answer), answer)
        answer = await desk.converse("有人拿我的电话推销", answer)
        desk.world.codes.down = True
        await desk.write(SOMEBODY, answers=answer)
        before = len(desk.sent.taken)
        await desk.look()
        for _ in range(8):
            desk.world.clock.move(timedelta(seconds=1))
            await desk.world.work()
        assert len(desk.sent.taken) == before, [words(one) for one in desk.sent.taken[before:]]
        desk.world.codes.down = False
        desk.world.clock.move(timedelta(seconds=10))
        await desk.world.work()
        (told,) = desk.sent.taken[before:]
        answer = await desk.converse(desk.world.codes.messages[-1].code, told)
        assert number_of("没有要补充的", answer)


async def test_a_mailbox_that_refuses_the_login_is_the_operators_to_mend(tmp_path: Path) -> None:
    async with imap_server() as port:
        server = ImapServer("127.0.0.1", port, USER, "another", security="none")
        with pytest.raises(UnavailableError) as caught:
            await ImapMailbox(server, MovableClock(START)).fetch_unread(5)
    assert caught.value.data["reason"] == "credentials"


async def test_a_look_brings_no_more_than_fits_and_the_rest_with_the_next(tmp_path: Path) -> None:
    async with post(tmp_path) as desk:
        head = b"From: a@example.net\r\n\r\n"
        for size in (MAX_POLL_BYTES - 1_000_000, 900_000, 200_000, MAX_MAIL_BYTES + 1):
            await desk.drop(head.ljust(size, b"x"))
        mailbox = desk.mailbox
        first = await mailbox.fetch_unread(20)
        assert [len(one.raw or b"") for one in first] == [MAX_POLL_BYTES - 1_000_000, 900_000]
        for one in first:
            await mailbox.mark_read(one.uid)
        second = await mailbox.fetch_unread(20)
        assert [one.raw is None for one in second] == [False, True]


async def test_a_mailbox_that_is_away_is_looked_at_again(tmp_path: Path) -> None:
    async with imap_server() as port:
        pass
    server = ImapServer("127.0.0.1", port, USER, PASSWORD, security="none")
    with pytest.raises(UnavailableError) as caught:
        await ImapMailbox(server, MovableClock(START)).fetch_unread(5)
    assert caught.value.data["reason"] == "unreachable"


def test_a_mailbox_elsewhere_is_not_read_in_the_clear() -> None:
    server = ImapServer("mail.example.com", 143, USER, PASSWORD, security="none")
    with pytest.raises(SettingsError, match="PRIVACYDESK_IMAP_SECURITY"):
        ImapMailbox(server, MovableClock(START))
