"""Catalogs, negotiation and extraction of every word a person sees."""
