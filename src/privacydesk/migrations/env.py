"""Alembic's environment: runs on the connection that ``storage.schema`` hands over."""

from __future__ import annotations

from alembic import context

from privacydesk.storage.tables import metadata

# SQLite can't alter most things in place; batch mode rebuilds the table instead.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    if context.get_context().dialect.name == "postgresql":
        # A change that waits for a table makes everybody wait who comes after it.
        context.execute("SET LOCAL lock_timeout = '5s'")
    context.run_migrations()
