"""The learnt heads: what a network that reads a message once tells of it."""
