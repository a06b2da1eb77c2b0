from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dialog.flows import GOOD, UNBINDING, broken, line_of

from privacydesk.dialog.reader import DialogInvalidError, read_flow, read_flows
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do
from privacydesk.domain.events import ChoiceStyle
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.errors import ErrorCode


def test_a_flow_becomes_values_with_the_lines_of_its_steps() -> None:
    flow = read_flows(GOOD)["unbinding"]

    assert flow.intents == (Intent.UNBINDING,)
    assert flow.kind is RequestKind.UNBINDING
    assert flow.start == "intro"
    assert flow.source == "dialogs/unbinding.yaml"
    assert flow.lines["verify"] == line_of(GOOD, "unbinding", "verify:")
    call, ask, confirm, do = (flow.steps[name] for name in ("verify", "mood", "sure", "file"))
    assert isinstance(call, Call)
    assert call.params == {"level": "one_time_code"}
    assert isinstance(ask, Ask)
    assert ask.choices[0].style is ChoiceStyle.PRIMARY
    assert isinstance(confirm, Confirm)
    assert confirm.args == ("provider",)
    assert isinstance(do, Do)


def test_yes_no_on_and_off_are_words_and_true_and_numbers_are_not() -> None:
    text = """\
flow: words
slots: {it: {type: choice}}
start: a
steps:
  a: {branch: slot_is, with: {slot: it, value: off}, on: {yes: b, no: c}}
  b: {ask: it, text: words.b, many: true, choices: [{value: 3, text: w.3}], on: {answered: c}}
  c: {end: done}
"""
    flow = read_flow(text, "words.yaml")

    branch, ask = flow.steps["a"], flow.steps["b"]
    assert isinstance(branch, Branch)
    assert branch.params["value"] == "off"
    assert set(branch.on) == {"yes", "no"}
    assert isinstance(ask, Ask)
    assert ask.many is True
    assert ask.choices[0].value == "3"
    three = read_flow(text.replace("value: off", "value: 3"), "words.yaml").steps["a"]
    assert isinstance(three, Branch)
    assert three.params["value"] == "3"


def test_one_flow_can_be_read_without_those_it_calls() -> None:
    assert read_flow(UNBINDING, "unbinding.yaml").name == "unbinding"


