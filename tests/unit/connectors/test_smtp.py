"""Handing mail to a real mail server: what arrives, and what each way of failing is called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.common.mail_servers import (
    PASSWORD,
    USER,
    certificate,
    mail_server,
)

from privacydesk.clock import MovableClock
from privacydesk.connectors.smtp import MailServer, SmtpMailer
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import SendOutcome
from privacydesk.domain.notices import OutgoingMail
from privacydesk.errors import SettingsError, UnavailableError

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
LETTER = OutgoingMail(
    "wang@example.net",
    "申请 PD-0",
    ("您的申请有答复了。", "点开查看：https://app.example/desk?a=1&b=2"),
    "zh-Hans",
)
TO = LETTER.to


def mailer(port: int, **given: Any) -> SmtpMailer:
    sender = "隐私服务台 <desk@example.com>"
    server = {"host": "127.0.0.1", "port": port, "sender": sender, "security": "none", **given}
    return SmtpMailer(MailServer(**server), MovableClock(NOON, frozen=True))


def letter(to: str = TO, **given: Any) -> OutgoingMail:
    return OutgoingMail(to, LETTER.subject, LETTER.lines, LETTER.locale, **given)


async def fault(sender: SmtpMailer) -> str:
    """Return the reason for which a mail can't be sent now."""
    with pytest.raises(UnavailableError) as caught:
        await sender.send(letter(), key="00ff")
    assert TO not in str(caught.value), "no address in a log"
    return str(caught.value.data["reason"])


async def test_a_mail_arrives_as_text_and_as_html_in_its_own_script() -> None:
    async with mail_server() as box:
        answer = await mailer(box.port).send(letter(), key="00ff")
    assert (answer.outcome, answer.masked) == (SendOutcome.SENT, "w***@example.net")
    (mail,) = box.taken
    assert mail["From"] == "隐私服务台 <desk@example.com>"
    assert (mail["To"], mail["Subject"]) == (TO, "申请 PD-0")
    assert mail["Message-ID"] == "<desk.00ff@example.com>"
    assert mail["Date"].datetime == NOON
    assert mail["Content-Language"] == "zh-Hans"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] is None
    text, page = mail.iter_parts()
    assert text.get_content().splitlines() == [LETTER.lines[0], "", LETTER.lines[1]]
    link = '<a href="https://app.example/desk?a=1&amp;b=2">'
    assert link in page.get_content()
    assert '<html lang="zh-Hans">' in page.get_content()


async def test_an_answer_stands_in_the_thread_it_answers() -> None:
    async with mail_server() as box:
        thread = tuple(f"<{n}@example.net>" for n in range(40))
        answer = letter(in_reply_to="<40@example.net>", references=thread)
        await mailer(box.port).send(answer, key="00ff")
    (mail,) = box.taken
    assert mail["In-Reply-To"] == "<40@example.net>"
    chain = mail["References"].split()
    assert (chain[0], chain[-1]) == ("<0@example.net>", "<40@example.net>")
    assert len(chain) == 20
    assert mail["Auto-Submitted"] == "auto-replied"


async def test_words_of_others_are_text_in_html() -> None:
    async with mail_server() as box:
        said = OutgoingMail(
            TO, "s", ('<img src=x onerror=alert(1)> & https://a.example/"><b>',), "en"
        )
        await mailer(box.port).send(said, key="00ff")
    (mail,) = box.taken
    _, page = mail.iter_parts()
    assert "&lt;img src=x" in page.get_content()
    assert "<b>" not in page.get_content()


@pytest.mark.parametrize(
    "to",
    [
        "a@example.net\r\nBcc: b@example.net",
        "no address",
        "",
        "a@b@example.net",
        "é@example.net",
        "a@example.net\u2028b",
        "a@例\u2028子.中国",
        f"a@{'例' * 70}.中国",
    ],
)
async def test_what_is_no_address_is_refused_and_nothing_is_sent(to: str) -> None:
    async with mail_server() as box:
        answer = await mailer(box.port).send(letter(to), key="00ff")
    assert (answer.outcome, answer.reason) == (SendOutcome.REFUSED, AccountReason.REJECTED)
    assert not box.taken


