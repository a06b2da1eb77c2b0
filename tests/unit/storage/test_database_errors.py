from __future__ import annotations

import pytest
import sqlalchemy as sa

from privacydesk.storage.database_errors import ErrorClass, classify, stack_locations


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
        (DriverError(errorcode=5), ErrorClass.CONTENDED),
        (DriverError(errorcode=517), ErrorClass.CONTENDED),
        (DriverError(errorcode=13), ErrorClass.UNAVAILABLE),
        (DriverError(errorcode=8), ErrorClass.UNAVAILABLE),
        (DriverError(errorcode=1), ErrorClass.JOB_AT_FAULT),
        (DriverError(state="40P01"), ErrorClass.CONTENDED),
        (DriverError(state="08006"), ErrorClass.LOST),
        (DriverError(state="57P01"), ErrorClass.LOST),
        (DriverError(state="53100"), ErrorClass.UNAVAILABLE),
        (DriverError(state="25006"), ErrorClass.UNAVAILABLE),
        (DriverError(state="42501"), ErrorClass.UNAVAILABLE),
        (DriverError(state="XX001"), ErrorClass.UNAVAILABLE),
        (DriverError(state="23505"), ErrorClass.JOB_AT_FAULT),
        (DriverError(), ErrorClass.LOST),
    ],
)
def test_errors_of_the_database_are_sorted(cause: DriverError, fault: ErrorClass) -> None:
    assert classify(_error(cause)) is fault


def test_a_dead_connection_is_lost_whatever_it_said() -> None:
    assert classify(_error(DriverError(errorcode=1), lost=True)) is ErrorClass.LOST


@pytest.mark.parametrize("error", [ValueError("x"), UnicodeError(), OverflowError()])
def test_errors_of_values_are_somebodys_guilt(error: Exception) -> None:
    assert classify(error) is ErrorClass.JOB_AT_FAULT


def test_a_trace_names_places_and_no_values() -> None:
    with pytest.raises(ValueError, match="13800138000") as caught:
        int("13800138000x")
    places = stack_locations(caught.value)
    assert places[-1].startswith("test_database_errors.py:")
    assert "13800138000" not in str(places)
