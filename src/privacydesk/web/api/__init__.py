"""The HTTP API for integrators."""
