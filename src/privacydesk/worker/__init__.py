"""Loops that claim due rows: outbox and clocks."""
