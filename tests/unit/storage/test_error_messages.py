from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from privacydesk.storage.error_messages import describe_error

_AT = 'connection failed: connection to server on socket "/run/.s.PGSQL.5432" failed: '


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("FATAL:  the database system is starting up", "starting or stopping"),
        ("FATAL:  the database system is in recovery mode", "starting or stopping"),
        ("FATAL:  the database system is shutting down", "starting or stopping"),
        ('FATAL:  database "desk" does not exist', "no database of that name"),
        ('FATAL:  role "desk" does not exist', "does not let this user in"),
        ("No such file or directory", "can't be reached"),
    ],
)
def test_a_refused_connection_is_explained(said: str, told: str) -> None:
    error = sa.exc.OperationalError("", None, psycopg.OperationalError(_AT + said))
    assert told in describe_error(error)
