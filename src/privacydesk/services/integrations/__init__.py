"""Programs that act over the HTTP API: their tokens, and idempotent retries."""
