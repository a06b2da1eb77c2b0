"""Each key has a sentence in every locale, showing what the step hands it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import Ask, Confirm, Flow, Say, Step, card_keys, keys_of, spoken

CatalogKeys = Mapping[str, Mapping[str, frozenset[str]]]
"""Locale to key to the placeholders of its sentence."""


def keys_used(flow: Flow, step: Step) -> tuple[str, ...]:
    """Return the keys a step uses, its own sentence first, including the implied one."""
    keys = keys_of(step)
    if isinstance(step, Ask) and not step.retry and step.slot in flow.slots:
        return (*keys, f"desk.retry.{flow.slots[step.slot].type}")
    return keys


def check_texts(flows: Mapping[str, Flow], catalogs: CatalogKeys) -> Iterator[DialogFault]:
    """Yield what is wrong between steps and their sentences."""
    for flow in flows.values():
        for step in spoken(flow):
            for what, remedy in _check_step(flow, step, catalogs):
                yield DialogFault(flow.source, flow.lines.get(step.id, 0), step.id, what, remedy)
        for key in card_keys(flow):
            missing = [locale for locale, known in catalogs.items() if key not in known]
            if missing:
                what = f"key {key!r} of a card is missing in {', '.join(missing)}"
                yield DialogFault(flow.source, 1, "", what, "write its sentence there")
            for name in sorted(_shown(key, catalogs)):
                what = f"key {key!r} of a card shows {{{name}}}, which it is not given"
                yield DialogFault(flow.source, 1, "", what, "leave it out of this sentence")


def _check_step(flow: Flow, step: Step, catalogs: CatalogKeys) -> Iterator[tuple[str, str]]:
    keys = keys_used(flow, step)
    for key in dict.fromkeys(keys):
        missing = [locale for locale, known in catalogs.items() if key not in known]
        if missing:
            yield f"key {key!r} is missing in {', '.join(missing)}", "write its sentence there"
        shown = {locale: known[key] for locale, known in catalogs.items() if key in known}
        if len(set(shown.values())) > 1:
            each = "; ".join(
                f"{locale} {{{', '.join(sorted(names))}}}" for locale, names in shown.items()
            )
            yield f"key {key!r} has different placeholders: {each}", "show the same in each"
    if not isinstance(step, (Say, Ask, Confirm)):
        return
    for at, key in enumerate(keys):
        # Only the step's own sentence is given arguments; buttons and retries are fixed words.
        given = frozenset(step.args) if at == 0 else frozenset[str]()
        for name in sorted(_shown(key, catalogs) - given):
            remedy = f"add args: [{name}]" if at == 0 else "leave it out of this sentence"
            yield f"key {key!r} shows {{{name}}}, which it is not given", remedy
    if any(keys[0] in known for known in catalogs.values()):
        for name in step.args:
            if name not in _shown(keys[0], catalogs):
                what = f"argument {name!r} is not shown by {keys[0]!r}"
                yield what, f"show {{{name}}} or leave it out of args"


def _shown(key: str, catalogs: CatalogKeys) -> frozenset[str]:
    return frozenset[str]().union(*(known.get(key, ()) for known in catalogs.values()))
