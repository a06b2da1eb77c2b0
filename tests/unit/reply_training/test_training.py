"""What replies do is learnt together with the questions that they answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacydesk.domain.reading import Question, ReplyAct
from privacydesk.nlu.heads.parsed import GRAPH, HEADS, PIECES, Parser
from privacydesk.nlu.heads.replies import ReplyReader
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.training.pieces import tokenizer_of

pytest.importorskip("torch", reason="PyTorch is there only where the network is trained")

import torch

from privacydesk.reply_training.network import train_replies
from privacydesk.reply_training.replies import Asking, Reply
from privacydesk.training.export import export
from privacydesk.training.network import Reader, Stretches

# PyTorch's exporter warns of its own parts.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning"
)

_ASKED = {
    ("deletion.sure", "en"): "Delete them?\nDelete\nLeave them",
    ("deletion.which", "en"): "Which of them?",
}
_ASKING = Asking(
    [
        (
            "en",
            [
                Reply("deletion.sure", "keep it", (ReplyAct.NO,), choose=("Leave them",)),
                Reply("deletion.which", "keep it", (ReplyAct.KEEP,)),
                Reply("deletion.sure", "yes please", (ReplyAct.YES,)),
            ]
            * 100,
        )
    ],
    [("ok", "yes"), ("maybe", "other")],
    _ASKED,
)
_PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
_PIECES += [(sign, -1.0) for sign in "▁abcdefghijklmnopqrstuvwxyz?"]


def test_what_replies_do_is_learnt_with_their_questions(tmp_path: Path) -> None:
    torch.manual_seed(0)
    (tmp_path / PIECES).write_bytes(tokenizer_of(_PIECES))
    export(Reader(len(_PIECES), 1), Stretches(), tmp_path / GRAPH, tmp_path / HEADS)
    progress: list[str] = []
    train_replies(tmp_path, _ASKING, progress.append)
    assert progress[-1].startswith("replies, 8 of 8: ")
    parser = Parser(tmp_path)
    reader, states = ReplyReader(tmp_path, parser), parser.states("keep it", 64)
    told = [reader.read(states, Question(question)) for question in _ASKED.values()]
    sure, which = (dict(zip(REPLY_ACTS, one.acts, strict=True)) for one in told)
    assert sure[ReplyAct.NO] > which[ReplyAct.NO]
    assert sure[ReplyAct.KEEP] < which[ReplyAct.KEEP]
    assert told[0].lines.argmax() == 2
    assert told[1].lines.argmax() == 0
