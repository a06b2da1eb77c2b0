"""Keeping the desk's tickets and those of a ticketing system alike."""