async def test_a_domain_in_another_script_is_written_as_it_is_looked_up() -> None:
    async with mail_server() as box:
        answer = await mailer(box.port).send(letter("wang@例子.中国"), key="00ff")
    assert answer.outcome is SendOutcome.SENT
    assert [mail["To"] for mail in box.taken] == ["wang@xn--fsqu00a.xn--fiqs8s"]


async def test_it_logs_in_over_starttls(tmp_path: Path) -> None:
    cert = certificate(tmp_path)
    async with mail_server(tls=cert.server, asks=True) as box:
        given = {"security": "starttls", "ca_file": cert.file}
        sender = mailer(box.port, username=USER, password=PASSWORD, **given)
        assert (await sender.send(letter(), key="00ff")).outcome is SendOutcome.SENT
    assert len(box.taken) == 1


async def test_it_speaks_tls_from_the_first_byte(tmp_path: Path) -> None:
    cert = certificate(tmp_path)
    async with mail_server(tls=cert.server, implicit=True) as box:
        sender = mailer(box.port, security="tls", ca_file=cert.file)
        assert (await sender.send(letter(), key="00ff")).outcome is SendOutcome.SENT


async def test_a_wrong_password_is_the_operators_to_mend(tmp_path: Path) -> None:
    cert = certificate(tmp_path)
    async with mail_server(tls=cert.server, asks=True) as box:
        given = {"security": "starttls", "ca_file": cert.file}
        sender = mailer(box.port, username=USER, password="another", **given)
        assert await fault(sender) == "credentials"
    assert not box.taken


async def test_a_server_that_wants_a_login_gets_nothing_without_one(tmp_path: Path) -> None:
    cert = certificate(tmp_path)
    async with mail_server(tls=cert.server, asks=True) as box:
        sender = mailer(box.port, security="starttls", ca_file=cert.file)
        assert await fault(sender) == "credentials"


async def test_without_starttls_nothing_goes_out_in_the_clear() -> None:
    async with mail_server() as box:
        assert await fault(mailer(box.port, security="starttls")) == "tls"
    assert not box.taken


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, security: str
) -> None:
    cert = certificate(tmp_path)
    async with mail_server(tls=cert.server, implicit=security == "tls") as box:
        assert await fault(mailer(box.port, security=security)) == "tls"
    assert not box.taken


@pytest.mark.parametrize("step", ["recipient", "data"])
async def test_a_mail_that_is_refused_for_good_is_not_tried_again(step: str) -> None:
    async with mail_server() as box:
        setattr(box, step, "550 5.1.1 no such mailbox")
        answer = await mailer(box.port).send(letter(), key="00ff")
    assert (answer.outcome, answer.reason) == (SendOutcome.REFUSED, AccountReason.REJECTED)


@pytest.mark.parametrize("step", ["sender", "recipient", "data"])
async def test_what_can_not_be_taken_now_is_tried_again(step: str) -> None:
    async with mail_server() as box:
        setattr(box, step, "451 4.7.1 greylisted")
        assert await fault(mailer(box.port)) == "server_error"


async def test_a_refused_sender_is_no_fault_of_the_mail() -> None:
    async with mail_server() as box:
        box.sender = "553 5.7.1 not yours"
        assert await fault(mailer(box.port)) == "sender"


async def test_a_server_that_does_not_answer_is_left_in_time() -> None:
    async with mail_server() as box:
        box.stalls = True
        assert await fault(mailer(box.port, timeout=0.2)) == "timeout"


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with mail_server() as box:
        port = box.port
    assert await fault(mailer(port)) == "unreachable"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"host": "mail.example.com"}, "PRIVACYDESK_SMTP_SECURITY"),
        ({"username": "desk"}, "PRIVACYDESK_SMTP_PASSWORD"),
        ({"sender": ""}, "PRIVACYDESK_SMTP_FROM"),
        ({"sender": "desk"}, "PRIVACYDESK_SMTP_FROM"),
        ({"ca_file": Path("/nowhere.pem")}, "PRIVACYDESK_SMTP_CA_FILE"),
    ],
)
def test_settings_that_can_not_work_are_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        mailer(25, **given)
