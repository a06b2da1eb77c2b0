"""Learning to tell which passage of a policy answers a question; the desk never loads it."""
