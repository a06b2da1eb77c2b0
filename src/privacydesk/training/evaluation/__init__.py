"""Evaluation of the whole pipeline, as it ships, on messages that it has not seen."""
