"""Terms of closed lists: each of their members has a sentence in every locale.

Code completes their keys at run time (``provider.`` and the provider's name), so no literal
contains them; a provider added to the domain without its name in a locale is found by this list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    AccountReason,
    ConsentPurpose,
    DataCategory,
    ItemOutcome,
    ProfileField,
    Provider,
)
from privacydesk.domain.agents import Role
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.api_tokens import Scope, TokenStanding
from privacydesk.domain.deadlines import DayReason
from privacydesk.domain.duty import Standing
from privacydesk.domain.failed_codes import AttemptKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.news import NewsKind
from privacydesk.domain.notices import About, NoticeOutcome, Occasion, Way
from privacydesk.domain.packages import KNOWN_COLUMNS
from privacydesk.domain.signin import AccessKind
from privacydesk.domain.ticket import Outcome, Satisfaction, TicketState
from privacydesk.domain.ticketing import Correction, NotTaken
from privacydesk.domain.ticketing_links import LinkStanding
from privacydesk.domain.webhooks import EndpointState, Fault, PostingState

FAMILIES: Final[Mapping[str, Iterable[str]]] = {
    "provider": Provider,
    "category": DataCategory,
    "purpose": (*ConsentPurpose, *DEVICE_PERMISSIONS),
    "field": ProfileField,
    "kind": RequestKind,
    "ground": Ground,
    "result": (*ItemOutcome, "nothing_held", "suspended", "deleted"),
    "reason": AccountReason,
    "advice": AccountReason,
    "package.column": KNOWN_COLUMNS,
    "ticket.state": TicketState,
    "ticket.outcome": Outcome,
    "satisfaction": Satisfaction,
    "ticket.day": DayReason,
    "web.console.role": Role,
    "web.console.access": AccessKind,
    "web.console.access_of": ("account", "all_others"),
    "web.audit.came_of": ("accepted_yes", "accepted_no", "sound_yes", "sound_no"),
    "web.webhooks.kind": NewsKind,
    "web.webhooks.posting": PostingState,
    "web.webhooks.fault": Fault,
    "web.webhooks.health": (*EndpointState, "failing"),
    "web.tokens.standing": TokenStanding,
    "web.tokens.scope": Scope,
    "notice": About,
    "web.case.notice": Occasion,
    "web.case.notice_way": Way,
    "web.case.notice_state": (*NoticeOutcome, "queued", "tried"),
    "ticketing.correction": Correction,
    "web.case.ticketing_state": LinkStanding,
    "ticketing.reason": NotTaken,
    "web.duty.alarm": AlarmKind,
    "web.case.attempt": AttemptKind,
    "web.duty.state": Standing,
}
"""The prefix of the keys to what completes them."""


def family_keys() -> Iterator[str]:
    """Return the key of every member."""
    for beginning, members in FAMILIES.items():
        for member in members:
            yield f"{beginning}.{member}"
