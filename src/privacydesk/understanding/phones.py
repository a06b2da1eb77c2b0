"""Phone numbers that can take a code."""

from __future__ import annotations

import re
from typing import Final

_HOME: Final = "CN"
_CHINA: Final = 86
_FEWEST_DIGITS: Final = 7
_LIKELY = re.compile(rf"(?:\d[\s().-]{{0,2}}){{{_FEWEST_DIGITS},}}")


def phones(text: str) -> tuple[str, ...]:
    """Return the numbers in a text as E.164, in order, once each; without a prefix: China's.

    Numbers of the mainland count only when they are mobile ones, since a code has to arrive.
    """
    if not _LIKELY.search(text):
        return ()
    # Its tables take a while to import, and most sentences hold no number.
    import phonenumbers  # noqa: PLC0415

    reaches = {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
    found = (
        match.number
        for match in phonenumbers.PhoneNumberMatcher(
            text, _HOME, leniency=phonenumbers.Leniency.VALID
        )
    )
    return tuple(
        dict.fromkeys(
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            for number in found
            if number.country_code != _CHINA or phonenumbers.number_type(number) in reaches
        )
    )
