"""The legal periods for answers that an operator can enable. Data, not legal advice.

``source`` names the law of a period in our own words, and ``quality`` says how reliable it is.
Regimes marked ``UNREAD`` can be enabled, but are never cited to users as a fact (``citable``).
"""

from __future__ import annotations

from privacydesk.domain.clocks import RegimeProfile, SourceQuality, StartsFrom
from privacydesk.domain.deadlines import Unit
from privacydesk.errors import SettingsError

OPERATOR_7WD = RegimeProfile(
    name="operator_7wd",
    starts_from=StartsFrom.VERIFIED,
    unit=Unit.WORKING_DAYS,
    amount=7,
    source=(
        "Operator's privacy policy, article 9, and the last section of the children's statement:"
        " an answer within seven working days of verifying who asks"
    ),
    quality=SourceQuality.OPERATOR,
)

CLOSING_15WD = RegimeProfile(
    name="closing_15wd",
    starts_from=StartsFrom.APPROVED,
    unit=Unit.WORKING_DAYS,
    amount=15,
    source=(
        "China, method for identifying unlawful collection and use by apps (2019), part 6:"
        " an account is closed within 15 working days"
    ),
    quality=SourceQuality.SECONDARY,
)
"""The period in which an approved closing is carried out. It runs beside the regimes."""

REGIMES: tuple[RegimeProfile, ...] = (
    OPERATOR_7WD,
    RegimeProfile(
        name="app_15wd",
        starts_from=StartsFrom.RECEIVED,
        unit=Unit.WORKING_DAYS,
        amount=15,
        source=(
            "China, method for identifying unlawful collection and use by apps (2019), part 6:"
            " correction, deletion, closing of accounts and complaints, at most 15 working days"
        ),
        quality=SourceQuality.SECONDARY,
    ),
    RegimeProfile(
        name="gbt35273_30d",
        starts_from=StartsFrom.VERIFIED,
        unit=Unit.DAYS,
        amount=30,
        source="China, GB/T 35273-2020, clause 8.7: 30 days from verification",
        quality=SourceQuality.UNREAD,
    ),
    RegimeProfile(
        name="hk_40d",
        starts_from=StartsFrom.RECEIVED,
        unit=Unit.DAYS,
        amount=40,
        source=(
            "Hong Kong, Personal Data (Privacy) Ordinance, sections 19 and 23:"
            " access and correction within 40 days of receipt"
        ),
        quality=SourceQuality.SECONDARY,
    ),
    RegimeProfile(
        name="gdpr_1m",
        starts_from=StartsFrom.RECEIVED,
        unit=Unit.MONTHS,
        amount=1,
        source="European Union, GDPR, article 12(3): one month from receipt",
        quality=SourceQuality.SECONDARY,
    ),
    RegimeProfile(
        name="sg_30d",
        starts_from=StartsFrom.RECEIVED,
        unit=Unit.DAYS,
        amount=30,
        source=(
            "Singapore, Personal Data Protection Act, sections 21 and 22, with regulation 5 of"
            " 2021: within 30 days of receipt, an answer or the date of one"
        ),
        quality=SourceQuality.SECONDARY,
    ),
)
"""All available regimes. By default, only ``operator_7wd`` is enabled."""


def regime(name: str) -> RegimeProfile:
    """Return the regime with a name.

    Raises:
        SettingsError: there is none; the message lists the available names.
    """
    for profile in REGIMES:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in REGIMES)
    raise SettingsError(f"unknown regime {name!r}; known are {known}", known=known)
