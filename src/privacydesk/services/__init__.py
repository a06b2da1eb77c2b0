"""One module a capability: what handlers, workers and commands call."""
