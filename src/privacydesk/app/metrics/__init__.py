"""Metrics for Prometheus: what a process counts, and what it finds when it is asked.

Labels have values of closed lists, and nothing of what people write or are called.
"""
