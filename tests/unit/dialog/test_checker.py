from __future__ import annotations

import pytest
from tests.unit.dialog.flows import GOOD, UNBINDING, broken, catalog_keys, line_of

from privacydesk.dialog.checker import check, check_against
from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.reader import read_flows


def steps(*lines: str) -> str:
    """Return steps below each other as they stand in a flow."""
    return "\n  ".join(lines)


def faults_of(files: dict[str, str]) -> tuple[DialogFault, ...]:
    flows = read_flows(files)
    return check(flows, catalog_keys(flows))


def test_a_good_desk_has_no_faults() -> None:
    assert faults_of(dict(GOOD)) == ()


BROKEN: list[tuple[str, str, list[tuple[str, str]], str, str]] = [
    # name, file, changes, step, what
    (
        "a step nothing leads to",
        "unbinding",
        [("  end: {end: done}", "  lost: {say: unbinding.lost, then: end}\n  end: {end: done}")],
        "lost",
        "it can't be reached",
    ),
    (
        "a step without an end after it",
        "unbinding",
        [
            (
                "{say: unbinding.nothing, then: end}",
                steps(
                    "{say: unbinding.nothing, then: mute}",
                    "mute: {say: unbinding.mute, then: nothing}",
                ),
            )
        ],
        "mute",
        "no end can be reached from here",
    ),
    (
        "a step without a person after it",
        "unbinding",
        [
            (
                "{say: unbinding.nothing, then: end}",
                steps(
                    "{say: unbinding.nothing, then: mute}",
                    "mute: {say: unbinding.mute, then: nothing}",
                ),
            )
        ],
        "nothing",
        "no person can be asked for from here",
    ),
    (
        "a cycle that waits for nobody",
        "unbinding",
        [
            (
                "on: {yes: nothing, no: mood}",
                steps(
                    "on: {yes: again, no: mood}", "again: {say: unbinding.again, then: last_way}"
                ),
            )
        ],
        "last_way",
        "the cycle last_way → again → last_way waits for nobody",
    ),
    (
        "a cycle through a call that may answer at once",
        "unbinding",
        [
            (
                "on: {done: list, refused: stopped}",
                steps(
                    "on: {done: once_more, refused: stopped}",
                    "once_more: {branch: has_session, on: {yes: verify, no: list}}",
                ),
            )
        ],
        "verify",
        "the cycle verify → once_more → verify waits for nobody",
    ),
    (
        "a cycle through an action that only seems to wait",
        "verify",
        [("wait: enter", "wait: send")],
        "send",
        "the cycle send → send waits for nobody",
    ),
    (
        "a destructive effect without a confirm",
        "unbinding",
        [("{yes: nothing, no: mood}", "{yes: file, no: mood}")],
        "file",
        "without a confirmation by way of intro → verify → list → which → last_way → file",
    ),
    (
        "a no that is taken for a yes",
        "unbinding",
        [("{yes: file, no: stopped}", "{yes: file, no: file}")],
        "file",
        "reached without a confirmation",
    ),
    (
        "the last word said in any words",
        "confirm_closing",
        [("    exact: true\n", "")],
        "close",
        "confirm_closing may be confirmed in any words",
    ),
    (
        "an ask between confirm and effect",
        "unbinding",
        [
            ("{yes: nothing, no: mood}", "{yes: nothing, no: sure}"),
            ("{yes: file, no: stopped}", "{yes: mood, no: stopped}"),
            ("{answered: sure}", "{answered: file}"),
        ],
        "file",
        "reached without a confirmation",
    ),
    (
        "one confirm for two destructive effects",
        "confirm_closing",
        [
            (
                "on: {ok: end, on_hold: end, too_late: end}",
                steps(
                    "on: {ok: twice, on_hold: end, too_late: end}",
                    "twice: {do: confirm_closing, on: {ok: end, on_hold: end, too_late: end}}",
                ),
            )
        ],
        "twice",
        "confirm_closing is destructive and reached without a confirmation",
    ),
    (
        "a link to a file without a code of its own",
        "package",
        [("{ok: code, too_late: end, unknown: end}", "{ok: open, too_late: end, unknown: end}")],
        "open",
        "open_package is reached without a code to the contact",
    ),
    (
        "an effect without assurance",
        "unbinding",
        [("refused: stopped}", "refused: which}")],
        "file",
        "file_ticket is reached without one_time_code by way of intro → verify → which",
    ),
    (
        "an effect with too little assurance",
        "unbinding",
        [("level: one_time_code", "level: app_session")],
        "file",
        "file_ticket is reached without one_time_code",
    ),
    (
        "a reading without assurance",
        "unbinding",
        [
            ("start: intro", "start: list"),
            ("  intro: {say: unbinding.intro, then: verify}\n", ""),
            ("ok: which", "ok: verify"),
            ("done: list", "done: which"),
        ],
        "list",
        "read_bindings is reached without app_session",
    ),
    (
        "a session that was not asked for",
        "unbinding",
        [
            (
                "{say: unbinding.nothing, then: end}",
                "{do: list_requests, on: {some: end, none: end}}",
            ),
            ("refused: stopped}", "refused: nothing}"),
        ],
        "nothing",
        "list_requests is reached without a session",
    ),
    (
        "a verify that says done to anybody",
        "verify",
        [("skipped: refused", "skipped: done")],
        "done",
        "it says done without having shown the level asked for",
    ),
    (
        "a verify that lets a code pass for a document",
        "verify",
        [("on: {yes: refused, no: done}", "on: {yes: done, no: done}")],
        "done",
        "it says done without having shown the level asked for",
    ),
    (
        "a slot shown before it is asked",
        "unbinding",
        [("{say: unbinding.intro,", "{say: unbinding.intro, args: [provider],")],
        "intro",
        "its text shows slot 'provider', which is empty by way of intro",
    ),
    (
        "a slot shown although it may be skipped",
        "unbinding",
        [("skipped: stopped", "skipped: mood")],
        "sure",
        "its text shows slot 'provider', which is empty",
    ),
    (
        "a slot read before it is asked",
        "unbinding",
        [("ok: which", "ok: last_way")],
        "last_way",
        "last_login_way reads slot 'provider', which is empty",
    ),
    (
        "options that nothing has read",
        "unbinding",
        [("unavailable: nothing", "unavailable: which")],
        "which",
        "its options read slot 'bindings', which is empty",
    ),
]


