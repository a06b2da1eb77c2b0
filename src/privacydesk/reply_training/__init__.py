"""Training of the network that predicts what replies do at the questions that they answer."""
