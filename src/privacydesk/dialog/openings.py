"""The message that began a form.

Staff see its words first, however they were understood. If it already tells what the form asks for,
it is the answer:
我的电话被你们卖了，第二天就有贷款电话 is the story of a complaint. The user is told that it was
kept, and asked only for additions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog import reading
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import LONG_TEXT_LIMIT, TEXT_LIMIT, Entities
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.typed_codes import hide_codes

_BEGAN_WITH: Final = "_opening_words"
"""The slot that keeps the message for staff."""

_WORDS: Final = "_opening"
"""The slot that keeps the sentence for the question that it may answer."""

_TELLS: Final = "_opening_tells"
"""The slot set if the sentence tells what happened."""

_NAMES: Final = "_opening_names"
"""The slot set if the sentence at least names the matter, and is not just a bare request."""

PROOF: Final = "_opening_proof"
"""The slot that keeps remarks about proof of identity, which may be asked for only later."""

REFUSES: Final = "refuses_identity"
"""The user refuses to prove their identity."""

OUT_OF_REACH: Final = "no_code_reaches"
"""A code would not reach the user."""

_NO_CODE: Final = "verify.no_code"
"""The button for users who are asked for a code that does not arrive."""

_TAKEN: Final = "_opening_taken"
"""The slot that names the question that the sentence answers: at most one."""

NOTHING_MORE: Final = "desk.opening_all"
"""The key of the button for users with nothing to add."""

SAYS_OF_WHAT: Final = ("category", "profile_field", "period", "only_kept", "kept_some")
"""Entities that say what a request is about."""

_TOLD_ALL: Final = Choice(id="_skip", key=NOTHING_MORE, style=ChoiceStyle.QUIET)


def kept(flow: Flow, text: str, entities: Entities) -> dict[str, Any]:
    """Return the slots that keep the sentence that begins a flow, if the flow asks for a story.

    What it says about proof of identity is kept for any request.

    Args:
        flow: the flow that it begins.
        text: the sentence, without codes.
        entities: the entities found in it.
    """
    said = set(reading.phrases_of(entities).intersection((REFUSES, OUT_OF_REACH)))
    if _NO_CODE in entities.get("answer", ()):
        # 旧号停用了, "I lost my phone": it means the same here as where a code is asked for.
        said.add(OUT_OF_REACH)
    found: dict[str, Any] = {PROOF: sorted(said)} if said and flow.kind is not None else {}
    words = text.strip()
    if not words or not _asks_for_story(flow):
        return found
    found[_WORDS] = words
    if entities.get("tells"):
        found[_TELLS] = "yes"
    if not entities.get("tells_nothing"):
        found[_NAMES] = "yes"
    return found


def with_message(script: Script, flow: Flow, wish: RequestDraft) -> RequestDraft:
    """Return a request with the message that it was made in."""
    text = without_codes(script, script.whole_message)
    entities = script.observed.entities
    slots = {**wish.slots, **kept(flow, text, entities), **_details(flow, wish, text, entities)}
    return replace(wish, slots=slots, words=words_said(script))


def _details(flow: Flow, wish: RequestDraft, text: str, entities: Entities) -> dict[str, str]:
    """Return the message as the details of what it chose, if it says what that is about."""
    if not any(entities.get(kind) for kind in SAYS_OF_WHAT) or len(text) > LONG_TEXT_LIMIT:
        return {}
    acts = entities.get("acts", ())
    return {
        one.told: text.strip()
        for one in flow.steps.values()
        if isinstance(one, Ask) and one.foretold and one.told and one.told not in wish.slots
        if wish.slots.get(one.slot) and any(offer.text in acts for offer in one.choices)
    }


def words_said(script: Script) -> str:
    """Return a whole message as it is kept for staff: without codes, and shortened."""
    return shortened(without_codes(script, script.whole_message))


def without_codes(script: Script, text: str) -> str:
    """Return a text without what may be a code that was sent: codes are not kept."""
    return hide_codes(text) if script.code_was_sent() else text


def shortened(text: str) -> str:
    """Return a text as it is kept for staff, who find the whole message in the chat."""
    words = text.strip()
    return words if len(words) <= TEXT_LIMIT else f"{words[: TEXT_LIMIT - 1]}…"


def slots_of(flow: Flow, wish: RequestDraft) -> Mapping[str, Any]:
    """Return the slots with which a request begins its flow."""
    if not wish.words or flow.kind is None:
        return wish.slots
    return {**wish.slots, _BEGAN_WITH: wish.words}


def words_of(form: Running) -> str:
    """Return the words that a form began with; empty where a button began it."""
    return str(form.slots.get(_BEGAN_WITH, ""))


def add_words(form: Running, words: str) -> None:
    """Add to the words that staff see first."""
    form.slots[_BEGAN_WITH] = shortened("\n".join(one for one in (words_of(form), words) if one))


def answers(frame: Running, step: Ask) -> bool:
    """Whether the sentence that began a form answers a question, wholly or in part."""
    return bool(frame.slots.get(_TELLS)) and _may_answer(frame, step)


def ask_more(script: Script, frame: Running, step: Ask, choices: tuple[Choice, ...]) -> None:
    """Say what was kept, and ask for additions."""
    frame.slots[_TAKEN] = step.id
    shown = reading.said_back(str(frame.slots[_WORDS]))
    others = tuple(choice for choice in choices if choice.id != _TOLD_ALL.id)
    script.ask("desk.opening", {"said": shown}, (_TOLD_ALL, *others), serial=frame.serial)


def with_more(frame: Running, step: Ask, value: Any) -> Any:
    """Return an answer with the sentence before it; the sentence alone if nothing is added.

    One that tells little is kept if it names more than the form: 你们把我的手机号给了推销公司.
    """
    tells = frame.slots.get(_TELLS) or frame.slots.get(_NAMES)
    if not tells or not _may_answer(frame, step):
        return value
    words = str(frame.slots[_WORDS])
    frame.slots[_TAKEN] = step.id
    told = f"{words}\n{value}" if value else words
    return told if len(told) <= LONG_TEXT_LIMIT else value


def take(frame: Running, words: str) -> None:
    """Take a text as if it had begun the form: the label of a button is not the whole story."""
    frame.slots |= {_WORDS: words.strip(), _TELLS: "yes", _NAMES: "yes"}


def add(flow: Flow, frame: Running, words: str) -> bool:
    """Add to a story before it is asked for; return whether it will be asked for."""
    told = "\n".join(one for one in (str(frame.slots.get(_WORDS, "")), words.strip()) if one)
    if not _asks_for_story(flow) or frame.slots.get(_TAKEN) or len(told) > LONG_TEXT_LIMIT:
        return False
    take(frame, told)
    return True


def keep(frame: Running, words: str) -> None:
    """Keep a few words, with those that began the form, for the answer to come."""
    before = str(frame.slots.get(_WORDS, ""))
    frame.slots |= {_WORDS: f"{before}\n{words.strip()}".lstrip(), _NAMES: "yes"}


def insisted_on(frame: Running, step: Ask) -> bool:
    """Whether the sentence suffices if the user says that everything was told before."""
    return bool(frame.slots.get(_NAMES)) and _may_answer(frame, step)


def told_of_proof(frame: Running) -> frozenset[str]:
    """Return what the sentence that began a form said about proof of identity."""
    return frozenset(frame.slots.get(PROOF, ()))


def _asks_for_story(flow: Flow) -> bool:
    return any(isinstance(one, Ask) and one.opening for one in flow.steps.values())


def _may_answer(frame: Running, step: Ask) -> bool:
    """Whether a question accepts the sentence, and no other question has taken it."""
    return step.opening and frame.slots.get(_TAKEN, step.id) == step.id
