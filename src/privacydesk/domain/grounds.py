"""The grounds on which a request may be refused: policy article 7, section 6, items 1 to 7."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Ground(StrEnum):
    """A ground for refusing a request; the members are in the policy's order."""

    NATIONAL_SECURITY = "national_security"
    PUBLIC_SAFETY = "public_safety"
    CRIMINAL_PROCEEDINGS = "criminal_proceedings"
    MALICE_OR_ABUSE = "malice_or_abuse"
    """Needs evidence on record; see ``AbuseEvidence``."""
    RIGHTS_OF_OTHERS = "rights_of_others"
    TRADE_SECRETS = "trade_secrets"
    LAW = "law"

    @property
    def item(self) -> int:
        """The number of the item in article 7, section 6."""
        return list(Ground).index(self) + 1

    @property
    def may_be_withheld(self) -> bool:
        """Whether naming it may reveal an investigation.

        A supervisor may then cite the whole clause instead.
        """
        return self in {
            Ground.NATIONAL_SECURITY,
            Ground.PUBLIC_SAFETY,
            Ground.CRIMINAL_PROCEEDINGS,
        }


class AbusiveRequest(Struct, frozen=True):
    """A request that shows an abuse, with when it was made."""

    number: str
    received_at: datetime


class AbuseEvidence(Struct, frozen=True):
    """What proves malice or abuse, for staff; the requester is not told it as such.

    Attributes:
        requests: the requests that show it; of the same person.
        facts: what they show.
    """

    requests: tuple[AbusiveRequest, ...]
    facts: str
