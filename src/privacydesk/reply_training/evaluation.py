"""Reports how well the acts of replies are predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.reply_training.replies import LabelledReply
from privacydesk.training.corpus import WRITTEN_ON


def acts_table(pipeline: Pipeline, replies: Iterable[LabelledReply]) -> str:
    """Return precision and recall of reply acts, as a table in Markdown, act by act."""
    told, wanted, right = Counter[str](), Counter[str](), Counter[str]()
    for one in replies:
        does = pipeline.parse(one.text, WRITTEN_ON, one.question).reply_acts
        known = {act for act, done in zip(REPLY_ACTS, one.acts, strict=True) if done}
        for counts, acts in ((told, does), (wanted, known), (right, does & known)):
            counts.update(acts)
            counts["all"] += len(acts)
    lines = ["| act | replies | of those told, right | of those done, told |", "| --- " * 4 + "|"]
    for act in ("all", *REPLY_ACTS):
        shares = (right[act] / max(1, counts[act]) for counts in (told, wanted))
        lines.append(f"| {act} | {wanted[act]} | {' | '.join(f'{one:.3f}' for one in shares)} |")
    return "\n".join(lines)
