"""Finding the offered button that is meant by words other than its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from privacydesk.dialog import reading
from privacydesk.dialog.labels import share_words
from privacydesk.dialog.schema import ALL, OTHER, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import placed, says_everything, staying
from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.ages import age_group
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.intents import Intent

Offered = tuple[tuple[Choice, str], ...]
"""The buttons of the open question, each with its label."""

WISHED: Mapping[Intent, str] = {
    Intent.ACCESS: "access",
    Intent.RECTIFICATION: "correct",
    Intent.DELETION: "delete",
    Intent.DEREGISTRATION: "close",
    Intent.GUARDIAN: "child",
}
"""Buttons within a form for what elsewhere starts a form of its own."""

_LIKELY_HERE = 0.4
"""The confidence from which a message's intent chooses a button."""

_LOST = frozenset({"delete", "close"})
_LIKELY_LOST = 0.6
"""The same for a button that ends in a loss: "just the chats" chooses none of them."""

_POSTS = frozenset({DataCategory.POSTS.value})

_HAPPENED = frozenset({"terms.decision", "terms.ticket", "terms.ticket_about"})
"""Buttons for past events, which people describe in their own words."""

_WAYS = frozenset({"terms.binding"})
"""Buttons for ways to log in."""

_POINTS = 20
"""The most characters of a message that points at something rather than telling a story."""


def wished(script: Script, offered: Offered) -> Choice | None:
    """Return the button for what a message requests: "delete the photos".

    Less confidence is needed where such buttons are offered than where nothing was asked.
    """
    found = script.observed.recognised
    name = WISHED.get(found.intent) if found is not None else None
    floor = _LIKELY_HERE if name not in _LOST else _LIKELY_LOST
    if found is None or not (found.sure or found.confidence >= floor):
        return None
    if name == "delete" and _deletes_posts(script):
        return _named(offered, name) or _named(offered, "delete_first")
    return _named(offered, name)


def _deletes_posts(script: Script) -> bool:
    """Whether a deletion request is about the posts, or names nothing.

    Where posts are deleted before the account, 你们帮我删 is the answer to that.
    """
    named = script.observed.entities.get("category", ())
    return not staying(script.observed.entities) and all(one in _POSTS for one in named)


def _named(offered: Offered, name: str | None) -> Choice | None:
    return next((choice for choice, _ in offered if choice.id == name), None)


def meant(script: Script, offered: Offered) -> Choice | None:
    """Return the button that a message means: by its words, by an age, or as a request.

    A plain "yes, please" means the primary button.
    """
    named = spoken(script, offered)
    if named is not None or _is_spoken_of(script, offered):
        return named
    if "yes" in reading.phrases_of(script.observed.entities):
        return _only(choice for choice, _ in offered if choice.style is ChoiceStyle.PRIMARY)
    return _of_age(script, offered) or _request(script, offered)


def spoken(script: Script, offered: Offered) -> Choice | None:
    """Return the button that a message's words match best; None if there is a tie."""
    answers = script.observed.entities.get("answer", ())
    if not answers:
        return None
    said = Counter(answers)
    entities = script.observed.entities
    # "All but the photos" is not all, and 全 in it matches no button.
    some = "specific" in reading.phrases_of(entities) or bool(staying(entities))
    meant = (choice for choice, _ in offered if not (some and choice.id == ALL))
    ranked = sorted(meant, key=lambda one: -said[one.key])
    most, second = ([said[choice.key] for choice in ranked] + [0, 0])[:2]
    return ranked[0] if most > second else None


def several(script: Script, offered: Offered) -> tuple[Choice, ...]:
    """Return the buttons that a message's words match equally well; empty if one stands out.

    Empty also if one of them is the desk's own, or stands for anything else.
    """
    said = Counter(script.observed.entities.get("answer", ()))
    most = max((said[choice.key] for choice, _ in offered), default=0)
    alike = tuple(choice for choice, _ in offered if most and said[choice.key] == most)
    plain = all(not one.id.startswith(("desk:", "_")) and one.id != OTHER for one in alike)
    return alike if len(alike) > 1 and plain else ()


