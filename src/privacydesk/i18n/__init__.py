"""Catalogs, locale negotiation and extraction of all texts that people see."""
