"""What shares a server is left to one worker."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("alone")
def test_the_scheduling_is_told_of_groups(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("the tests are not distributed")
    assert request.node.nodeid.endswith("@alone")
