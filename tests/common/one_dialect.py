"""SQLite's dialect once a process: each statement is compiled for the first database alone.

A process of tests opens thousands of databases with an engine each, and a story runs some forty
statements: compiling them anew took a quarter of its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_compiled: dict[Any, Any] = {}


class OneDialect(SQLiteDialect_pysqlite):
    """The same for all engines that are made alike; they share what was compiled."""

    supports_statement_cache = True
    _made: ClassVar[dict[frozenset[tuple[str, Any]], Any]] = {}

    def __new__(cls, **options: Any) -> Self:
        alike = frozenset(options.items())
        if alike not in cls._made:
            made = super().__new__(cls)
            SQLiteDialect_pysqlite.__init__(made, **options)
            cls._made[alike] = made
        one: Self = cls._made[alike]
        return one

    def __init__(self, **options: Any) -> None:
        """Leave what is in use as it is."""

    @classmethod
    def engine_created(cls, engine: sa.Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


def share_dialect() -> None:
    """Have engines of SQLite made with it from now on."""
    registry.register("sqlite", __name__, OneDialect.__name__)


@contextmanager
def own_dialects() -> Iterator[None]:
    """Have each engine made with a dialect of its own meanwhile: hashes have a form in each."""
    registry.register("sqlite", "sqlalchemy.dialects.sqlite", "dialect")
    try:
        yield
    finally:
        share_dialect()
