"""The desk's own data files on how people ask about policies."""
