"""Replies of the corpus name steps that there are, and acts that ``corpus/README.md`` explains."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from privacydesk.data import dialog_files
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Ask, Confirm

CORPUS = Path(__file__).parents[3] / "corpus"


def test_replies_are_given_at_steps_that_ask_and_do_what_is_explained() -> None:
    files = {name: text for name, text in dialog_files().items() if "/stories/" not in name}
    asking = {
        f"{flow.name}.{step.id}"
        for flow in read_flows(files).values()
        for step in flow.steps.values()
        if isinstance(step, (Ask, Confirm))
    }
    explained = (CORPUS / "README.md").read_text("utf-8")
    acts: Counter[str] = Counter()
    for file in sorted((CORPUS / "replies").glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            reply = json.loads(line)
            assert reply["place"] in asking, f"{file.name}, line {number}"
            assert reply["text"].strip(), f"{file.name}, line {number}"
            acts.update(reply["acts"])
    assert len(acts) == 25
    assert all(f"`{act}`" in explained for act in acts)
    assert min(acts.values()) > 50
