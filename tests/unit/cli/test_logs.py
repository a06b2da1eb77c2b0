from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog

from privacydesk import logs
from privacydesk.errors import DeskError


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    logs.set_up("info", as_json=True, stream=stream)
    return stream


def entry(out: io.StringIO) -> dict[str, Any]:
    (line,) = out.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_entry_is_one_json_object_with_level_and_time(out: io.StringIO) -> None:
    structlog.get_logger().info("served", port=8080)
    found = entry(out)
    assert found.pop("timestamp").endswith("Z")
    assert found == {"event": "served", "level": "info", "port": 8080}


def test_entries_below_the_level_are_left_out(out: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("aiohttp").info("detail")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "private",
    [
        "xiaoyu@example.com",
        "+8619900001001",
        "+86 199 0000 1001",
        "19900001001",
        "110101199003070019",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln",
        "Bearer abc.def",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    ],
)
def test_what_looks_personal_or_secret_is_blotted_out(out: io.StringIO, private: str) -> None:
    structlog.get_logger().warning(f"saw {private}", seen={"in": [private]}, plain=private)
    assert private not in out.getvalue()
    assert entry(out)["plain"] == logs.REMOVED


def test_the_password_of_an_address_is_blotted_out_and_the_rest_stays(out: io.StringIO) -> None:
    structlog.get_logger().warning("database", url="postgresql://desk:hunter2@db/desk")
    assert entry(out)["url"] == f"postgresql://{logs.REMOVED}@db/desk"


@pytest.mark.parametrize("key", ["text", "account", "phone", "parameters", "Token"])
def test_values_under_private_names_are_never_written(out: io.StringIO, key: str) -> None:
    structlog.get_logger().warning("saw", **{key: "anything"})
    assert entry(out)[key] == logs.REMOVED


def test_dates_numbers_and_tickets_stay_readable(out: io.StringIO) -> None:
    structlog.get_logger().info("due", at="2026-10-15T16:00:00+00:00", ticket="PD-7KQ4-M29X-3HC")
    found = entry(out)
    assert found["at"] == "2026-10-15T16:00:00+00:00"
    assert found["ticket"] == "PD-7KQ4-M29X-3HC"


FORGED = "x\n2026-01-01T00:00:00Z [info] forged\r\x85\u2028\x1b[2J\u202e"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
@pytest.mark.parametrize("source", ["event", "value", "short value", "nested", "library"])
def test_no_value_forges_a_line_or_moves_the_cursor(source: str, *, as_json: bool) -> None:
    out = io.StringIO()
    logs.set_up("info", as_json=as_json, stream=out)
    log = structlog.get_logger()
    if source == "event":
        log.warning(FORGED)
    elif source == "value":
        log.warning("saw", name=FORGED)
    elif source == "short value":
        log.warning("saw", name="\x1b[2J\x9b")
    elif source == "nested":
        log.warning("saw", name={"in": [FORGED], FORGED: "x"})
    else:
        logging.getLogger("aiohttp").warning("refused %s", FORGED)
    (line,) = out.getvalue().rstrip("\n").split("\n")
    assert set(line) & set("\r\x85\x1b\x9b") == set()
    if not as_json:
        assert line.isprintable()


def fail(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


def test_foreign_exceptions_are_named_and_never_quoted(out: io.StringIO) -> None:
    error = RuntimeError("INSERT INTO event VALUES ('我的手机丢了')")
    try:
        fail(error, ValueError("我的手机丢了"))
    except RuntimeError:
        structlog.get_logger().exception("failed")
    worded = entry(out)["exception"]
    assert "RuntimeError" in worded
    assert "ValueError" in worded
    assert "test_logs.py" in worded
    assert "手机" not in worded
    assert "INSERT" not in worded


def test_our_own_exceptions_keep_their_words(out: io.StringIO) -> None:
    try:
        fail(DeskError("the lease ran out"))
    except DeskError:
        structlog.get_logger().exception("failed")
    assert "DeskError: the lease ran out" in entry(out)["exception"]


def test_libraries_entries_go_the_same_way(out: io.StringIO) -> None:
    try:
        fail(KeyError("19900001001"))
    except KeyError:
        logging.getLogger("aiohttp.server").exception("handling xiaoyu@example.com")
    found = entry(out)
    assert found["event"] == f"handling {logs.REMOVED}"
    assert found["level"] == "error"
    assert "19900001001" not in out.getvalue()
    assert "KeyError" in found["exception"]


def test_people_get_a_line_each() -> None:
    stream = io.StringIO()
    logs.set_up("info", as_json=False, stream=stream)
    structlog.get_logger().info("served", port=8080)
    assert "served" in stream.getvalue()
    assert "port=8080" in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_word_about_it_a_terminal_gets_lines_and_anything_else_json() -> None:
    for stream, begins in ((Terminal(), "\x1b"), (io.StringIO(), "{")):
        logs.set_up("info", stream=stream)
        structlog.get_logger().info("served", port=8080)
        assert stream.getvalue().startswith(begins)
    for stream in (Terminal(), io.StringIO()):
        logs.set_up("info", as_json=True, stream=stream)
        structlog.get_logger().info("served", port=8080)
        assert json.loads(stream.getvalue())["event"] == "served"
