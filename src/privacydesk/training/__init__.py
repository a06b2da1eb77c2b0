"""Learning from the corpus what ``nlu`` reads with. The desk never loads it."""
