"""Loops that do what is due: outbox, clocks, queue, webhooks, chores."""
