"""A database whose large tables are partitioned by conversation, and what its server read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import psycopg
from psycopg import sql

KEYS = {
    "conversation": "id",
    "data_key": "conversation_id",
    "event": "conversation_id",
    "help_visit": "conversation_id",
}
"""The tables that grow with conversations and have the conversation in their primary key."""

_READ = re.compile(r"(?:Scan(?: Backward)?(?: using \S+)? on|(?:Update|Delete) on) (\w+)_p(\d+)\b")


def partition(url: str, count: int) -> None:
    """Put hash partitions in the place of the large tables, which are empty yet."""
    with psycopg.connect(url) as connection:
        for table, key in KEYS.items():
            whole, plain = sql.Identifier(table), sql.Identifier(f"{table}_plain")
            made = "CREATE TABLE {whole} (LIKE {plain} INCLUDING DEFAULTS INCLUDING INDEXES)"
            for statement in (
                "ALTER TABLE {whole} RENAME TO {plain}",
                f"{made} PARTITION BY HASH ({{key}})",
                "DROP TABLE {plain}",
            ):
                connection.execute(
                    sql.SQL(statement).format(whole=whole, plain=plain, key=sql.Identifier(key))
                )
            for number in range(count):
                connection.execute(
                    sql.SQL(
                        "CREATE TABLE {part} PARTITION OF {whole}"
                        " FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
                    ).format(
                        part=sql.Identifier(f"{table}_p{number}"),
                        whole=whole,
                        count=count,
                        number=number,
                    )
                )


def explain(url: str) -> None:
    """Have the server log the plan of each statement of connections that begin from now on."""
    with psycopg.connect(url, autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        for setting, value in (
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_timing", "off"),
        ):
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(name), sql.SQL(setting), sql.Literal(value)
                )
            )


def spread(log: str) -> dict[str, int]:
    """Return by statement how many partitions of one table it read at most, where several.

    What was planned and not executed does not count.
    """
    found: dict[str, int] = {}
    for query, plan in _plans(log):
        parts: dict[str, set[str]] = defaultdict(set)
        for line in plan.splitlines():
            match = _READ.search(line)
            if match is not None and "never executed" not in line:
                parts[match[1]].add(match[2])
        most = max(map(len, parts.values()), default=0)
        if most > 1:
            found[query] = max(most, found.get(query, 0))
    return found


def _plans(log: str) -> Iterator[tuple[str, str]]:
    """Yield each logged statement with its plan."""
    for entry in re.split(r"(?m)^(?=\S+ \S+ \S+ \[\d+\] )", log):
        head, _, rest = entry.partition("plan:\n")
        if "duration:" in head and rest:
            statement, _, plan = rest.partition("  (cost=")
            query, _, first = statement.rpartition("\n")
            yield " ".join(query.replace("Query Text:", "").split()), f"{first}  (cost={plan}"
