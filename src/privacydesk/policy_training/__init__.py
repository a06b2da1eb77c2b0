"""Training of models that find the passage of a policy for a question; the desk never loads it."""