FAULTS: list[tuple[str, str, str, str, str, str]] = [
    # name, old, new, where the fault lies, step, what
    ("unknown key in a flow", "kind: unb", "kinds: unb", "kinds", "", "'kinds' is not known"),
    (
        "unknown key in a step",
        "    options: bindings",
        "    optionz: bindings",
        "optionz",
        "which",
        "'optionz' is not known",
    ),
    (
        "two kinds",
        "nothing: {say: unbinding.nothing,",
        "nothing: {say: unbinding.nothing, end: done,",
        "nothing:",
        "nothing",
        "it has two kinds, say and end",
    ),
    ("no kind", "end: {end: done}", "end: {}", "end: {}", "end", "it has no kind"),
    (
        "missing outcome",
        "{yes: file, no: stopped}",
        "{yes: file}",
        "on: {yes: file}",
        "sure",
        "outcome 'no' is missing",
    ),
    (
        "extra outcome",
        "{yes: file, no: stopped}",
        "{yes: file, no: stopped, maybe: file}",
        "on: {yes: file",
        "sure",
        "outcome 'maybe' can't happen here",
    ),
    (
        "skipped without skip",
        "    skip: unbinding.skip\n",
        "",
        "on: {answered: last_way",
        "which",
        "outcome 'skipped' can't happen here",
    ),
    (
        "while without gone",
        "    skip: unbinding.skip\n",
        "    skip: unbinding.skip\n    while: has_session\n",
        "on: {answered: last_way",
        "which",
        "outcome 'gone' is missing",
    ),
    (
        "while of a guard that says something else",
        "    skip: unbinding.skip\n",
        "    skip: unbinding.skip\n    while: child_age\n",
        "while: child_age",
        "which",
        "no guard 'child_age' says yes or no",
    ),
    (
        "missing end of a called flow",
        "{done: list, refused: stopped}",
        "{done: list}",
        "verify:",
        "verify",
        "outcome 'refused' is missing",
    ),
    (
        "end that the called flow lacks",
        "{done: list, refused: stopped}",
        "{done: list, refused: stopped, locked: stopped}",
        "verify:",
        "verify",
        "outcome 'locked' can't happen here",
    ),
    ("missing on", "    on: {yes: file, no: stopped}\n", "", "sure:", "sure", "'on' is missing"),
    (
        "unknown action",
        "do: file_ticket",
        "do: file_tickets",
        "file:",
        "file",
        "action 'file_tickets' is unknown",
    ),
    (
        "unknown guard",
        "branch: last_login_way",
        "branch: last_way",
        "branch:",
        "last_way",
        "guard 'last_way' is unknown",
    ),
    (
        "unknown slot type",
        "{type: provider}",
        "{type: providers}",
        "provider:",
        "",
        "slot 'provider' has the unknown type 'providers'",
    ),
    (
        "unknown options",
        "options: bindings",
        "options: binding",
        "options:",
        "which",
        "options 'binding' are unknown",
    ),
    (
        "unknown flow",
        "call: verify",
        "call: verifi",
        "verify:",
        "verify",
        "flow 'verifi' is unknown",
    ),
    (
        "unknown argument",
        "args: [provider]",
        "args: [supplier]",
        "sure:",
        "sure",
        "argument 'supplier' is unknown",
    ),
    (
        "unknown slot asked",
        "ask: mood",
        "ask: moot",
        "ask: moot",
        "mood",
        "it asks for slot 'moot', which is unknown",
    ),
    (
        "unknown slot handed over",
        "level: one_time_code",
        "level: $depth",
        "verify:",
        "verify",
        "slot 'depth' is unknown",
    ),
    (
        "unknown level",
        "level: one_time_code",
        "level: one_time",
        "verify:",
        "verify",
        "'level' can't be 'one_time'",
    ),
    (
        "unknown parameter of a call",
        "{level: one_time_code}",
        "{level: one_time_code, why: me}",
        "verify:",
        "verify",
        "flow 'verify' has no slot 'why'",
    ),
    (
        "unknown parameter of an action",
        "{do: file_ticket,",
        "{do: file_ticket, with: {fast: true},",
        "file:",
        "file",
        "file_ticket has no parameter 'fast'",
    ),
    ("start missing", "start: intro\n", "", "flow:", "", "'start' is missing"),
    (
        "start is no step",
        "start: intro",
        "start: introduction",
        "start:",
        "",
        "it starts at 'introduction', which is no step",
    ),
    (
        "target is no step",
        "{yes: file, no: stopped}",
        "{yes: file, no: stop}",
        "sure:",
        "sure",
        "'no' leads to 'stop', which is no step",
    ),
    ("unknown intent", "[unbinding]", "[unbind]", "intents:", "", "intent 'unbind' is unknown"),
    ("unknown kind", "kind: unbinding", "kind: unbind", "kind:", "", "kind 'unbind' is unknown"),
    (
        "filing without a kind",
        "kind: unbinding\n",
        "",
        "file:",
        "file",
        "file_ticket needs the request kind",
    ),
    (
        "bad style",
        "style: primary",
        "style: huge",
        "- {value: sure",
        "mood",
        "style 'huge' is unknown",
    ),
    ("bad card", "card: warning", "card: loud", "card:", "sure", "card 'loud' is unknown"),
    (
        "details without rows",
        "{say: unbinding.nothing,",
        "{say: unbinding.nothing, card: details,",
        "nothing:",
        "nothing",
        "card details has no rows",
    ),
    (
        "rows without details",
        "{say: unbinding.nothing,",
        "{say: unbinding.nothing, rows: bindings,",
        "nothing:",
        "nothing",
        "rows are shown by card details only",
    ),
    (
        "no locale key",
        "say: unbinding.nothing",
        'say: "There is nothing."',
        "nothing:",
        "nothing",
        "'say' is not a locale key",
    ),
    (
        "file name differs",
        "flow: unbinding",
        "flow: unbind",
        "flow:",
        "",
        "the flow is called 'unbind' and its file 'unbinding'",
    ),
    (
        "choices missing for a choice",
        "    choices:\n      - {value: sure, text: unbinding.mood_sure, style: primary}\n",
        "",
        "ask: mood",
        "mood",
        "slot 'mood' takes choices and there are none",
    ),
    (
        "a choice offered twice",
        "style: primary}\n",
        "style: primary}\n      - {value: sure, text: unbinding.again}\n",
        "- {value: sure, text: unbinding.again",
        "mood",
        "choice 'sure' is offered twice",
    ),
    (
        "what is told has nowhere to go",
        "      - {value: sure, text: unbinding.mood_sure, style: primary}\n",
        "      - {value: other, text: unbinding.mood_sure}\n    told: nowhere\n",
        "told: nowhere",
        "mood",
        "what is told has no slot that takes any words",
    ),
    (
        "an internal slot asked",
        "mood: {type: choice}",
        "mood: {type: internal}",
        "ask: mood",
        "mood",
        "slot 'mood' is internal and never asked",
    ),
    (
        "many is no flag",
        "    options: bindings\n",
        "    options: bindings\n    many: often\n",
        "many:",
        "which",
        "'many' is neither true nor false",
    ),
    (
        "a key twice",
        "  end: {end: done}\n",
        "  end: {end: done}\n  end: {end: failed}\n",
        "end: {end: failed}",
        "",
        "'end' is written twice",
    ),
    (
        "moved to no step",
        "start: intro\n",
        "start: intro\nmoved: {before: after}\n",
        "moved:",
        "",
        "'before' moved to 'after', which is no step",
    ),
    (
        "left at no step",
        "start: intro\n",
        "start: intro\nleft: later\n",
        "left:",
        "",
        "it is left at 'later', which is no step",
    ),
    (
        "moved and still there",
        "start: intro\n",
        "start: intro\nmoved: {sure: which}\n",
        "moved:",
        "",
        "'sure' moved and is still a step",
    ),
    (
        "returns what it doesn't know",
        "start: intro\n",
        "start: intro\nreturns: [nobody]\n",
        "flow:",
        "",
        "it returns slot 'nobody', which is unknown",
    ),
    (
        "an end nobody knows",
        "end: {end: done}",
        "end: {end: happily}",
        "end: {end: happily}",
        "end",
        "no flow may end 'happily'",
    ),
    (
        "an anchor",
        "end: {end: done}",
        "end: &x {end: done}",
        "end: &x",
        "",
        "it uses an anchor or alias",
    ),
    ("a tag", "flow: unbinding", "flow: !!str unbinding", "flow:", "", "it uses a tag"),
    (
        "a card that asks no question",
        "kind: unbinding",
        "kind: unbinding\ncards:\n  - text: a.b\n    fields: [{ask: end, label: a.b}]",
        "fields: [",
        "",
        "the card asks 'end', which is no question of the flow",
    ),
    ("no YAML", "flow: unbinding", "flow: [unbinding", "intents", "", "it can't be read as YAML"),
]


