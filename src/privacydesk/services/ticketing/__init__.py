"""Synchronizing the desk's tickets with those of a ticketing system."""