@pytest.mark.parametrize(
    ("file", "changes", "step", "what"),
    [case[1:] for case in BROKEN],
    ids=[case[0] for case in BROKEN],
)
def test_each_broken_promise_is_named_with_file_line_step_and_remedy(
    file: str, changes: list[tuple[str, str]], step: str, what: str
) -> None:
    files = broken(file, *changes)

    found = [fault for fault in faults_of(files) if what in fault.what and fault.step == step]

    assert found, "\n".join(map(str, faults_of(files)))
    assert found[0].file == f"dialogs/{file}.yaml"
    assert found[0].line == line_of(files, file, f"{step}:")
    assert found[0].remedy


def test_flows_that_call_each_other_in_a_circle_are_a_fault() -> None:
    files = broken(
        "verify",
        (
            "refused: {end: refused}",
            steps("refused: {call: unbinding, on: {done: no, refused: no}}", "no: {end: refused}"),
        ),
    )

    whats = [fault.what for fault in faults_of(files)]

    assert "flows call each other in a circle: unbinding → verify → unbinding" in whats


def test_an_intent_without_a_flow_and_a_missing_desk_flow_are_faults() -> None:
    files = broken("rest", ("complaint, ", ""))
    del files["dialogs/confirm_closing.yaml"]

    whats = [fault.what for fault in faults_of(files)]

    assert whats == [
        "flow 'confirm_closing' is missing, which the desk begins by itself",
        "no flow has the intent 'complaint'",
    ]


