from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType

import pytest

from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.lexicon_files import lexicon_from, read_lexicon
from privacydesk.understanding.names import Names

_FOLDER = files("privacydesk.understanding") / "lexicon"
SHIPPED = MappingProxyType(
    {
        name: (_FOLDER / name).read_text("utf-8")
        for name in ("names.yaml", "commands.yaml", "intents.yaml", "answers.yaml")
    }
)


def test_each_value_that_a_slot_may_hold_has_words() -> None:
    names = read_lexicon().names
    assert set(names["provider"]) == {one.value for one in Provider}
    assert set(names["category"]) == {one.value for one in DataCategory}
    assert set(names["profile_field"]) == {one.value for one in ProfileField}
    purposes = {one.value for one in ConsentPurpose} | set(DEVICE_PERMISSIONS)
    assert set(names["purpose"]) == purposes


def test_each_intent_has_rules_and_exact_words() -> None:
    lexicon = read_lexicon()
    assert {rule.intent for rule in lexicon.rules} == set(Intent)
    assert set(lexicon.exact) == set(Intent)


def test_no_message_is_the_exact_word_of_two_intents() -> None:
    exact = read_lexicon().exact
    words = [word for listed in exact.values() for word in set(listed)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("names.yaml", "provider:", "providers:", "names.yaml"),
        ("names.yaml", "[微信,", "[yes,", "provider.wechat"),
        ("intents.yaml", "all: [see, item]", "all: [seee, item]", "seee"),
        ("intents.yaml", "all: [see, item]", "any: [see, item]", "rules.access"),
        ("intents.yaml", "  access:\n    - {", "  acces:\n    - {", "rules.acces"),
        ("intents.yaml", "from: [category]", "from: [categories]", "concepts.item"),
        ("intents.yaml", "negatable: true", "negateable: true", "concepts.close"),
        ("commands.yaml", "commands:", "commands: [", "commands.yaml"),
    ],
)
def test_a_wrong_lexicon_names_the_file_or_the_place(
    file: str, old: str, new: str, named: str
) -> None:
    assert old in SHIPPED[file]
    texts = {**SHIPPED, file: SHIPPED[file].replace(old, new, 1)}
    with pytest.raises(SettingsError, match=named):
        lexicon_from(texts)


def test_a_value_that_no_slot_holds_is_refused() -> None:
    names = SHIPPED["names.yaml"].replace("  wechat:", "  wechatt:", 1)
    with pytest.raises(SettingsError, match="wechatt"):
        Names(lexicon_from({**SHIPPED, "names.yaml": names}))
