from __future__ import annotations

from pathlib import Path

from privacydesk.cli.dialogs import current_template
from privacydesk.data import TEMPLATE
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.extract import collect, template
from privacydesk.i18n.families import family_keys

CODE = '''
"""Says desk.in_docs."""
MENU_KEYS = ("desk.menu", "desk.more")
PAGE_STRINGS = {"page.title": (), "page.end": ("x",)}
def run(script, kind):
    script.say("desk.hello", {"a": "not.marked"})
    script.say("desk.yes" if kind else "desk.no")
    return "known.key", f"provider.{kind}", "unknown.key", f"{kind}.x"
'''


def keys_of(sources: dict[str, str], known: set[str]) -> dict[str, set[str]]:
    used = collect({"dialogs/a.yaml": ["a.b"]}, sources, known)
    return {key: files for key, files in used.keys.items() if key not in set(family_keys())}


def test_keys_are_found_in_flows_code_and_templates() -> None:
    page = """<h1 data-t="head.line">{{ t("head.line") }}</h1><a data-t-title='log.hint'>"""

    found = keys_of(
        {"src/x.py": CODE, "src/x.html": page},
        {"known.key", "desk.in_docs", "desk.other", "provider.qq"},
    )

    assert found.pop("a.b") == {"dialogs/a.yaml"}
    assert found.pop("web.head.line") == found.pop("web.log.hint") == {"src/x.html"}
    assert set(found) == {
        "desk.menu",
        "desk.more",
        "web.page.title",
        "web.page.end",
        "desk.hello",
        "desk.yes",
        "desk.no",
        "known.key",
    }


def test_a_key_completed_at_run_time_marks_all_that_begin_so() -> None:
    used = collect({}, {"x.py": 'say(f"ticket.done.{kind}")'}, {"ticket.done.a", "ticket.b"})

    assert "ticket.done.a" in used.keys
    assert "ticket.b" not in used.keys


def test_members_of_closed_lists_are_in_use() -> None:
    used = collect({}, {}, ())

    assert {"provider.google", "kind.access", "ground.law", "ticket.state.closed"} <= set(used.keys)


def test_the_template_is_a_po_file_with_each_key_once_in_order() -> None:
    used = collect({"dialogs/a.yaml": ["b.b", "a.b"], "dialogs/b.yaml": ["a.b"]}, {}, ())

    text = template(used, plural={"b.b"})

    assert '#: dialogs/a.yaml\n#: dialogs/b.yaml\nmsgid "a.b"\nmsgstr ""\n' in text
    assert 'msgid "b.b"\nmsgid_plural "b.b"\nmsgstr[0] ""\n' in text
    assert text.index('"a.b"') < text.index('"b.b"')
    catalog = Catalogs.load({"en": {"m.po": text}}).catalog("en")
    assert {fault.what for fault in catalog.faults} == {
        "the translation is empty",
    }


def test_the_template_is_the_same_whatever_the_order() -> None:
    one = template(collect({"a": ["x.y"], "b": ["x.z"]}, {}, ()))
    two = template(collect({"b": ["x.z"], "a": ["x.y"]}, {}, ()))

    assert one == two


def test_the_shipped_template_is_fresh() -> None:
    shipped = Path(__file__).parents[3] / "locales" / TEMPLATE
    assert shipped.read_text("utf-8") == current_template()
