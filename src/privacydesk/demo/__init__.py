"""A sample account service, people, policy and operator profile, all our own text."""
