"""What a letter has around its words is none of the wish."""

from __future__ import annotations

import pytest

from privacydesk.understanding.letters import letter_body


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (
            (
                "Hi team,\n\nHope you're well. Could you delete my comments?\n\nMany thanks,\nMei\n"
                "--\nMei Tan | Marketing Manager | +65 9111 2222"
            ),
            "Could you delete my comments?",
        ),
        (
            (
                "Dear Sir or Madam,\nI request access to my data.\nYours faithfully,\nD. Okafor\n"
                "Solicitor, Okafor & Lim LLP"
            ),
            "I request access to my data.",
        ),
        ("close my account\nthanks\nmei", "close my account"),
        ("Please unlink Google.\nBest,\nM. Tan\nSent from my iPhone", "Please unlink Google."),
        ("Please unlink Google.\nSent from my iPhone", "Please unlink Google."),
        (
            (
                "To whom it may concern,\nI trust this email finds you well. Stop the ads.\n"
                "Kind regards\nPriya Raman\nHead of Data, Contoso Pte Ltd"
            ),
            "Stop the ads.",
        ),
        ("您好：\n我想刪除留言。\n謝謝\n王小明 敬上", "我想刪除留言。"),
        (
            "尊敬的客服：\n請撤回推播的同意。\n此致\n敬禮\n陳小明\n市場行銷部",
            "請撤回推播的同意。",
        ),
    ],
)
def test_salutation_and_signature_are_left_out(said: str, body: str) -> None:
    assert letter_body(said) == body


@pytest.mark.parametrize(
    "said",
    [
        "delete my posts, many thanks, Mei",
        "Please close my account.\nThanks,\nand delete my posts first",
        "delete my photos\nthanks\nexcept the ones from 2020",
        "delete these\nbest\nworst",
        "delete my posts\nthanks\nonly the old ones",
        "please remove\nthanks\nphotos and chats",
        "Thanks,\nMei",
        "hello\nthere",
        "刪掉動態\n謝謝\n照片不要刪",
        "Delete this:\nRegards from Rome was my post, it has to go",
        "unlink google\n\n\nunlink line",
    ],
)
def test_where_somebody_goes_on_all_of_it_is_said(said: str) -> None:
    assert letter_body(said) == said


def test_a_long_tail_is_no_signature() -> None:
    said = "Close it.\nRegards,\n" + "\n".join(f"Name {place}" for place in range(12))
    assert letter_body(said) == said


def test_an_office_or_a_firm_may_be_called_anything() -> None:
    said = "Send me my records.\nKind regards,\nMei Tan\nProduct Owner, Delete Me Pte Ltd"
    assert letter_body(said) == "Send me my records."
    said = "Send me my records.\nKind regards,\nDelete Me"
    assert letter_body(said) == said
    said = "Send me my records.\nKind regards,\nMei Tan\nand delete my posts"
    assert letter_body(said) == said
