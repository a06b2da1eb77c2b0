"""Support for clients of the HTTP API: API tokens and idempotent requests."""
