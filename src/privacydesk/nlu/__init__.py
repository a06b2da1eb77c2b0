"""Natural language understanding: from the text of a message to its reading."""
