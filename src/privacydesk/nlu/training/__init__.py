"""Learning from the corpus."""
