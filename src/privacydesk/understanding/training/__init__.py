"""Making the model of intents from sentences; not needed to use it."""
