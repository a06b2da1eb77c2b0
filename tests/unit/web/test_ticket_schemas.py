"""What programs are told of tickets."""

from __future__ import annotations

import json

from privacydesk.domain.ticket import ScopeItem
from privacydesk.web.api.ticket_schemas import ItemResponse, item_fields


def test_an_item_tells_its_days_and_no_words() -> None:
    narrowed = {
        "only": [{"to": "2019-12-31"}, {"from": "2023-01-01", "qualifier": "with Mei"}],
        "but": [{"qualifier": "beach"}],
    }
    told = ItemResponse(**item_fields(ScopeItem("posts", narrowed, decision="grant")))
    assert json.loads(told.model_dump_json(by_alias=True)) == {
        "name": "posts",
        "only": [{"from": None, "to": "2019-12-31"}, {"from": "2023-01-01", "to": None}],
        "narrowed": True,
        "decision": "grant",
        "in_part": False,
        "result": "",
    }
