"""Outgoing webhooks: managing endpoints, sending postings, alerting staff to failures."""
