"""The trained heads: what the network predicts for a message in one pass."""

import privacydesk.encoder  # noqa: F401 - disables the runtime's telemetry before it is loaded
