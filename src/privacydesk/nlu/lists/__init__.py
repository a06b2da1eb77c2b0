"""Closed lists of words, kept as data, and how they are found in a message."""
