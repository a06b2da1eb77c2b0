"""Connectors to outside services: account service, SMS. Each with an in-memory twin that ships."""
