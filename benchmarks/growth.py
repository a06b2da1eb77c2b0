"""Measures turns on PostgreSQL while the log of events grows, with and without partitions.

    python benchmarks/growth.py [--events 100000 1000000] [--partitions 0 16] [--seconds 4]

It starts a server of its own. Events of other conversations, 40 each, are put in by statements, as
large as the desk's; then ``benchmarks/writer.py`` sends turns of 32 conversations to it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.writer import measure
from tests.common import postgresql
from tests.common.partitions import partition

_SENDERS = 32
_EVENTS_EACH = 40
_AT_ONCE = 500_000
_FILL = """
INSERT INTO event (conversation_id, "offset", at, sender, kind, job_id, body)
SELECT decode(md5((g / %(each)s)::text), 'hex'), g %% %(each)s + 1, 1790000000000000 + g,
       'user', 'text', CASE WHEN g %% 2 = 0 THEN 'job-' || md5(g::text) END,
       decode(repeat(md5(g::text), 40), 'hex')
  FROM generate_series(%(begin)s, %(end)s - 1) AS g
"""
"""A body has 640 bytes: the mean of the stories."""


def fill(url: str, present: int, count: int) -> None:
    """Add events until there are ``count``."""
    with psycopg.connect(url, autocommit=True) as connection:
        for begin in range(present, count, _AT_ONCE):
            values = {"each": _EVENTS_EACH, "begin": begin, "end": min(begin + _AT_ONCE, count)}
            connection.execute(_FILL, values)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def size(url: str) -> int:
    """Return the bytes of all events with their indexes."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^event(_p|$)'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--partitions", type=int, nargs="+", default=[0, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    with postgresql.server_or_reason() as server:
        if isinstance(server, str):
            sys.exit(server)
        for count in options.partitions:
            url = server.database()
            if count:
                partition(url, count)
            present = 0
            for events in sorted(options.events):
                began = time.monotonic()
                fill(url, present, events)
                present = events
                took = time.monotonic() - began
                print(
                    f"{count:3} partitions, {events:12,} events filled in {took:.0f} s,"
                    f" {size(url) / events:.0f} bytes each with indexes"
                )
                for _ in range(options.rounds):
                    asyncio.run(measure(url, _SENDERS, options.seconds, faults=False))
            server.drop(url)


if __name__ == "__main__":
    main()
