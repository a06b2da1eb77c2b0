"""Limiting what a form is about: some of a kind, one person's, one year's, one kind of several."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from privacydesk.dialog import arguments, following, limits, questions, reading
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, says_everything, shown
from privacydesk.domain.selection import Selection

_WITH: Final = re.compile(r"[和跟同与與]|with\b", re.IGNORECASE)
_AND_WITH: Final = re.compile(
    r"(?:还有|還有|以及|另外|再加上?)[和跟同与與]?"
    r"(?P<named>(?!我|你|一|别|別|其|这|這|那|些|什|甚|点|點|件|个|個|问|問)[^\s,，。!！?？的嘅]{1,8})[的嘅](?:吧|啊|呀|喔|哦|都要|也要|也删|也刪)*[。.!！]?"
    r"|(?:and|also|plus)(?: also)? with (?P<name>(?!that\b|it\b|you\b)[\w'’-]+(?: [\w'’-]+){0,2}?)"
    r"(?: too| as well| please)*[.!]?",
    re.IGNORECASE,
)
_LONGEST_LIMIT: Final = 60
_ASKED_WHICH: Final = "_which_of_it"
"""The slot that tells that it was asked which of it is meant, so that words may just say it."""
_DESCRIBES: Final = re.compile(
    r".{2,}[的嘅]|[那嗰][些啲几幾张張条條]|\b(?:ones?|those|from|with|of|in|about|before|after|where)\b",
    re.IGNORECASE,
)
_ONLY_SOME: Final = re.compile(
    r"(?:no[,. ]+)?(?:(?:but|actually|just|please|no|hmm)[, ]+)*"
    r"(?:only|just) (?:the|those|these|my|some)\b"
    r"|(?:不是全部|唔[系係]全部)?[,，\s]*(?:只要?|仅仅?|僅|[净淨][系係]|就)(?:[删刪]|要)?[^删刪,，。]{0,20}"
    r"(?:[的嘅啲些张張条條]|那[个個])",
    re.IGNORECASE,
)
_THAT_IS_ALL: Final = re.compile(
    r"(?:好的?|嗯|对|對|那|ok|okay|yes|yep|no|[,，。.!！\s])*"
    r"(?:就|只有?|只要|[净淨][系係])(?:是|系|係|删|刪|要|[净淨])*"
    r"(?:这|這|那|呢|嗰)(?:些|啲|样|樣|[几幾两兩三四五]?[个個样樣种種类類项項])"
    r"(?:就(?:行|好|够|夠|可以|得))?(?:了|吧|啦|喇|喔|哦)?[。.!！~～\s]*"
    r"|(?:ok|okay|yes|yep|no|[,.!\s])*(?:just|only) (?:these|those|them|this|that)[.!\s]*",
    re.IGNORECASE,
)
"""就这些 says that nothing is missing, and limits nothing."""
_SOME_OR_ALL: Final = re.compile(
    r"(?:不[是要用]?|[别別]|唔[系係好使]?)(?:都|要)?[删刪]?(?:全部?|所有|[晒曬]|都)[删刪]?|[删刪]?一半|只?[删刪]?一?部分|太多"
    r"|\bnot (?:all|every)\w*|\b(?:some|part|half) of (?:it|them)\b|\bdon'?t delete (?:all|every)",
    re.IGNORECASE,
)
_ONLY_THESE: Final = re.compile(
    r"^(?:只|仅|僅|就|净系|淨係|just\b|only\b)|\bonly[.! ]*$"
    r"|就(?:行|好|够|夠|可以|得|成|ok)(?:了|啦|吧|喇)?[。.!！ ]*$",
    re.IGNORECASE,
)
_ONLY_NAMED: Final = re.compile(
    r"(?:^|[,，。.!！;；] ?)(?:只|仅|僅|就|净系|淨係|just\b|only\b)"
    r"|\bonly[.! ]*$|就(?:行|好|够|夠|可以|得)(?:了|啦|吧|喇)?[。.!！ ]*$",
    re.IGNORECASE,
)
_ANOTHER_LIMIT: Final = re.compile(r"改成|改[为為]|[换換]成|make (?:it|that)\b", re.IGNORECASE)


def narrows(runner: Runner, script: Script) -> bool:
    """Limit the open form to what a message says of the things it holds: "only last summer's".

    Whatever is to go for good is asked about anew, with the limit beside it.
    """
    entities = script.observed.entities
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    if limits.SLOT not in flow.slots:
        return False
    before, told = limits.held(form.slots), _told(form, script)
    puts_another = told and _ANOTHER_LIMIT.match(script.said.strip())
    if told is None or (not puts_another and following.others(runner, script)):
        return False
    asked = (
        step
        for step in flow.steps.values()
        if isinstance(step, Ask) and flow.slots[step.slot].type in FILLED_FROM
    )
    step = next((one for one in asked if form.slots.get(one.slot)), None)
    after = _joined(script, before, told)
    if step is None or before in (told, after):
        return False
    slot = step.slot
    named = entities.get(FILLED_FROM[flow.slots[slot].type], ())
    alone = bool(named) and _ONLY_NAMED.search(script.said.strip()) is not None
    # Of everything "only the posts about my old job" are meant.
    every = alone and ALL in form.slots[slot]
    # What is known of each kind narrows that kind alone, and so everything, too.
    holds_all = ALL in form.slots[slot] and limits.selected(entities) is not None
    known = all(
        runner.accepts(script, form, step, one) if every else holds_all or one in form.slots[slot]
        for one in named
    )
    if not (known and _is_held(told, form.slots[slot])):
        return False
    if alone:
        form.slots[slot] = list(named)
    form.slots.pop(_ASKED_WHICH, None)
    limits.keep(form.slots, after)
    script.unconfirm()
    script.say("desk.corrected", {"what": arguments.build(script, form, flow, (slot,))[slot]})
    runner.prompt_again(script)
    return True


def _is_held(told: Selection, held: Collection[str]) -> bool:
    """Tell whether anything that is narrowed is of what a form holds."""
    narrowed = {part.value for part in told.parts if not part.is_whole}
    return bool(told.words) or ALL in held or not narrowed.isdisjoint((*held, ALL))


def _told(form: Running, script: Script) -> Selection | None:
    """Return what a message narrows the open form by; None where it does not."""
    entities = script.observed.entities
    found = limits.told(entities)
    if found is not None or limits.selected(entities) is not None:
        return found
    words = _one_more(form, script) or _in_own_words(form, script)
    return limits.in_words(words[0]) if words else None


def _joined(script: Script, before: Selection, told: Selection) -> Selection:
    """Return what narrows a form by what was said before and what is said now."""
    entities = script.observed.entities
    more = "also" in reading.phrases_of(entities)
    first, words = limits.words_of(before), limits.words_of(told)
    # "But the ones with my dog stay" takes nothing away from what else limits the form.
    kept = words in entities.get("kept_some", ())
    if not first or not words or not (kept or more):
        return limits.narrowed(before, told, adds=more)
    chinese = script.locale.startswith("zh")
    comma, both = ("，", "、") if chinese else (", ", " and ")
    return limits.in_words(f"{first}{comma if kept else both}{words}")


def _one_more(form: Running, script: Script) -> tuple[str, ...]:
    """Return whom else a limit by a person is about: "delete my chat with Ann", "and with Bob"."""
    told = limits.words_of(limits.held(form.slots))
    if _WITH.match(told) is None or questions.ends_asking(script):
        return ()
    if "also" not in reading.phrases_of(script.observed.entities):
        return ()
    found = _AND_WITH.fullmatch(script.said.strip())
    if found is None:
        return ()
    if found["name"]:
        return (f"with {found['name']}",)
    return (told[0] + found["named"] + (told[-1] if told.endswith(("的", "嘅")) else ""),)


def _in_own_words(form: Running, script: Script) -> tuple[str, ...]:
    """Return what limits the form in words that name no time, person or thing: "only my ex's".

    Staff read them as they are. Once it was asked which of it is meant, words that describe say so;
    好的 and "yes please" do not.
    """
    said = script.said.strip()
    if questions.ends_asking(script) or len(said) > _LONGEST_LIMIT:
        return ()
    told = form.slots.get(_ASKED_WHICH) and _DESCRIBES.search(said) is not None
    limited = told or (_ONLY_SOME.match(said) is not None and not _THAT_IS_ALL.fullmatch(said))
    return (said.rstrip("。.!！ "),) if limited and not _SOME_OR_ALL.search(said) else ()


def asks_which(runner: Runner, script: Script) -> bool:
    """Ask which of it is meant, where not all is to go and nothing says what: "not all of them"."""
    form = script.stack[script.form_at()]
    if limits.SLOT not in runner.flows[form.flow].slots or _SOME_OR_ALL.search(script.said) is None:
        return False
    form.slots[_ASKED_WHICH] = "yes"
    script.say("desk.which_of_it")
    runner.prompt_again(script)
    return True


def picks_out(runner: Runner, script: Script) -> bool:
    """Leave a form some of the things it holds, where words say that they will do: 照片就行了."""
    if _ONLY_THESE.search(script.said.strip()) is None or not reading.is_brief(script):
        return False
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    for step in flow.steps.values():
        slot_type = flow.slots[step.slot].type if isinstance(step, Ask) else ""
        if not isinstance(step, Ask) or not step.many or slot_type not in FILLED_FROM:
            continue
        held = form.slots.get(step.slot) or []
        named = [
            one for one in held if one in script.observed.entities.get(FILLED_FROM[slot_type], ())
        ]
        if not named or len(named) == len(held):
            continue
        form.slots[step.slot] = named
        script.unconfirm()
        script.say("desk.corrected", {"what": shown(slot_type, named)})
        runner.prompt_again(script)
        return True
    return False


def lifts_limit(runner: Runner, script: Script) -> bool:
    """Take a limit away again: "no, all of them after all"."""
    form = script.stack[script.form_at()]
    entities = script.observed.entities
    whole = says_everything(entities) and limits.told(entities) is None
    narrowed = limits.narrows(limits.held(form.slots))
    if not whole or not narrowed or following.others(runner, script):
        return False
    limits.keep(form.slots, Selection())
    script.unconfirm()
    runner.prompt_again(script)
    return True
