"""A copy that is wanted before something is deleted: 删之前能不能先给我一份."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import lazily

_COPY: Final = r"(?:导出|下载|备份|副本|拷贝|复制|留一?份|存一?份|拿一?份|要一?份|一份|copy|保存)"
_LOSE: Final = r"(?:删|注销|销号|清空|清)"
_ENGLISH_COPY: Final = (
    r"(?:cop(?:y|ies)|download|export|save (?:them|it|my|everything)|back ?up|archive|get them"
    r"|have them)"
)
_ENGLISH_LOSE: Final = r"(?:delet|eras|remov|wip|clos|gone|goes|go away|disappear)"
_FIRST: Final = lazily(
    rf"{_LOSE}(?:除|掉|晒|咗)?[^,。.!?;前]{{0,6}}?(?:之前|以前|前)[^。!?;]{{0,12}}?{_COPY}"
    rf"|(?:先|等我)(?:给|让|帮|俾|畀)?我?[^,。.!?;]{{0,3}}?{_COPY}[^。!?;]{{0,12}}?(?:再|才|之后"
    rf"|先至){_LOSE}"
    rf"|\b{_ENGLISH_COPY}\b[^.!?;]{{0,40}}?\bbefore\b[^.!?;]{{0,30}}?\b{_ENGLISH_LOSE}"
    rf"|\bbefore [^.!?;]{{0,24}}?\b{_ENGLISH_LOSE}\w*[^.!?;]{{0,40}}?\b{_ENGLISH_COPY}\b"
)
_NEEDS_NONE: Final = lazily(
    r"不用|不需要|唔使|不必|没必要|已经(?:有|导出|下载|备份)|有冇备份过"
    r"|n't\b|\bnot\b|\bno (?:copy|need)|\bwithout\b|\b(?:already|did you|do you)\b"
)
_HEARD: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.DELETION,
        Intent.DEREGISTRATION,
        Intent.CANCEL_REQUEST,
        Intent.REQUEST_STATUS,
        Intent.POLICY_QUESTION,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)


def copy_first(folded: str) -> tuple[str, ...]:
    """Tell whether a folded message wants a copy before something is deleted."""
    wanted = _FIRST.search(folded) is not None and _NEEDS_NONE.search(folded) is None
    return ("yes",) if wanted else ()


def meant_of_copies_first(heard: Intent, folded: str) -> Intent | None:
    """Return ``ACCESS`` where a copy is wanted before something is deleted; None otherwise.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    return Intent.ACCESS if heard in _HEARD and copy_first(folded) else None
