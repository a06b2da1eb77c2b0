from __future__ import annotations

import asyncio

import pytest

from privacydesk.connectors.mail_reader import MailReader
from privacydesk.errors import InvalidRequestError

OWN = "desk@example.com"
FROM = b"From: a@example.net\r\n"
PAGE = FROM + b"Content-Type: text/html\r\n\r\n"


async def test_a_mail_is_read_by_a_process_of_its_own() -> None:
    mail = await MailReader(OWN).read(FROM + "Subject: 隐私\r\n\r\n请回复我".encode())
    assert (mail.address, mail.text) == ("a@example.net", "请回复我")


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: nobody\r\n\r\n",
        FROM + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                        for n in range(3_000)),
    ],
    ids=["no_sender", "nested"],
)  # fmt: skip
async def test_what_can_not_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        await MailReader(OWN).read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain" + b"; a=b" * 30_000 + b"\r\n" + FROM + b"\r\nhi",
        FROM + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 400_000,
    ],
    ids=["parameters", "parts"],
)
async def test_a_mail_that_is_laid_out_to_take_hours_is_given_up(raw: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="too long"):
        await MailReader(OWN, timeout=1.5).read(raw)


async def test_a_page_of_comments_that_never_end_holds_nobody_up() -> None:
    # Newer Pythons read it in no time, older ones would take a minute.
    async with asyncio.timeout(10):
        try:
            assert (await MailReader(OWN, timeout=1.5).read(PAGE + b"<!--" * 200_000)).text == ""
        except InvalidRequestError as given_up:
            assert "too long" in given_up.message  # noqa: PT017 - either is right
