"""Chooses the word pieces that the reader knows, and makes their tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

_SPECIAL: Final = ("<s>", "<pad>", "</s>", "<unk>")
"""Pieces that stand for no words; they come first."""
_UNIGRAM: Final = 1


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> bytes:
    """Return sentencepiece's model of pieces and their scores, the four special ones first."""
    model: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    kind = model.SentencePiece
    kinds = {"<unk>": kind.UNKNOWN, **dict.fromkeys(("<s>", "<pad>", "</s>"), kind.CONTROL)}
    for piece, score in pieces:
        model.pieces.add(piece=piece, score=score, type=kinds.get(piece, kind.NORMAL))
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type = _UNIGRAM
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = range(4)
    trainer.bos_piece, trainer.pad_piece, trainer.eos_piece, trainer.unk_piece = _SPECIAL
    normaliser.name = "identity"
    normaliser.add_dummy_prefix = normaliser.escape_whitespaces = True
    normaliser.remove_extra_whitespaces = False
    return bytes(model.SerializeToString())


def chosen(
    texts: Iterable[str], known: Mapping[str, int], scores: Sequence[float]
) -> tuple[list[tuple[str, float]], list[int]]:
    """Return the pieces that texts consist of and all single characters, and their numbers.

    Args:
        texts: folded.
        known: the pieces of a larger model, with their numbers there.
        scores: by number.
    """
    names = {number: piece for piece, number in known.items()}
    every = [(names.get(number, f"<{number}>"), score) for number, score in enumerate(scores)]
    every[: len(_SPECIAL)] = [(name, 0.0) for name in _SPECIAL]
    whole = SentencePieceProcessor(model_proto=tokenizer_of(every))
    used = {number for one in whole.encode(list(texts)) for number in one}
    used |= {number for piece, number in known.items() if _is_character(piece)}
    order = [*range(len(_SPECIAL)), *sorted(used - set(range(len(_SPECIAL))))]
    return [every[number] for number in order], order


def _is_character(piece: str) -> bool:
    character = piece.removeprefix("▁")
    return len(character) == 1 and (character.isascii() or "\u3000" <= character <= "\u9fff")
