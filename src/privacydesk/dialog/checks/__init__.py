"""What is proved of flows, one property a module; ``checker`` runs them all."""
