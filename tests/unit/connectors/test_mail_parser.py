"""What is read off a mail: who, which exchange, which words, and whether a machine wrote it."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.connectors.mail_parser import parse_mail
from privacydesk.connectors.mail_text import html_to_text, strip_quotations
from privacydesk.domain.mail import IncomingMail
from privacydesk.errors import InvalidRequestError

OWN = "desk@example.com"


def mail(text: str = "你好", **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = headers.pop("sender", "Wang <Wang@Example.NET>")
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def read(made: EmailMessage) -> IncomingMail:
    return parse_mail(made.as_bytes(), own_address=OWN)


def test_a_host_is_written_in_small_letters_and_a_mailbox_as_it_is() -> None:
    assert read(mail()).address == "Wang@example.net"


def test_the_exchange_begins_with_the_first_mail_that_is_named() -> None:
    chain = mail(Message_ID="<3@x>", In_Reply_To="<2@x>", References="<1@x> <2@x>")
    assert read(chain).thread_root == "<1@x>"
    assert read(mail(Message_ID="<3@x>", In_Reply_To="<2@x>")).thread_root == "<2@x>"
    assert read(mail(Message_ID="<3@x>")).thread_root == "<3@x>"


def test_a_mail_without_an_id_is_named_after_its_bytes() -> None:
    assert read(mail()).message_id == read(mail()).message_id
    assert read(mail()).message_id != read(mail("再见")).message_id


@pytest.mark.parametrize(
    ("subject", "kept"),
    [("Re: 回复：隐私", "隐私"), ("AW: FW: Access", "Access"), ("Regarding it", "Regarding it")],
)
def test_marks_of_answers_are_no_part_of_a_subject(subject: str, kept: str) -> None:
    assert read(mail(Subject=subject)).subject == kept


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 1 Jun 2026 at 10:00, Desk <desk@example.com> wrote:\n> 1. yes",
        "在 2026年6月1日，隐私服务台 <desk@example.com> 写道：\n> 1. 是",
        "-----Original Message-----\nFrom: desk@example.com",
        "------------------ 原始邮件 ------------------\n发件人: desk@example.com",
        "发件人：Desk <desk@example.com>\n内容",
        "> 1. 是\n> 2. 否",
        "-- \nWang",
        "发自我的iPhone",
        "Sent from my phone",
    ],
)
def test_only_ones_own_words_are_taken(quoted: str) -> None:
    assert strip_quotations(f"2\n\n{quoted}\n") == "2"


def test_words_that_only_look_like_a_quotation_stay() -> None:
    said = "On Monday you wrote that it is done.\n我在信里写道歉的话\nFrom: yesterday on"
    assert strip_quotations(said) == said


def test_a_page_is_read_as_words_without_scripts_or_what_is_quoted() -> None:
    page = (
        "<html><head><title>t</title><style>p{}</style></head><body>"
        "<p>我要&nbsp;删除<br>帖子</p><script>alert(1)</script>"
        "<div class='gmail_quote'>On … wrote: <p>old</p></div>"
        "<blockquote>older<img src=x></blockquote><p>谢谢</p></body></html>"
    )
    assert strip_quotations(html_to_text(page)) == "我要 删除\n帖子\n\n谢谢"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-generated"}, "auto_submitted"),
        ({"Auto_Submitted": "no"}, ""),
        ({"Precedence": "Bulk"}, "bulk"),
        ({"List_Unsubscribe": "<https://x.example>"}, "list"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"sender": "MAILER-DAEMON@example.net"}, "robot"),
        ({"sender": "noreply@example.net"}, "robot"),
        ({"sender": "norbert@example.net"}, ""),
        ({"sender": "Desk <DESK@example.com>"}, "own"),
    ],
)
def test_machines_are_told_by_what_they_write(headers: dict[str, str], why: str) -> None:
    assert read(mail(**headers)).automatic == why


def test_files_come_with_their_names_and_bytes() -> None:
    made = mail()
    made.add_attachment(b"\x89PNG", "image", "png", filename="证件.png")
    (file,) = read(made).files
    assert (file.name, file.media_type, file.body) == ("证件.png", "image/png", b"\x89PNG")
    assert "证件" not in repr(file)


def test_an_unknown_script_is_read_as_well_as_can_be() -> None:
    raw = b"From: a@example.net\r\nContent-Type: text/plain; charset=x-none\r\n\r\n\xe4\xbd\xa0\r\n"
    assert parse_mail(raw, own_address=OWN).text == "你"


@given(st.binary(max_size=400))
def test_whatever_bytes_come_are_read_or_refused(noise: bytes) -> None:
    try:
        parse_mail(b"From: a@example.net\r\n" + noise, own_address=OWN)
        parse_mail(noise, own_address=OWN)
    except InvalidRequestError:
        return


@given(st.text(max_size=300))
def test_whatever_page_comes_is_read(page: str) -> None:
    strip_quotations(html_to_text(page))


def test_what_misleads_or_can_not_be_stored_is_taken_out_as_in_the_chat() -> None:
    raw = (
        b"From: a@example.net\r\nMessage-ID: <1\xff@x> <2\x00@x>\r\nSubject: \x00Hi\x1b[2J\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AAgLg-gone\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment;"
        b" filename*=utf-8''..%2F..%2Fid%E2%80%AEgnp.exe%0D%0A\r\n\r\nx\r\n--x--\r\n"
    )
    read_one = parse_mail(raw, own_address=OWN)
    assert read_one.text == "\ufffdgone"
    assert read_one.subject == "Hi[2J"
    assert [file.name for file in read_one.files] == ["idgnp.exe"]
    assert read_one.message_id.endswith("@unnamed>")


def test_an_alphabet_that_can_not_spell_it_does_not_lose_the_mail() -> None:
    raw = b"From: a@example.net\r\nContent-Type: text/plain; charset=idna\r\n\r\n" + b"a" * 99
    assert parse_mail(raw, own_address=OWN).text == "a" * 99
