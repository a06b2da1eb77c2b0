"""Forms that none of our pages sends: anybody can send them, so they cost next to nothing."""

from __future__ import annotations

import time

import pytest
from tests.common.console_cases import copy_of_data, talk_of
from tests.common.console_client import HTML, Browser, Office

_FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data; boundary=b"


async def _sent(browser: Browser, path: str, body: bytes, content_type: str) -> int:
    answer = await browser.client.post(
        path, data=body, headers=HTML | {"Content-Type": content_type}, allow_redirects=False
    )
    return answer.status


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (f"{_FORM}; charset=no-such-encoding", b"name=mei"),
        (f"{_FORM}; charset=hex", b"name=mei"),
        (f"{_FORM}; charset=utf-16", b"name=mei"),
        (_FORM, b"name=\xff\xfe%ff%00"),
        ("multipart/form-data", b"name=mei"),
        (_PARTS, b"--b\r\nContent-Dispo"),
        (_PARTS, b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n"),
        (
            _PARTS,
            (
                b"--b\r\nContent-Disposition: form-data; name=name\r\n"
                b"Content-Type: text/plain; charset=punycode\r\n\r\na-\xff\r\n--b--\r\n"
            ),
        ),
        ("application/json", b"{}"),
    ],
)
async def test_what_is_no_form_of_ours_is_refused_as_an_old_page_is(
    office: Office, content_type: str, body: bytes
) -> None:
    browser = await office.browser()
    assert await _sent(browser, "/console/sign-in", body, content_type) == 403


async def test_a_form_of_a_thousand_fields_is_refused(office: Office) -> None:
    browser = await office.browser()
    assert await _sent(browser, "/console/sign-in", b"a=&" * 1_001, _FORM) == 400
    assert await _sent(browser, "/console/sign-in", b"a" * 70_000, _FORM) == 413


async def test_an_encoding_that_takes_long_to_read_is_not_used(office: Office) -> None:
    browser = await office.browser()
    slow = b"name=" + b"z9" * 25_000 + b"-" + b"z9" * 3_000
    took = []
    for _ in range(3):
        began = time.thread_time()
        assert await _sent(browser, "/console/sign-in", slow, f"{_FORM}; charset=punycode") == 403
        took.append(time.thread_time() - began)
    assert min(took) < 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_an_address_of_thousands_of_parts_holds_nobody_up(
    office: Office, method: str
) -> None:
    browser = await office.browser()
    took = []
    # The first try compiles templates, and any may be the one in which garbage is collected.
    for _ in range(3):
        began = time.thread_time()
        answer = await browser.client.request(
            method, "/console/" + "a/" * 4_000, headers=HTML, allow_redirects=False
        )
        assert answer.status == 404
        took.append(time.thread_time() - began)
    assert min(took) < 1


@pytest.mark.parametrize(
    "body",
    [
        b"--b\r\nContent-Dispo",
        (
            b"--b\r\nContent-Disposition: form-data; name=text\r\n"
            b"Content-Transfer-Encoding: odd\r\n\r\nx\r\n--b--\r\n"
        ),
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name*=no-such''x\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\n\x00\x01: y\r\n\r\nx\r\n--b--\r\n",
    ],
)
async def test_a_reply_of_broken_parts_is_refused(office: Office, body: bytes) -> None:
    mei = await office.signed_in("mei")
    _, ticket = await copy_of_data(office)
    assert await _sent(mei, f"{talk_of(ticket)}/reply", body, _PARTS) in {400, 403}
