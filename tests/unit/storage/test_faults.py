from __future__ import annotations

import pytest
import sqlalchemy as sa

from privacydesk.storage.faults import Fault, classify, trace


class DriverError(Exception):
    def __init__(self, *, errorcode: int | None = None, state: str | None = None) -> None:
        super().__init__()
        if errorcode is not None:
            self.sqlite_errorcode = errorcode
        if state is not None:
            self.sqlstate = state


def _error(cause: DriverError, *, lost: bool = False) -> sa.exc.DBAPIError:
    return sa.exc.OperationalError(None, None, cause, connection_invalidated=lost)


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (DriverError(errorcode=5), Fault.CONTENDED),
        (DriverError(errorcode=517), Fault.CONTENDED),
        (DriverError(errorcode=13), Fault.UNAVAILABLE),
        (DriverError(errorcode=8), Fault.UNAVAILABLE),
        (DriverError(errorcode=1), Fault.GUILTY),
        (DriverError(state="40P01"), Fault.CONTENDED),
        (DriverError(state="08006"), Fault.LOST),
        (DriverError(state="57P01"), Fault.LOST),
        (DriverError(state="53100"), Fault.UNAVAILABLE),
        (DriverError(state="25006"), Fault.UNAVAILABLE),
        (DriverError(state="23505"), Fault.GUILTY),
        (DriverError(), Fault.LOST),
    ],
)
def test_errors_of_the_database_are_sorted(cause: DriverError, fault: Fault) -> None:
    assert classify(_error(cause)) is fault


def test_a_dead_connection_is_lost_whatever_it_said() -> None:
    assert classify(_error(DriverError(errorcode=1), lost=True)) is Fault.LOST


@pytest.mark.parametrize("error", [ValueError("x"), UnicodeError(), OverflowError()])
def test_errors_of_values_are_somebodys_guilt(error: Exception) -> None:
    assert classify(error) is Fault.GUILTY


def test_a_trace_names_places_and_no_values() -> None:
    with pytest.raises(ValueError, match="13800138000") as caught:
        int("13800138000x")
    places = trace(caught.value)
    assert places[-1].startswith("test_faults.py:")
    assert "13800138000" not in str(places)
