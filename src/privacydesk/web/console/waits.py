"""The waits for a person beside the targets, as the reports and the home page show them."""

from __future__ import annotations

from msgspec import Struct

from privacydesk.domain.help_figures import WaitStanding
from privacydesk.web.console.localizer import Localizer
from privacydesk.web.console.rates import counts_text


class RenderedWaits(Struct, frozen=True):
    """The waits of a period in an agent's language.

    Attributes:
        in_time: the share that was answered in time.
        in_time_target: what it should be.
        left: the share of users who left unanswered.
        left_target: what it may be.
        misses_in_time, misses_left: whether a target is missed.
        is_empty: whether nobody asked for a person.
    """

    in_time: str
    in_time_target: str
    left: str
    left_target: str
    misses_in_time: bool
    misses_left: bool
    is_empty: bool

    @classmethod
    def of(cls, waits: WaitStanding, localizer: Localizer) -> RenderedWaits:
        """Render the waits of a period."""
        say, targets = localizer.report, waits.targets
        minutes = {"$number": targets.wait.total_seconds() / 60}
        return cls(
            in_time=counts_text((waits.in_time, waits.answered), say),
            in_time_target=localizer.report(
                "target.in_time", percent=targets.in_time_percent, minutes=minutes
            ),
            left=counts_text((waits.left, waits.decided), say),
            left_target=localizer.report("target.left", percent=targets.left_percent),
            misses_in_time=waits.misses_wait,
            misses_left=waits.misses_left,
            is_empty=not (waits.decided or waits.waiting),
        )
