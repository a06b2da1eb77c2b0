"""Importing the operator's policy and finding the passage a clause names."""
