"""A small desk that is right in every way, for tests that break it in one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from privacydesk.dialog.checks.texts import keys_used
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Ask, Confirm, Flow, Say
from privacydesk.domain.intents import Intent

UNBINDING = """\
flow: unbinding
intents: [unbinding]
kind: unbinding
slots:
  provider: {type: provider}
  mood: {type: choice}
start: intro
steps:
  intro: {say: unbinding.intro, then: verify}
  verify:
    call: verify
    with: {level: one_time_code}
    on: {done: list, refused: stopped}
  list:
    do: read_bindings
    on: {ok: which, none: nothing, unavailable: nothing}
  which:
    ask: provider
    text: unbinding.which
    options: bindings
    skip: unbinding.skip
    on: {answered: last_way, skipped: stopped}
  last_way:
    branch: last_login_way
    on: {yes: nothing, no: mood}
  mood:
    ask: mood
    text: unbinding.mood
    choices:
      - {value: sure, text: unbinding.mood_sure, style: primary}
    retry: unbinding.mood_retry
    on: {answered: sure}
  sure:
    confirm: unbinding.sure
    card: warning
    args: [provider]
    yes: unbinding.sure_yes
    no: unbinding.sure_no
    on: {yes: file, no: stopped}
  file: {do: file_ticket, on: {filed: filed}}
  filed: {say: unbinding.filed, args: [ticket], then: end}
  nothing: {say: unbinding.nothing, then: end}
  end: {end: done}
  stopped: {end: refused}
"""

VERIFY = """\
flow: verify
slots:
  level: {type: internal}
  code: {type: code}
start: known
steps:
  known:
    branch: is_verified
    with: {level: $level}
    on: {yes: done, no: send}
  send:
    do: send_code
    with: {to: account_phone}
    on:
      sent: enter
      wait: enter
      capped: refused
      too_many: refused
      crowded: refused
      no_phone: refused
      unavailable: refused
  enter:
    ask: code
    text: verify.enter
    skip: verify.skip
    on: {answered: check, skipped: refused}
  check:
    do: check_code
    with: {to: account_phone}
    on: {right: document, wrong: enter, spent: send, expired: send, none_open: send}
  document:
    branch: slot_is
    with: {slot: level, value: document_checked}
    on: {yes: refused, no: done}
  done: {end: done}
  refused: {end: refused}
"""

CONFIRM_CLOSING = """\
flow: confirm_closing
slots:
  ticket: {type: internal}
start: verify
steps:
  verify:
    call: verify
    with: {level: one_time_code}
    on: {done: sure, refused: end}
  sure:
    confirm: confirm_closing.sure
    exact: true
    yes: confirm_closing.sure_yes
    no: confirm_closing.sure_no
    on: {yes: close, no: end}
  close:
    do: confirm_closing
    on: {ok: end, on_hold: end, too_late: end}
  end: {end: done}
"""

EVIDENCE_AGAIN = """\
flow: evidence_again
slots:
  ticket: {type: internal}
  evidence: {type: evidence}
start: files
steps:
  files:
    ask: evidence
    text: evidence_again.files
    on: {answered: attach}
  attach:
    do: attach_evidence
    on: {ok: end, too_late: end}
  end: {end: done}
"""

ANSWER_REQUEST = """\
flow: answer_request
slots:
  ticket: {type: internal}
  evidence: {type: evidence}
  answer: {type: reply}
start: answer
steps:
  answer:
    ask: answer
    text: answer_request.answer
    on: {answered: give}
  give:
    do: answer_request
    on: {ok: end, too_late: end}
  end: {end: done}
"""

FILED_FOR = """\
flow: filed_for
slots:
  ticket: {type: internal}
  answers: {type: internal}
  words: {type: internal}
  wanted: {type: choice}
start: wanted
steps:
  wanted:
    ask: wanted
    text: filed_for.wanted
    choices:
      - {value: "yes", text: filed_for.yes}
    on: {answered: take_up}
  take_up:
    do: take_up_request
    on: {ok: end, too_late: end}
  end: {end: done}
"""

NOT_SATISFIED = """\
flow: not_satisfied
slots:
  ticket: {type: internal}
  comment: {type: long_text}
start: comment
steps:
  comment:
    ask: comment
    text: satisfaction.comment
    on: {answered: keep}
  keep:
    do: keep_comment
    on: {ok: end, too_late: end}
  end: {end: done}
"""

ADD_MATERIAL = """\
flow: add_material
slots:
  ticket: {type: internal}
  purpose: {type: internal}
  words: {type: message}
start: words
steps:
  words:
    ask: words
    text: add_material.question
    on: {answered: give}
  give:
    do: add_material
    on: {ok: end, too_late: end}
  end: {end: done}
"""

PACKAGE = """\
flow: package
slots:
  number: {type: internal}
  file: {type: internal}
  ticket: {type: internal}
  code: {type: code}
start: find
steps:
  find: {do: find_package, on: {ok: code, too_late: end, unknown: end}}
  code:
    ask: code
    text: package.code
    on: {answered: check}
  check:
    do: check_code
    with: {to: ticket_contact}
    on: {right: open, wrong: code, spent: code, expired: code, none_open: code}
  open: {do: open_package, on: {ok: end, too_late: end, refused: code}}
  end: {end: done}
"""

_OTHERS = sorted(
    set(Intent) - {Intent.UNBINDING, Intent.SMALLTALK, Intent.OTHER},
    key=lambda intent: intent.value,
)

REST = f"""\
flow: rest
intents: [{", ".join(intent.value for intent in _OTHERS)}]
start: hello
steps:
  hello: {{say: rest.hello, then: end}}
  end: {{end: done}}
"""

GOOD: Mapping[str, str] = {
    "dialogs/unbinding.yaml": UNBINDING,
    "dialogs/verify.yaml": VERIFY,
    "dialogs/add_material.yaml": ADD_MATERIAL,
    "dialogs/confirm_closing.yaml": CONFIRM_CLOSING,
    "dialogs/evidence_again.yaml": EVIDENCE_AGAIN,
    "dialogs/answer_request.yaml": ANSWER_REQUEST,
    "dialogs/filed_for.yaml": FILED_FOR,
    "dialogs/not_satisfied.yaml": NOT_SATISFIED,
    "dialogs/package.yaml": PACKAGE,
    "dialogs/rest.yaml": REST,
}


def broken(file: str, *changes: tuple[str, str]) -> dict[str, str]:
    """Return the desk with passages of one file exchanged; each must be there."""
    name = f"dialogs/{file}.yaml"
    text = GOOD[name]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**GOOD, name: text}


def line_of(files: Mapping[str, str], file: str, start: str) -> int:
    """Return the line of the first line that begins with ``start`` after its indentation."""
    for number, line in enumerate(files[f"dialogs/{file}.yaml"].splitlines(), start=1):
        if re.match(rf"\s*{re.escape(start)}", line):
            return number
    raise AssertionError(start)


def catalog_keys(flows: Mapping[str, Flow] | None = None) -> dict[str, dict[str, frozenset[str]]]:
    """Return catalogs in which every sentence shows what its step hands it."""
    found: dict[str, frozenset[str]] = {}
    for flow in (flows or read_flows(GOOD)).values():
        for step in flow.steps.values():
            keys = keys_used(flow, step)
            found |= {key: frozenset() for key in keys[1:]}
            if isinstance(step, (Say, Ask, Confirm)):
                found[keys[0]] = frozenset(step.args)
    return {locale: dict(found) for locale in ("zh_Hans", "zh_Hant", "en")}
