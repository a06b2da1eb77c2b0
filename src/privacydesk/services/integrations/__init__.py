"""Programs that act over the HTTP API: their tokens, and answering twice what was asked twice."""
