"""A clause that the profile lacks stops no message: the policy as a whole is cited instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.common.stories import PROFILE, STORIES, open_world, play

from privacydesk.dialog.citations import cited_clauses
from privacydesk.domain.operator_profile import GapKind

NO_CLAUSES = {**PROFILE, "clauses": {}}
CITING = {
    "automated_decision/automated_decision_refuses": {"automated_decision", "no_proof_no_response"},
    "complaint/complaint_straight": {"complaint"},
    "guardian/guardian_birthday_corrected_below": {"children_delete", "children_guardian"},
    "guardian/guardian_age_in_words": {"minors"},
}
"""Stories with the clauses that they cite."""


@pytest.mark.parametrize("name", CITING)
async def test_a_story_that_cites_clauses_holds_without_them(name: str, tmp_path: Path) -> None:
    with capture_logs() as logs:
        await play(STORIES / f"{name}.yaml", tmp_path, profile=NO_CLAUSES)
    missed = [one["clause"] for one in logs if one["event"] == "clause_not_in_profile"]
    assert set(missed) >= CITING[name]
    assert len(missed) == len(set(missed)), "each is logged once"


async def test_every_sentence_with_a_clause_can_be_said_without_it(tmp_path: Path) -> None:
    async with open_world(tmp_path, NO_CLAUSES) as world:
        catalogs, cited = (
            world.services.catalogs,
            cited_clauses(world.services.engine.flows.values()),
        )
        (gap,) = (one for one in world.services.profiles.gaps if one.kind is GapKind.CLAUSES)
        assert gap.missing == tuple(sorted(cited))
        said = 0
        for locale, keys in catalogs.placeholders().items():
            policy = catalogs.text(locale, "terms.policy", {})
            for key, names in keys.items():
                args = {name: {"$clause": name} for name in names if "clause" in name}
                if args and key.partition(".")[0] not in {"terms", "web"}:
                    text = catalogs.text(locale, key, dict.fromkeys(names, "1") | args)
                    assert policy in text, key
                    said += 1
    assert said >= 3 * len(cited)