def test_either_a_session_or_a_proven_contact_suffices_for_a_complaint() -> None:
    contact = """\
flow: verify_contact
slots: {contact: {type: contact}, code: {type: code}}
returns: [contact]
start: where
steps:
  where: {ask: contact, text: verify_contact.where, on: {answered: send}}
  send:
    do: send_code
    with: {to: contact}
    on:
      sent: enter
      wait: enter
      capped: no
      too_many: no
      crowded: no
      no_phone: no
      unavailable: no
  enter: {ask: code, text: verify_contact.enter, on: {answered: check}}
  check:
    do: check_code
    with: {to: contact}
    on: {right: yes, wrong: enter, spent: no, expired: no, none_open: no}
  yes: {end: done}
  no: {end: refused}
"""
    complaint = """\
flow: complaint
intents: [complaint]
kind: complaint
start: who
steps:
  who: {branch: has_session, on: {yes: file, no: contact}}
  contact: {call: verify_contact, on: {done: file, refused: end}}
  file: {do: file_ticket, on: {filed: end}}
  end: {end: done}
"""
    files = {
        **broken("rest", ("complaint, ", "")),
        "dialogs/complaint.yaml": complaint,
        "dialogs/verify_contact.yaml": contact,
    }
    assert faults_of(files) == ()

    files["dialogs/complaint.yaml"] = complaint.replace("refused: end", "refused: file")
    (fault,) = faults_of(files)
    assert fault.step == "file"
    assert "without a session or a proven contact by way of who → contact → file" in fault.what

    files["dialogs/complaint.yaml"] = complaint
    files["dialogs/verify_contact.yaml"] = contact.replace("spent: no", "spent: yes")
    assert [fault.step for fault in faults_of(files)] == ["yes"]


def test_what_one_caller_has_shown_does_not_help_another() -> None:
    inner = """\
flow: inner
start: read
steps:
  read: {do: read_profile, on: {ok: end, not_found: end, unavailable: end}}
  end: {end: done}
"""
    shown = ("{say: unbinding.filed, args: [ticket], then: end}", "{call: inner, on: {done: end}}")
    files = {**broken("unbinding", shown), "dialogs/inner.yaml": inner}
    assert faults_of(files) == ()

    files |= {"dialogs/rest.yaml": GOOD["dialogs/rest.yaml"].replace(
        "{say: rest.hello, then: end}", "{call: inner, on: {done: end}}")}  # fmt: skip
    assert [(fault.file, fault.step) for fault in faults_of(files)] == [
        ("dialogs/inner.yaml", "read")
    ]


def test_texts_are_held_against_every_locale() -> None:
    flows = read_flows(GOOD)
    catalogs = catalog_keys(flows)
    del catalogs["en"]["unbinding.nothing"]
    catalogs["en"]["unbinding.sure"] = frozenset()
    catalogs["zh_Hans"]["unbinding.mood_sure"] = frozenset({"provider"})
    for locale in catalogs.values():
        locale["unbinding.filed"] = frozenset({"due"})
        del locale["desk.retry.provider"]

    told = {(fault.step, fault.what) for fault in check(flows, catalogs)}

    assert ("nothing", "key 'unbinding.nothing' is missing in en") in told
    assert (
        "sure",
        (
            "key 'unbinding.sure' has different placeholders: zh_Hans {provider};"
            " zh_Hant {provider}; en {}"
        ),
    ) in told
    assert ("mood", "key 'unbinding.mood_sure' shows {provider}, which it is not given") in told
    assert ("filed", "key 'unbinding.filed' shows {due}, which it is not given") in told
    assert ("filed", "argument 'ticket' is not shown by 'unbinding.filed'") in told
    assert (
        "which",
        "key 'desk.retry.provider' is missing in zh_Hans, zh_Hant, en",
    ) in told


def test_steps_that_a_new_version_removed_need_a_moved_entry() -> None:
    old = read_flows(GOOD)
    files = broken("unbinding", ("no: mood}", "no: sure}"), (_mood_step(), ""))
    (fault,) = check_against(old, read_flows(files))
    assert (fault.file, fault.step) == ("dialogs/unbinding.yaml", "mood")
    assert "moved: {mood:" in fault.remedy

    moved = ("start: intro\n", "start: intro\nmoved: {mood: sure}\n")
    files = broken("unbinding", ("no: mood}", "no: sure}"), (_mood_step(), ""), moved)
    assert check_against(old, read_flows(files)) == ()


def test_a_flow_that_a_new_version_removed_is_a_fault() -> None:
    new = {name: text for name, text in GOOD.items() if "rest" not in name}

    (fault,) = check_against(read_flows(GOOD), read_flows(new))

    assert fault.what == "flow 'rest' is gone, and conversations may stand in it"


def _mood_step() -> str:
    start = UNBINDING.index("  mood:\n")
    return UNBINDING[start : UNBINDING.index("  sure:\n")]
