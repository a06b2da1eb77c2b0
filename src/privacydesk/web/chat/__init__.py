"""The chat page and its protocol over WebSocket and HTTP."""
