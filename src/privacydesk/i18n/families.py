"""Key families: message keys for the members of closed lists, such as the providers.

Code builds these keys at run time (``provider.`` and the provider), so they aren't found as
literals. With this list, the check of catalogs finds members without a message.
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
from privacydesk.domain.api_tokens import Scope, TokenStatus
from privacydesk.domain.audit import NON_STAFF_ACTORS
from privacydesk.domain.deadlines import DayReason
from privacydesk.domain.duty import PresenceState
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.inbox_views import TaskFilter
from privacydesk.domain.incidents import Audience, IncidentState, NoticePart
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.minors import AgeBand, FileAct
from privacydesk.domain.notices import NoticeChannel, NoticeOutcome, NoticeSubject, Occasion
from privacydesk.domain.operator_profile import KEYS, SECTIONS, GapKind
from privacydesk.domain.packages import KNOWN_COLUMNS
from privacydesk.domain.packs import PackKind
from privacydesk.domain.receipts import DECISIONS
from privacydesk.domain.scopes import PERSONALISATION, TAGS
from privacydesk.domain.shifts import DAYS
from privacydesk.domain.sign_on import BY_PROVIDER
from privacydesk.domain.signin import BY_COMMAND, AccessKind
from privacydesk.domain.tasks import TaskResult
from privacydesk.domain.ticket import Outcome, Satisfaction, TicketState
from privacydesk.domain.ticketing import Correction, RejectionReason
from privacydesk.domain.ticketing_links import LinkStatus
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import DeliveryFault, EndpointState, PostingState

FAMILIES: Final[Mapping[str, Iterable[str]]] = {
    "provider": Provider,
    "category": DataCategory,
    "purpose": (*ConsentPurpose, *DEVICE_PERMISSIONS),
    "field": ProfileField,
    "profiling": (PERSONALISATION, TAGS),
    "kind": RequestKind,
    "ground": Ground,
    "result": (*ItemOutcome, "nothing_held", "suspended", "deleted"),
    "reason": AccountReason,
    "advice": AccountReason,
    "package.column": KNOWN_COLUMNS,
    "ticket.state": TicketState,
    "ticket.outcome": Outcome,
    "receipt.decision": DECISIONS,
    "ticket.done": RequestKind,
    "desk.choice": RequestKind,
    "satisfaction": Satisfaction,
    "ticket.day": DayReason,
    "desk.weekday": tuple(str(day) for day in sorted(DAYS)),
    "web.console.role": Role,
    "web.console.access": AccessKind,
    "web.console.access_of": (
        "account",
        "all_others",
        BY_PROVIDER,
        "last_administrator",
        "passkey",
        "passkey_copied",
        "passkey_late",
        "passkey_unknown",
        "passkey_wrong",
        "sign_on_age",
        "sign_on_denied",
        "sign_on_disabled",
        "sign_on_other",
        "sign_on_role",
        "sign_on_token",
        "sign_on_unknown",
        "signed_out",
    ),
    "web.audit.by": (*sorted(NON_STAFF_ACTORS), BY_COMMAND),
    "web.audit.came_of": ("accepted_yes", "accepted_no", "sound_yes", "sound_no", "locked_yes"),
    "web.webhooks.kind": WebhookEventKind,
    "web.webhooks.group": ("ticket", "task", "conversation", "incident"),
    "web.webhooks.posting": PostingState,
    "web.webhooks.fault": DeliveryFault,
    "web.webhooks.health": (*EndpointState, "failing"),
    "web.tokens.standing": TokenStatus,
    "web.tokens.scope": Scope,
    "web.profile.section": SECTIONS,
    "web.profile.key": KEYS,
    "web.profile.gap": GapKind,
    "notice": NoticeSubject,
    "incident": NoticePart,
    "web.incidents.audience_of": Audience,
    "web.incidents.state": IncidentState,
    "web.incidents.outcome": ("sent", "refused", "no_contact", "unavailable"),
    "web.incidents.done": ("prepared", "released", "paused", "resumed", "discarded"),
    "web.case.notice": Occasion,
    "web.case.notice_way": NoticeChannel,
    "web.case.notice_state": (*NoticeOutcome, "queued", "tried"),
    "ticketing.correction": Correction,
    "web.case.ticketing_state": LinkStatus,
    "ticketing.reason": RejectionReason,
    "web.duty.alarm": AlarmKind,
    "web.case.attempt": AttemptKind,
    "web.duty.state": PresenceState,
    "web.tasks.result": TaskResult,
    "web.inbox.task": TaskFilter,
    "pack.kind": PackKind,
    "pack.minors": FileAct,
    "pack.minors.band": AgeBand,
}
"""For each prefix, the members that complete it."""


def family_keys() -> Iterator[str]:
    """Yield the keys of all members."""
    for prefix, members in FAMILIES.items():
        for member in members:
            yield f"{prefix}.{member}"
