"""HTTP and WebSocket faces: parse, call one service, answer."""
