"""Commands: thin, each calls one service."""
