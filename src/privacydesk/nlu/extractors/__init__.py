"""Values with a closed form, read from the words of a message."""
