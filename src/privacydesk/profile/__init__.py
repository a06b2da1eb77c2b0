"""The operator profile: a YAML file with everything that is specific to an operator.

It has self-service paths, mailboxes, clauses, remedies against refusals, time zone, calendar, time
limits and more, which are never hard-coded.
"""

from privacydesk.profile.model import OperatorProfile
from privacydesk.profile.texts import (
    describe_validation_error,
    dump_profile,
    load_profile,
    parse_profile,
    parse_text,
    profile_yaml,
    read_profile,
)

__all__ = [
    "OperatorProfile",
    "describe_validation_error",
    "dump_profile",
    "load_profile",
    "parse_profile",
    "parse_text",
    "profile_yaml",
    "read_profile",
]
