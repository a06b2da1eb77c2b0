"""HTTP and WebSocket interfaces: handlers parse a request, call one service, and respond."""
