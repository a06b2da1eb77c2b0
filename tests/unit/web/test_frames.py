from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.web.chat.frame_parser import (
    Choose,
    FrameError,
    HandIn,
    Hello,
    Send,
    SubmitUploads,
    parse_frame,
    parse_hello,
)


def test_frames_become_values() -> None:
    assert parse_frame(b'{"type":"send","id":"a","text":" hi "}', max_text=10) == Send("a", "hi")
    assert parse_frame(b'{"type":"send","id":"a","text":"hi","offset":7}', max_text=10) == Send(
        "a", "hi", 7
    )
    with pytest.raises(FrameError):
        parse_frame(b'{"type":"send","id":"a","text":"hi","offset":"7"}', max_text=10)
    assert parse_frame(b'{"type":"choose","id":"a","choice":"desk:human"}', max_text=10) == Choose(
        "a", "desk:human", 0
    )
    assert parse_frame(b'{"type":"upload","id":"a","uploads":["u"]}', max_text=10) == SubmitUploads(
        "a", ("u",)
    )


def test_words_come_with_files_and_are_checked_as_others() -> None:
    frame = b'{"type":"upload","id":"a","uploads":["u"],"text":" %s ","done":true}'
    assert parse_frame(frame % b"hi", max_text=10) == SubmitUploads("a", ("u",), True, "hi")
    with pytest.raises(FrameError):
        parse_frame(frame % (b"h" * 11), max_text=10)
    with pytest.raises(FrameError):
        parse_frame(b'{"type":"upload","id":"a","uploads":["u"],"text":7}', max_text=10)


def test_a_card_of_questions_becomes_its_answers() -> None:
    frame = {
        "type": "hand_in",
        "id": "a",
        "offset": 7,
        "values": {"wish": ["close", "delete"], "child": " lele\x00 "},
    }
    assert parse_frame(json.dumps(frame).encode(), max_text=10) == HandIn(
        "a", {"wish": ("close", "delete"), "child": "lele"}, 7
    )
    for values in ({}, {"wish": 1}, {"wish": [["close"]]}, {"wish": ["close", "close"]}, {"": "x"}):
        with pytest.raises(FrameError):
            parse_frame(json.dumps({**frame, "values": values}).encode(), max_text=10)
    with pytest.raises(FrameError) as caught:
        parse_frame(json.dumps({**frame, "values": {"child": "x" * 11}}).encode(), max_text=10)
    assert caught.value.data["limit"] == 10


def test_a_hello_over_http_may_be_empty() -> None:
    assert parse_hello(b"") == Hello()
    assert parse_hello(b'{"secret":"s","offset":3}') == Hello(secret="s", offset=3)


def test_the_limit_counts_characters_after_cleaning() -> None:
    frame = {"type": "send", "id": "a", "text": "  " + "字" * 10 + "\x00 "}
    assert parse_frame(json.dumps(frame).encode(), max_text=10) == Send("a", "字" * 10)
    frame["text"] = "字" * 11
    with pytest.raises(FrameError) as caught:
        parse_frame(json.dumps(frame).encode(), max_text=10)
    assert (caught.value.id, caught.value.is_violation, caught.value.data["count"]) == (
        "a",
        False,
        11,
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["send", "choose", "hand_in", "upload", "typing", "read", "renew", "ping", "hello", "x"]
)


@given(
    st.binary(max_size=200)
    | st.fixed_dictionaries(
        {"type": NAMES | VALUES},
        optional=dict.fromkeys(
            ("id", "text", "choice", "offset", "uploads", "token", "secret", "epoch"), VALUES
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_frame_or_a_frame_error(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        parse_frame(data, max_text=100)
