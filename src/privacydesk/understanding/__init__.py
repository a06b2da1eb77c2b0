"""Normalising, language, intents and entities."""

from privacydesk.understanding.keywords import KeywordRecogniser

__all__ = ["KeywordRecogniser"]
