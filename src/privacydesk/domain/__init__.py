"""Pure values and machines. No I/O, no clock, no framework."""
