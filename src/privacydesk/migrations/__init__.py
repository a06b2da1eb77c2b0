"""Schema migrations. ``HEAD`` names the newest one without importing alembic."""

HEAD = "0019"
OLDEST = "0019"
"""The oldest version of the schema whose programs work on ``HEAD``, too.

A program goes on with a newer schema, as while a new version is brought in process by process, if
its own ``HEAD`` is not older than this. A migration that only adds tables, indexes, and columns
that may be empty leaves it as it is. One that removes or renames anything, adds a column to a
``BINDING``, or gives existing values another meaning sets it to itself, here and in
``alembic_version.oldest``.
"""
