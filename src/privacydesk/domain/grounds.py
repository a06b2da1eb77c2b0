"""The grounds on which a request may be refused: policy article 7, section 6, items 1 to 7."""

from __future__ import annotations

from enum import StrEnum


class Ground(StrEnum):
    """A ground for refusing a request; the members are in the policy's order."""

    NATIONAL_SECURITY = "national_security"
    PUBLIC_SAFETY = "public_safety"
    CRIMINAL_PROCEEDINGS = "criminal_proceedings"
    MALICE_OR_ABUSE = "malice_or_abuse"
    RIGHTS_OF_OTHERS = "rights_of_others"
    TRADE_SECRETS = "trade_secrets"
    LAW = "law"

    @property
    def item(self) -> int:
        """The number of the item in article 7, section 6."""
        return list(Ground).index(self) + 1

    @property
    def may_be_withheld(self) -> bool:
        """Whether a supervisor may cite the whole clause instead, as naming the ground may harm."""
        return self in {
            Ground.NATIONAL_SECURITY,
            Ground.PUBLIC_SAFETY,
            Ground.CRIMINAL_PROCEEDINGS,
        }
