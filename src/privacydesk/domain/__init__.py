"""The domain model: immutable values, state machines and rules, without I/O or system time."""
