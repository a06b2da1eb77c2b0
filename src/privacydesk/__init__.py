"""A privacy desk: handles data-subject requests in an app's customer-service chat."""
