from __future__ import annotations

from datetime import date

import pytest

from privacydesk.domain.periods import Period, Preset, period_of


@pytest.mark.parametrize(
    ("preset", "today", "first", "last"),
    [
        (Preset.LAST_30_DAYS, "2026-03-01", "2026-01-31", "2026-03-01"),
        (Preset.THIS_MONTH, "2024-02-29", "2024-02-01", "2024-02-29"),
        (Preset.LAST_MONTH, "2026-01-31", "2025-12-01", "2025-12-31"),
        (Preset.THIS_QUARTER, "2026-12-31", "2026-10-01", "2026-12-31"),
        (Preset.LAST_QUARTER, "2026-03-31", "2025-10-01", "2025-12-31"),
        (Preset.LAST_QUARTER, "2026-06-15", "2026-01-01", "2026-03-31"),
        (Preset.THIS_YEAR, "2024-02-29", "2024-01-01", "2024-12-31"),
        (Preset.LAST_YEAR, "2024-02-29", "2023-01-01", "2023-12-31"),
    ],
)
def test_a_name_means_whole_days(preset: Preset, today: str, first: str, last: str) -> None:
    period = period_of(preset, date.fromisoformat(today))
    assert period == Period(date.fromisoformat(first), date.fromisoformat(last))
