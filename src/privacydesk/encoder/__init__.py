"""Runs multilingual-e5-small: a text becomes a point.

``weights`` reads the file with the model, ``pieces`` cuts a text into what the model knows,
``graph`` writes down what it computes, and ``e5`` runs that. ``embedding`` loads it at its first
use, and cuts texts that are too long.
"""

from __future__ import annotations

import os

# The runtime tells its maker how it is used unless this is said before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