def only_chooses(script: Script, flow: Flow) -> bool:
    """Whether a message that names data only chooses it: "the recordings will do".

    A question does not ("why do you have my location?"), nor does a request for something other
    than the open form is about ("delete the searches").
    """
    entities = script.observed.entities
    if not entities.get("only_chooses"):
        return False
    spoken = (one for one in entities.get("wish_words", ()) if one != Intent.OTHER)
    return all(one in flow.intents for one in spoken)


def left_out(script: Script, offered: Offered) -> Choice | None:
    """Return the skip button if a message says nothing but that."""
    said = set(script.observed.entities.get("answer_alone", ()))
    return next((c for c, _ in offered if c.id == "_skip" and c.key in said), None)


def is_nothing_but(script: Script, offered: Offered) -> bool:
    """Whether every part of a message matches one button: "would my ID card do?"."""
    said = set(script.observed.entities.get("answer_alone", ()))
    return any(choice.key in said for choice, _ in offered)


def is_nothing_else(script: Script, offered: Iterable[Choice]) -> bool:
    """Whether a message says nothing but what exactly one of the buttons does."""
    said = set(script.observed.entities.get("answer_alone", ()))
    return sum(choice.key in said for choice in offered) == 1


def _is_spoken_of(script: Script, offered: Offered) -> bool:
    said = set(script.observed.entities.get("answer", ()))
    return any(choice.key in said for choice, _ in offered)


def _of_age(script: Script, offered: Offered) -> Choice | None:
    """Return the button for the age that a message gives: "sixteen"."""
    ages = script.observed.entities.get("age", ())
    group = age_group(int(ages[0])) if len(ages) == 1 else ""
    return next((choice for choice, _ in offered if choice.id == group), None)


def _request(script: Script, offered: Offered) -> Choice | None:
    """Return the button for the request that a message is sure to make.

    A button called "other" means something else within its form, not support matters.
    """
    found = script.observed.recognised
    if found is None or not found.sure or found.intent is Intent.OTHER:
        return None
    if script.stack and script.stack[script.form_at()].flow == found.intent.value:
        # A request of the form's own kind is no answer: a parent asks, and is no "other guardian".
        return None
    return next((choice for choice, _ in offered if choice.id == found.intent.value), None)


def told(script: Script, text: str, offered: Offered) -> Choice | None:
    """Return the one past event that a message describes: "the muting, six days ago".

    If there is only one, pointing at it is enough, and so is saying what should be done about it,
    which is asked next.
    """
    entities = script.observed.entities
    happened = [(choice, label) for choice, label in offered if choice.key in _HAPPENED]
    every = _named(offered, ALL)
    if every is not None and happened and entities.get("all_of_them"):
        return every
    pointed = placed(entities, [choice for choice, _ in happened])
    if pointed is not None:
        return pointed
    named = _only(choice for choice, label in happened if share_words(text, label))
    if named is None and (
        "that_one" in reading.phrases_of(script.observed.entities)
        or ((len(text) <= _POINTS or _only_answers(script)) and _answers_later(script, offered))
    ):
        return _only(choice for choice, _ in happened)
    return named


def pointed(script: Script, offered: Offered) -> Choice | None:
    """Return the login method, of several, that words point at by its place: 最后那个."""
    ways = [choice for choice, _ in offered if choice.key in _WAYS]
    return placed(script.observed.entities, ways) if len(ways) > 1 else None


def rest(script: Script, offered: Offered) -> Choice | None:
    """Return the one button left over if everything but the others is meant."""
    entities = script.observed.entities
    stays = staying(entities)
    if not stays or not says_everything(entities):
        return None
    return _only(
        choice
        for choice, _ in offered
        if choice.id not in stays and not choice.id.startswith(("desk:", "_"))
    )


def _only_answers(script: Script) -> bool:
    """Whether a message says nothing but what a button of the open form does."""
    form = script.stack[script.form_at()].flow
    said = script.observed.entities.get("answer_alone", ())
    return any(str(key).startswith(f"{form}.") for key in said)


def _answers_later(script: Script, offered: Offered) -> bool:
    """Whether a message matches a button of another question of the open form."""
    if _is_spoken_of(script, offered):
        return False
    form = script.stack[script.form_at()].flow
    answers = script.observed.entities.get("answer", ())
    return any(str(key).startswith(f"{form}.") for key in answers)


def _only(choices: Iterable[Choice]) -> Choice | None:
    found = list(choices)
    return found[0] if len(found) == 1 else None