@pytest.mark.parametrize(
    ("old", "new", "where", "step", "what"),
    [case[1:] for case in FAULTS],
    ids=[case[0] for case in FAULTS],
)
def test_each_fault_is_named_with_file_line_step_and_remedy(
    old: str, new: str, where: str, step: str, what: str
) -> None:
    files = broken("unbinding", (old, new))

    with pytest.raises(DialogInvalidError) as caught:
        read_flows(files)

    assert caught.value.code is ErrorCode.DIALOG_INVALID
    found = [fault for fault in caught.value.faults if what in fault.what]
    assert found, str(caught.value)
    fault = found[0]
    assert fault.file == "dialogs/unbinding.yaml"
    assert fault.step == step
    assert fault.line == line_of(files, "unbinding", where)
    assert fault.remedy
    place = f"dialogs/unbinding.yaml:{fault.line}: " + (f"step {step}: " if step else "")
    assert str(fault) == f"{place}{fault.what}. Remedy: {fault.remedy}."
    assert str(fault) in caught.value.message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- one\n- two\n", "the file is not a mapping"),
        ("word", "the file is not a mapping"),
        ("a: 1\n---\nb: 2\n", "it can't be read as YAML"),
        ("a: " + "[" * 30, "it nests too deeply"),
        ("a: " + "[" * 3000, "nest"),
        ('a: "\\UFFFFFFFF"', "character"),
        ("a: \x00", "a character that YAML doesn't allow"),
        ("? [a]\n: b\n", "a key is not a word"),
        ("x" * 1_000_001, "more than 1000000 characters"),
    ],
)
def test_a_file_that_is_no_flow_is_one_fault(text: str, what: str) -> None:
    with pytest.raises(DialogInvalidError) as caught:
        read_flow(text, "x.yaml")

    assert len(caught.value.faults) == 1
    assert what in caught.value.faults[0].what


