"""Inspects a database for the ``db`` commands, and replaces recorded fingerprints."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from privacydesk.domain.agents import Role
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import SavedSetting
from privacydesk.domain.webhooks import EndpointState
from privacydesk.storage import schema, tables
from privacydesk.storage.backups import find_damage
from privacydesk.storage.codec import opt_instant
from privacydesk.storage.engines import parse_url, reading_engine, writing_engine
from privacydesk.storage.fingerprints import read_fingerprints, write_fingerprints
from privacydesk.storage.key_wrapping import check_ring
from privacydesk.storage.policy_texts import read_policies
from privacydesk.storage.saved_settings import read_current, read_versions
from privacydesk.storage.sealing import KeyRing

_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
_FAILING_ENDPOINTS = sa.select(
    sa.func.count(), sa.func.min(tables.webhook_endpoint.c.failing_since)
).where(
    tables.webhook_endpoint.c.state == EndpointState.ACTIVE.value,
    tables.webhook_endpoint.c.failing_since.is_not(None),
)
_credential = tables.agent_credential.c
_ADMINISTRATORS = (
    sa.select(tables.agent.c.name, _credential.identity.is_not(None).label("is_linked"))
    .outerjoin(tables.agent_credential, _credential.agent == tables.agent.c.name)
    .where(tables.agent.c.active, tables.agent.c.role == Role.ADMINISTRATOR.value)
)
_RING_KEYS_IN_USE = sa.select(tables.data_key.c.ring_key).distinct()


class Inspection:
    """A database opened read-only for inspection; see ``open_inspection``."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def is_file(self) -> bool:
        """Whether it is a SQLite file, which ``damage`` checks page by page."""
        return self._connection.dialect.name == "sqlite"

    def damage(self) -> tuple[str, ...]:
        """Return descriptions of faults in a SQLite file; nothing for a server."""
        if not self.is_file:
            return ()
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return find_damage(driver, quick=False)

    def has_checksums(self) -> bool:
        """Return whether a PostgreSQL server detects damaged pages by itself."""
        return self._connection.exec_driver_sql("SHOW data_checksums").scalar() == "on"

    def is_read_only(self) -> bool:
        """Return whether a PostgreSQL server is a replica, which takes no changes."""
        return bool(self._connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())

    def server_version(self) -> str:
        """Return the version of the database program."""
        if self.is_file:
            return f"SQLite {sqlite3.sqlite_version}"
        version = self._connection.exec_driver_sql("SHOW server_version").scalar()
        return f"PostgreSQL {version}"

    def schema_version(self) -> str:
        """Return the version of the schema, which may be a newer one that can be used."""
        return str(self._connection.execute(schema.SUPPORT).one().version_num)

    def row_counts(self) -> Mapping[str, int]:
        """Return the number of rows of each table."""
        return {
            table.name: int(
                self._connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            )
            for table in tables.metadata.sorted_tables
        }

    def read_only_tables(self) -> tuple[str, ...]:
        """Return the tables of a PostgreSQL server that this user may not change."""
        if self.is_file:
            return ()
        allowed = [sa.func.has_table_privilege(sa.column("name"), one) for one in _PRIVILEGES]
        names = sa.values(sa.column("name", sa.String), name="tables").data(
            [(table.name,) for table in tables.metadata.sorted_tables]
        )
        query = sa.select(names.c.name).where(sa.not_(sa.and_(*allowed)))
        return tuple(self._connection.scalars(query))

    def time(self) -> datetime | None:
        """Return the time of a PostgreSQL server; None for a file."""
        if self.is_file:
            return None
        at = self._connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return at if isinstance(at, datetime) else None

    def check_ring(self, ring: KeyRing) -> None:
        """Check that a key ring unwraps the oldest and the newest data key.

        Raises:
            SettingsError: it does not; the message names the ring key.
        """
        check_ring(self._connection, ring)

    def fingerprints(self) -> Mapping[str, Fingerprint]:
        """Return the recorded fingerprints of secrets."""
        return read_fingerprints(self._connection)

    def saved_settings(self) -> Mapping[str, SavedSetting]:
        """Return the settings in force, by name; without the keys, their digests go unchecked."""
        return read_current(self._connection)

    def versions_of(self, name: str) -> tuple[SavedSetting, ...]:
        """Return the versions of a setting, the newest first; their digests go unchecked."""
        return read_versions(self._connection, name)

    def policies(self) -> Iterator[tuple[PolicyText, bytes | None]]:
        """Yield each text of a policy that was in force, with its search data, in their order.

        Without the keys, the digests of the rows go unchecked.
        """
        return read_policies(self._connection)

    def failing_endpoints(self) -> tuple[int, datetime | None]:
        """Return how many webhook endpoints that are switched on fail, and since when the first."""
        count, since = self._connection.execute(_FAILING_ENDPOINTS).one()
        return count, opt_instant(since)

    def administrators(self) -> Mapping[str, bool]:
        """Return the active administrators, and whether each is linked with a provider's account.

        Without the keys, the digests of the rows go unchecked.
        """
        return {row.name: row.is_linked for row in self._connection.execute(_ADMINISTRATORS)}

    def ring_keys_in_use(self) -> frozenset[str]:
        """Return the names of the ring keys that wrap at least one data key."""
        return frozenset(self._connection.scalars(_RING_KEYS_IN_USE))


@contextmanager
def open_inspection(url: str) -> Iterator[Inspection]:
    """Open a database for inspection; this works while ``serve`` runs, too.

    Raises:
        SettingsError: it can't be opened, or its schema is not the one this version needs.
    """
    engine = reading_engine(parse_url(url), 1)
    try:
        schema.check(engine)
        with engine.connect() as connection:
            yield Inspection(connection)
    finally:
        engine.dispose()


def replace_fingerprints(
    url: str, fresh: tuple[Fingerprint, ...], *, without: Iterable[str] = ()
) -> None:
    """Store new fingerprints, replacing those of the same names.

    Args:
        url: the database's address.
        fresh: the new fingerprints.
        without: the prefixes of names to delete first.

    Raises:
        SettingsError: it can't be opened, or its schema is not the one this version needs.
    """
    engine = writing_engine(parse_url(url))
    try:
        schema.check(engine)
        with engine.begin() as connection:
            for prefix in without:
                name = tables.fingerprint.c.name
                connection.execute(
                    sa.delete(tables.fingerprint).where(name.startswith(prefix, autoescape=True))
                )
            write_fingerprints(connection, fresh)
    finally:
        engine.dispose()
