"""Runs multilingual-e5-small: a text becomes a point.

``weights`` reads the file with the model, ``pieces`` cuts a text into what the model knows,
``graph`` writes down what it computes, and ``e5`` runs that.
"""
