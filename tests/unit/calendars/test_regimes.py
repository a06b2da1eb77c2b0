from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from privacydesk.calendars import OPERATOR_7WD, REGIMES, Calendars, regime
from privacydesk.domain.clocks import SourceQuality, StartsFrom, leading_clock, start_clock
from privacydesk.domain.deadlines import Unit
from privacydesk.errors import SettingsError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_each_regime_has_the_period_of_its_source() -> None:
    periods = {r.name: (r.starts_from, r.unit, r.amount) for r in REGIMES}
    assert periods == {
        "operator_7wd": (StartsFrom.VERIFIED, Unit.WORKING_DAYS, 7),
        "app_15wd": (StartsFrom.RECEIVED, Unit.WORKING_DAYS, 15),
        "gbt35273_30d": (StartsFrom.VERIFIED, Unit.DAYS, 30),
        "hk_40d": (StartsFrom.RECEIVED, Unit.DAYS, 40),
        "gdpr_1m": (StartsFrom.RECEIVED, Unit.MONTHS, 1),
        "sg_30d": (StartsFrom.RECEIVED, Unit.DAYS, 30),
    }


def test_only_what_was_read_is_citable() -> None:
    for profile in REGIMES:
        assert profile.citable == (profile.quality is not SourceQuality.UNREAD)
        assert "unread" not in profile.source
    assert not regime("gbt35273_30d").citable


def test_a_regime_is_found_by_its_name() -> None:
    assert regime("operator_7wd") is OPERATOR_7WD
    with pytest.raises(SettingsError, match="operator_7wd, app_15wd"):
        regime("nine_lives")


def test_several_clocks_run_on_one_ticket_and_the_earliest_leads() -> None:
    calendar = Calendars().get("CN")
    received = datetime(2026, 9, 1, 9, tzinfo=SHANGHAI)
    verified = datetime(2026, 9, 25, 9, tzinfo=SHANGHAI)
    clocks = [
        start_clock(
            profile,
            calendar,
            verified if profile.starts_from is StartsFrom.VERIFIED else received,
            SHANGHAI,
        )
        for profile in REGIMES
    ]
    due = {clock.regime: clock.due_date for clock in clocks}
    assert due == {
        # Three days of September, two of October, its make-up Saturday, and Monday the 12th.
        "operator_7wd": date(2026, 10, 12),
        "app_15wd": date(2026, 9, 21),
        "gbt35273_30d": date(2026, 10, 25),
        "hk_40d": date(2026, 10, 11),
        "gdpr_1m": date(2026, 10, 1),
        "sg_30d": date(2026, 10, 1),
    }
    first = leading_clock(clocks)
    assert first is not None
    assert first.regime == "app_15wd"