def test_all_faults_of_all_files_are_found_in_one_go() -> None:
    files = broken("unbinding", ("card: warning", "card: loud"), ("do: file_ticket", "do: fly"))
    files["dialogs/rest.yaml"] = ""

    with pytest.raises(DialogInvalidError) as caught:
        read_flows(files)

    assert [(fault.file, fault.step) for fault in caught.value.faults] == [
        ("dialogs/rest.yaml", ""),
        ("dialogs/unbinding.yaml", "sure"),
        ("dialogs/unbinding.yaml", "file"),
    ]


def test_a_call_of_a_flow_that_could_not_be_read_is_no_fault_of_its_own() -> None:
    with pytest.raises(DialogInvalidError) as caught:
        read_flows({**GOOD, "dialogs/verify.yaml": "["})

    assert {fault.file for fault in caught.value.faults} == {"dialogs/verify.yaml"}


def test_two_flows_with_one_intent_are_a_fault() -> None:
    files = broken("rest", ("intents: [", "intents: [unbinding, "))

    with pytest.raises(DialogInvalidError, match="also starts flow 'rest'"):
        read_flows(files)


def test_two_files_with_one_flow_are_a_fault() -> None:
    with pytest.raises(DialogInvalidError, match=r"is also in dialogs/rest\.yaml"):
        read_flows({**GOOD, "more/rest.yaml": GOOD["dialogs/rest.yaml"].replace("[", "[", 1)})


_SCRAPS = st.sampled_from(
    [
        *UNBINDING.splitlines(keepends=True),
        "flow: ", "steps:\n", "  a: ", "{", "}", "[", "]", "- ", ": ", "\n", "  ", "'", '"', "|",
        "&a ", "*a", "!!binary ", "<<: ", "? ", "%YAML 9.9\n", "---\n", "...\n", "\t", "\ud800",
        "null", "1", "true", "say: a.b", "\u2028", "\x85", "\\U99999999",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(_SCRAPS, max_size=40).map("".join)))
def test_whatever_the_text_only_faults_are_raised(text: str) -> None:
    # Anything but a DialogInvalidError fails the test.
    with suppress(DialogInvalidError):
        read_flow(text, "any.yaml")
    with suppress(DialogInvalidError):
        read_flows({"any.yaml": text, **GOOD})


@settings(max_examples=200)
@given(st.data())
def test_a_good_flow_with_lines_lost_or_doubled_only_raises_faults(data: st.DataObject) -> None:
    lines = UNBINDING.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = data.draw(st.sampled_from([[], [lines[at]] * 2, [lines[at][2:]]]))
    with suppress(DialogInvalidError):
        read_flows({**GOOD, "dialogs/unbinding.yaml": "".join(lines)})
