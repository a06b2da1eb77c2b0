"""Background loops: outbox, scheduled events, queue dispatcher, webhooks, periodic tasks."""
