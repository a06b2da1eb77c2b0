"""Schema migrations. ``HEAD`` names the newest one without importing alembic."""

HEAD = "0010"
