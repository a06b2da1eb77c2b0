from __future__ import annotations

import pytest

from privacydesk.errors import SettingsError
from privacydesk.training.sentences import read_sentences


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no json", "JSON is malformed"),
        ('{"text": "x", "label": "dance"}', "Invalid enum value 'dance'"),
        ('{"text": " ", "label": "other"}', "Expected `str` matching regex"),
        ("[]", "Expected `object`"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_number(line: str, fault: str) -> None:
    good = '{"text": "你好", "label": "smalltalk"}'
    with pytest.raises(SettingsError, match=f"v.jsonl, line 2: {fault}"):
        read_sentences({"v.jsonl": f"{good}\n{line}\n"})


def test_sentences_that_differ_only_in_script_and_spacing_count_once() -> None:
    said = ['{"text": "刪 照片", "label": "deletion"}', '{"text": "删照片！", "label": "deletion"}']
    (only,) = read_sentences({"sentences/tw.jsonl": "\n".join(said)})
    assert only.text == "刪 照片"
