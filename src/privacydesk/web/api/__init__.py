"""The HTTP API for other programs, such as ticketing systems."""
