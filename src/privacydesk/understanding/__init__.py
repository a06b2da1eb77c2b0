"""Normalising, language, intents and entities."""
