"""The learnt heads: what a network that reads a message once tells of it."""

import privacydesk.encoder  # noqa: F401 - the runtime reports to its maker unless that is said first
