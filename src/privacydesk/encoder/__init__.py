"""Runs multilingual-e5-small, which embeds a text as a vector.

``weights`` reads the model's file, ``pieces`` tokenises a text, ``graph`` builds the
computation, and ``e5`` runs it. ``embedding`` loads it on first use, and cuts texts that are too
long.
"""

from __future__ import annotations

import os

# The runtime sends telemetry to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
