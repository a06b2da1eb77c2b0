"""Webhooks out: looking after endpoints, sending what waits for them, calling out failures."""
