"""What a case page tells of the notices of a request."""

from __future__ import annotations

import re
from html import unescape

from tests.common.console_cases import enter
from tests.common.console_client import Office
from tests.common.stories import steps


async def test_a_case_shows_each_notice_its_way_and_what_became_of_it(office: Office) -> None:
    player = await enter(office, "", {"choose": "complaint"}, {"choose": "leak"})
    await steps(player, {"user": "they call me"}, {"user": "somebody@example.net"})
    await steps(player, {"code": "right"}, {"choose": "_skip"})
    office.world.codes.refused.add("somebody@example.net")
    await player.step({"agent": {"ask": "Since when?"}})
    await player.settle()
    (ticket,) = await office.world.services.store.reader.list_tickets()
    mei = await office.signed_in("mei")
    page = await mei.get(f"/console/tickets/{ticket.number}")
    found = re.search(r'<details[^>]*id="notices".*?</details>', page.text, re.DOTALL)
    assert found is not None
    said = " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())
    assert "More needed · email" in said
    assert "Failed after one try The receiving side refuses it" in said
    assert "somebody@example.net" not in said
    assert "Goes out" not in said, "it is over"
    log = unescape(page.text)
    assert "email · The receiving side refuses it" in log
