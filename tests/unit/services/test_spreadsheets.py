from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.services.spreadsheets import csv_rows


def read(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode(), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "－1",
        "＠x",
        "  =1",
        "\u3000+1",
        "\x00=1",
        "\u200b\ufeff=1",
        "\x0b\u2003@x",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert read(csv_rows([[cell]])) == [[f"'{cell}"]]


@pytest.mark.parametrize("cell", ["RQ-7KQ4", "小美", "a=b", "2026-06-01", "", " ", "'quoted'"])
def test_other_words_stay_as_they_are(cell: str) -> None:
    assert read(csv_rows([[cell, "x"]])) == [[cell, "x"]]


def test_numbers_stay_numbers() -> None:
    assert csv_rows([["late", -3, 12]]) == b"late,-3,12\r\n"


def test_rows_end_as_the_rfc_has_it_and_quotes_are_doubled() -> None:
    assert csv_rows([['say "hi"', "a,b", "two\nlines"]]) == b'"say ""hi""","a,b","two\nlines"\r\n'


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_cell_begins_a_formula_and_none_is_lost(text: str) -> None:
    raw = csv_rows([["first", text, "last"]])
    ((first, cell, last),) = read(raw)
    assert (first, last) == ("first", "last")
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.strip(" \u00a0\u3000").startswith(tuple("=+-@\t\r\n＝＋－＠"))
