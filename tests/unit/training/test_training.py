"""The network learns, goes on where it was stopped, and is written down as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from privacydesk.data import voice_files
from privacydesk.nlu.heads.parsed import GRAPH, HEADS, PIECES, Parser
from privacydesk.nlu.heads.weights import StretchHeads
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import between, gap, nearness
from privacydesk.nlu.tokens import Tokens
from privacydesk.training.corpus import read_voice
from privacydesk.training.labelling import Labelled, labelled
from privacydesk.training.pieces import tokenizer_of

pytest.importorskip("torch", reason="PyTorch is there only where the network is trained")

import torch

from privacydesk.learning.check_points import FILE
from privacydesk.learning.layers import WIDTH
from privacydesk.training.batches import batch
from privacydesk.training.export import export
from privacydesk.training.loop import Pace, Training
from privacydesk.training.losses import losses
from privacydesk.training.network import POINT, SLOT_WIDTH, Reader, Stretches

# PyTorch's exporter warns of its own parts.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning"
)

_LAYERS = 1
_SPECIAL = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]


@pytest.fixture(scope="module")
def messages() -> list[tuple[str, Labelled]]:
    voice = read_voice(*voice_files()[0])
    found = [labelled(one) for one in voice.examples]
    # Some tell values, so that every head is asked about something.
    chosen = found[:12] + [one for one in found if one.told][:4]
    chosen += [one for one in found if any(request.act for request in one.requests)][:2]
    chosen += [one for one in found if one.narrowed][:2]
    return [(voice.language, one) for one in chosen]


@pytest.fixture
def tokens(messages: list[tuple[str, Labelled]], tmp_path: Path) -> Tokens:
    signs = sorted({sign for _, one in messages for sign in fold(one.text).replace(" ", "▁")})
    (tmp_path / PIECES).write_bytes(tokenizer_of([*_SPECIAL, *((one, -1.0) for one in signs)]))
    return Tokens.load(tmp_path / PIECES)


def _trained(
    folder: Path,
    tokens: Tokens,
    messages: list[tuple[str, Labelled]],
    *,
    epochs: int,
    tell: Callable[[str], None] = lambda _: None,
    digest: str = "of these messages",
) -> tuple[Reader, Stretches]:
    reader, stretches = Reader(400, _LAYERS), Stretches()
    pace = Pace(epochs=epochs, share=0.0, tokens=256)
    Training(reader, stretches, pace, (folder / FILE, digest), tell).run(tokens, messages, [])
    return reader, stretches


def test_it_learns_and_goes_on(
    messages: list[tuple[str, Labelled]], tokens: Tokens, tmp_path: Path
) -> None:
    texts = [one for _, one in messages]
    whole = batch(texts, [tokens.of(one.text) for one in texts])
    fresh = losses(Reader(400, _LAYERS).eval(), Stretches().eval(), whole)
    _trained(tmp_path, tokens, messages, epochs=2)
    assert (tmp_path / FILE).exists()
    reader, stretches = _trained(tmp_path, tokens, messages, epochs=4)
    learnt = losses(reader.eval(), stretches.eval(), whole)
    assert set(learnt) == set(fresh)
    assert sum(learnt.values()) < sum(fresh.values())


def test_what_was_learnt_of_another_corpus_is_left(
    messages: list[tuple[str, Labelled]], tokens: Tokens, tmp_path: Path
) -> None:
    told: list[str] = []
    _trained(tmp_path, tokens, messages, epochs=1)
    _trained(tmp_path, tokens, messages, epochs=1, tell=told.append)
    assert told == ["goes on after epoch 1"]
    _trained(tmp_path, tokens, messages, epochs=1, tell=told.append, digest="of more messages")
    assert told[1:] == ["begins anew: the check point is of another corpus"]


def test_what_is_written_down_reads_as_the_network_does(
    messages: list[tuple[str, Labelled]], tokens: Tokens, tmp_path: Path
) -> None:
    reader, stretches = _trained(tmp_path, tokens, messages, epochs=1)
    text = messages[0][1].text
    cut = tokens.of(text)
    one = batch([messages[0][1]], [cut])
    told = reader.eval()(one.tokens, one.words)
    export(reader, stretches, tmp_path / GRAPH, tmp_path / HEADS)
    parsed = Parser(tmp_path).parse(text)
    assert parsed is not None
    intents = told[1][0].detach().softmax(-1).numpy()
    assert np.abs(parsed.intents - intents).max() < 0.05
    assert parsed.states.shape == (len(cut.tokens), WIDTH)


def test_heads_tell_in_numpy_what_they_do_in_torch() -> None:
    stretches = Stretches().eval()
    heads = StretchHeads({name: one.numpy() for name, one in stretches.state_dict().items()})
    points, others = torch.randn(2, 3, POINT)
    slots, looks = torch.randn(2, SLOT_WIDTH), torch.rand(2, 20)
    places = [(0, 2), (5, 6), (9, 20)]
    with torch.no_grad():
        for name, taught in (("value", stretches.value), ("field", stretches.field)):
            told = taught(points).softmax(-1).numpy()
            assert np.allclose(heads.types(name, points.numpy()), told, atol=1e-5)
        pairs = [(slot, at) for slot in range(2) for at in range(3)]
        which, at = (torch.tensor(one) for one in zip(*pairs, strict=True))
        near = torch.tensor([nearness(looks[one].numpy(), places[two]) for one, two in pairs])
        told = stretches.role(slots[which], points[at], near).sigmoid().view(2, 3, -1).numpy()
        read = heads.of_slots("role", slots.numpy(), points.numpy(), looks.numpy(), places)
        assert np.allclose(read, told, atol=1e-5)
        nines = [(one, two) for one in range(3) for two in range(3)]
        first, second = (torch.tensor(one) for one in zip(*nines, strict=True))
        apart = (
            torch.tensor([gap(places[one], places[two]) for one, two in nines]),
            torch.tensor([between(places[one], places[two], places) for one, two in nines]),
        )
        told = stretches.narrowing(points[first], others[second], *apart).sigmoid()
        read = heads.narrowing(points.numpy(), others.numpy(), places, places)
        assert np.allclose(read, told.view(3, 3, -1).numpy(), atol=1e-5)
