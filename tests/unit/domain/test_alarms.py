from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from privacydesk.domain.alarms import AlarmKind, StaffAlarm, outage_length

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
OUT, BACK = AlarmKind.ACCOUNT_SERVICE_OUT, AlarmKind.ACCOUNT_SERVICE_BACK


def call(kind: AlarmKind, minute: int) -> StaffAlarm:
    return StaffAlarm(f"{kind} {minute}".encode(), "boss", kind, NOW + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("before", "minutes"),
    [
        ([call(OUT, 0)], 20),
        # Another process noticed it later.
        ([call(OUT, 0), call(OUT, 11)], 20),
        # The outage before is over.
        ([call(OUT, 0), call(BACK, 5), call(OUT, 12)], 8),
        # Another process noticed its end later.
        ([call(OUT, 0), call(BACK, 19)], None),
        ([call(AlarmKind.CODE_GATEWAY_OUT, 0)], None),
        ([], None),
    ],
)
def test_the_end_of_an_outage_tells_how_long_it_lasted(
    before: list[StaffAlarm], minutes: int | None
) -> None:
    end = call(BACK, 20)
    after = call(OUT, 30)
    length = outage_length(end, [after, end, *reversed(before)])
    assert length == (None if minutes is None else timedelta(minutes=minutes))
