"""Properties proved of flows, one per module; ``checker`` runs them all."""
