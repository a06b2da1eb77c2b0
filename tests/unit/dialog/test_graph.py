from __future__ import annotations

from tests.unit.dialog.flows import GOOD

from privacydesk.dialog.graph import mermaid
from privacydesk.dialog.reader import read_flows


def test_a_flow_is_drawn_with_every_step_and_outcome() -> None:
    flow = read_flows(GOOD)["unbinding"]

    drawn = mermaid(flow)

    assert drawn.startswith("flowchart TD\n")
    assert '  start(("unbinding")) --> s_intro\n' in drawn
    assert all(f"  s_{name}" in drawn for name in flow.steps)
    assert '  s_sure -->|"yes"| s_file\n' in drawn
    assert '  s_list -->|"none, unavailable"| s_nothing\n' in drawn
    assert "  s_intro --> s_verify\n" in drawn


def test_waiting_and_destructive_steps_have_classes_of_their_own() -> None:
    drawn = mermaid(read_flows(GOOD)["unbinding"])

    assert "  class s_list,s_which,s_mood,s_sure waiting\n" in drawn
    assert "  class s_file destructive\n" in drawn
    assert "do file_ticket (destructive)" in drawn
    assert "  class s_end,s_stopped ending\n" in drawn


def test_no_step_is_called_by_a_word_of_mermaid() -> None:
    drawn = mermaid(read_flows(GOOD)["rest"])

    assert not any(line.strip().startswith(("end", "end ")) for line in drawn.splitlines())
