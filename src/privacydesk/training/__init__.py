"""Training of the models of ``nlu`` on the corpus. The desk never loads it."""
