"""What the desk knows about accounts in the app, and what it may ask the app's backend to do.

The desk owns no account data. It names an action, an account and a payload; the operator's account
service answers. Everything here is a value that goes to JSON and back without loss. Instants are
aware UTC, written as ISO 8601 with ``Z``; days are written ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from msgspec import Struct, field
from msgspec.structs import replace


class Provider(StrEnum):
    """A way to log in that can be bound to an account."""

    PHONE = "phone"
    WECHAT = "wechat"
    QQ = "qq"
    WEIBO = "weibo"
    APPLE = "apple"
    GOOGLE = "google"
    LINE = "line"
    FACEBOOK = "facebook"


class AccountStatus(StrEnum):
    """Whether an account can be used. ``closed`` is final."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Deletable(StrEnum):
    """What a person can expect of deleting one category. A hint: the account service decides."""

    YES = "yes"
    MAY_BE_KEPT = "may_be_kept"
    ELSEWHERE = "elsewhere"


class DataCategory(StrEnum):
    """A kind of personal data held for an account; the scope items of access and deletion."""

    PROFILE = "profile"
    REAL_NAME = "real_name"
    BINDINGS = "bindings"
    POSTS = "posts"
    COMMENTS = "comments"
    VOICE = "voice"
    PHOTOS = "photos"
    CHAT = "chat"
    FOLLOWS = "follows"
    SEARCH_HISTORY = "search_history"
    RECHARGE = "recharge"
    LOCATION = "location"
    DEVICE_LOGS = "device_logs"
    RECOMMENDATIONS = "recommendations"

    @property
    def deletable(self) -> Deletable:
        """What to tell a person who wants only this category deleted.

        ``elsewhere`` means by another action: a binding is unbound, not deleted.
        """
        return _DELETABLE.get(self, Deletable.YES)

    @property
    def published(self) -> bool:
        """Whether closing the account leaves it standing without a name (policy 第七条（三）)."""
        return self in _PUBLISHED


_DELETABLE = {
    DataCategory.BINDINGS: Deletable.ELSEWHERE,
    DataCategory.REAL_NAME: Deletable.MAY_BE_KEPT,
    DataCategory.RECHARGE: Deletable.MAY_BE_KEPT,
    DataCategory.DEVICE_LOGS: Deletable.MAY_BE_KEPT,
}
_PUBLISHED = frozenset(
    {DataCategory.POSTS, DataCategory.COMMENTS, DataCategory.VOICE, DataCategory.PHOTOS}
)


class ConsentPurpose(StrEnum):
    """A purpose whose consent the account service keeps.

    Camera, microphone, album and precise location *permissions* are the device's: the user turns
    them off there, and the desk only says where (policy 第七条（一）1).
    """

    PERSONALISED_RECOMMENDATION = "personalised_recommendation"
    MARKETING = "marketing"
    LOCATION = "location"
    CONTACTS = "contacts"
    THIRD_PARTY_SHARING = "third_party_sharing"
    AFFILIATE_SHARING = "affiliate_sharing"


DEVICE_PERMISSIONS = ("device_location", "device_camera", "device_microphone", "device_photos")
"""Permissions that only the device can take back, named beside the purposes where people choose."""


class ProfileField(StrEnum):
    """A profile field that a correction may name."""

    NICKNAME = "nickname"
    GENDER = "gender"
    BIRTHDAY = "birthday"
    SIGNATURE = "signature"
    TAGS = "tags"
    INTERESTS = "interests"
    REAL_NAME = "real_name"


class AccountAction(StrEnum):
    """All that the desk may ask of the account service."""

    PROFILE = "profile"
    BINDINGS = "bindings"
    CONTACTS = "contacts"
    EXPORT = "export"
    DECISIONS = "decisions"
    CORRECT = "correct"
    WITHDRAW_CONSENT = "withdraw_consent"
    DELETE = "delete"
    UNBIND = "unbind"
    DEREGISTER = "deregister"
    SUSPEND = "suspend"
    RESTORE = "restore"

    @property
    def reads(self) -> bool:
        """Whether it only looks. A reading may be repeated freely and is answered as of now."""
        return self in _READS


_READS = frozenset(
    {
        AccountAction.PROFILE,
        AccountAction.BINDINGS,
        AccountAction.CONTACTS,
        AccountAction.EXPORT,
        AccountAction.DECISIONS,
    }
)


class AccountOutcome(StrEnum):
    """How an action ended.

    ``unavailable`` is never answered by a service: adapters raise ``UnavailableError`` so that the
    caller tries again, and whoever stops trying makes this outcome of it.
    """

    OK = "ok"
    PARTLY = "partly"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    PENDING = "pending"
    UNAVAILABLE = "unavailable"


class AccountReason(StrEnum):
    """Why an action or one of its items was not done. Unknown reasons are read as ``other``."""

    LAST_LOGIN = "last_login"
    NOT_BOUND = "not_bound"
    CLOSED = "closed"
    CONDITIONS_UNMET = "conditions_unmet"
    UNSPENT_BALANCE = "unspent_balance"
    OPEN_DISPUTE = "open_dispute"
    LEGAL_RETENTION = "legal_retention"
    SECURITY = "security"
    USE_UNBIND = "use_unbind"
    NOT_CORRECTABLE = "not_correctable"
    INVALID_VALUE = "invalid_value"
    NOTHING_CHANGED = "nothing_changed"
    ALREADY = "already"
    TECHNICAL = "technical"
    INVALID_PAYLOAD = "invalid_payload"
    KEY_REUSED = "key_reused"
    REJECTED = "rejected"
    NO_CONTACT = "no_contact"
    OTHER = "other"

    @classmethod
    def read(cls, text: str | None) -> AccountReason | None:
        """Read a reason sent from outside; an unknown one becomes ``other``."""
        if text is None:
            return None
        try:
            return cls(text)
        except ValueError:
            return cls.OTHER


def unknown_reason(text: str | None) -> str:
    """Return a reason sent from outside that has no name here, for staff; empty for a known one."""
    known = text is None or AccountReason.read(text) is not AccountReason.OTHER
    return "" if known or text == AccountReason.OTHER else str(text)


class ItemOutcome(StrEnum):
    """What became of one item of a change."""

    DONE = "done"
    ANONYMISED = "anonymised"
    KEPT = "kept"
    FAILED = "failed"


class Binding(Struct, frozen=True):
    """One way to log in, as it may be shown.

    Attributes:
        provider: which way.
        label_masked: the third party's name for the person, masked; never the full value.
        bound_at: since when, if known.
        last_login_way: whether unbinding it would lock the person out; set by
            :func:`mark_last_login_way`, since one binding can't know of the others.
    """

    provider: Provider
    label_masked: str
    bound_at: datetime | None = None
    last_login_way: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "provider": self.provider.value,
            "label_masked": self.label_masked,
            "bound_at": write_instant(self.bound_at),
            "last_login_way": self.last_login_way,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        return cls(
            provider=Provider(raw["provider"]),
            label_masked=raw["label_masked"],
            bound_at=read_instant(raw.get("bound_at")),
            last_login_way=bool(raw.get("last_login_way", False)),
        )


def mark_last_login_way(bindings: Iterable[Binding]) -> tuple[Binding, ...]:
    """Return the bindings with ``last_login_way`` true on the only one, false on several."""
    found = tuple(bindings)
    return tuple(replace(one, last_login_way=len(found) == 1) for one in found)


class AccountProfile(Struct, frozen=True):
    """An account's profile as its owner may see it; phone and real name are masked."""

    account: str
    nickname: str
    status: AccountStatus = AccountStatus.ACTIVE
    avatar: bool = False
    gender: str | None = None
    birthday: date | None = None
    signature: str | None = None
    tags: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    phone_masked: str | None = None
    real_name_masked: str | None = None
    real_name_verified: bool = False
    consents: Mapping[ConsentPurpose, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "account": self.account,
            "nickname": self.nickname,
            "status": self.status.value,
            "avatar": self.avatar,
            "gender": self.gender,
            "birthday": None if self.birthday is None else self.birthday.isoformat(),
            "signature": self.signature,
            "tags": list(self.tags),
            "interests": list(self.interests),
            "phone_masked": self.phone_masked,
            "real_name_masked": self.real_name_masked,
            "real_name_verified": self.real_name_verified,
            "consents": {purpose.value: given for purpose, given in self.consents.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        born = raw.get("birthday")
        return cls(
            account=raw["account"],
            nickname=raw["nickname"],
            status=AccountStatus(raw["status"]),
            avatar=bool(raw.get("avatar", False)),
            gender=raw.get("gender"),
            birthday=None if born is None else date.fromisoformat(born),
            signature=raw.get("signature"),
            tags=tuple(raw.get("tags", ())),
            interests=tuple(raw.get("interests", ())),
            phone_masked=raw.get("phone_masked"),
            real_name_masked=raw.get("real_name_masked"),
            real_name_verified=bool(raw.get("real_name_verified", False)),
            consents={
                ConsentPurpose(name): bool(given)
                for name, given in (raw.get("consents") or {}).items()
            },
        )


class AutomatedDecision(Struct, frozen=True):
    """A decision made about an account by automated means, explained (policy 第七条（四）).

    Attributes:
        id: the account service's own name for it.
        what: what was decided.
        made_at: when.
        factors: the main factors, each in plain words, the weightiest first.
        appeal: how a person can have a human look at it; ``None`` if it can't be appealed.
        ends_at: when its effect ends; ``None`` if it has none or lasts.
    """

    id: str
    what: str
    made_at: datetime
    factors: tuple[str, ...] = ()
    appeal: str | None = None
    ends_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "what": self.what,
            "made_at": write_instant(self.made_at),
            "factors": list(self.factors),
            "appeal": self.appeal,
            "ends_at": write_instant(self.ends_at),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        made_at = read_instant(raw["made_at"])
        if made_at is None:
            raise ValueError("made_at is missing")
        return cls(
            id=raw["id"],
            what=raw["what"],
            made_at=made_at,
            factors=tuple(raw.get("factors", ())),
            appeal=raw.get("appeal"),
            ends_at=read_instant(raw.get("ends_at")),
        )


class ItemResult(Struct, frozen=True):
    """What became of one item of a change.

    Attributes:
        scope: a data category, consent purpose, profile field or provider, as it was asked.
        outcome: what happened to it.
        count: how many records were touched (deleted, anonymised or kept); None where it was not
            said.
        reason: why it was kept or failed.
        until: the last day it will be kept, if known.
        sent_reason: the reason as the service wrote it, where ``reason`` is ``other`` for that.
    """

    scope: str
    outcome: ItemOutcome
    count: int | None = None
    reason: AccountReason | None = None
    until: date | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason as staff look it up; empty without one."""
        return self.sent_reason or (self.reason or "")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        said = {} if self.count is None else {"count": self.count}
        return {
            "scope": self.scope,
            "outcome": self.outcome.value,
            **said,
            "reason": self.reason_code or None,
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        count, until = raw.get("count"), raw.get("until")
        return cls(
            scope=raw["scope"],
            outcome=ItemOutcome(raw["outcome"]),
            count=None if count is None else int(count),
            reason=AccountReason.read(raw.get("reason")),
            until=None if until is None else date.fromisoformat(until),
            sent_reason=unknown_reason(raw.get("reason")),
        )


class AccountAnswer(Struct, frozen=True):
    """What the account service said to one action.

    Attributes:
        outcome: how it ended.
        reason: why it was refused; ``None`` with any other outcome.
        data: what a reading found, in the shape that the contract gives for the action.
        items: what became of each item of a change.
        retry_after: seconds after which asking again makes sense, when ``pending``.
        sent_reason: as in ``ItemResult``.
    """

    outcome: AccountOutcome
    reason: AccountReason | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()
    retry_after: float | None = None
    sent_reason: str = ""

    @property
    def reason_code(self) -> str:
        """The reason as staff look it up; empty without one."""
        return self.sent_reason or (self.reason or "")

    @property
    def final(self) -> bool:
        """Whether asking again with the same key would bring nothing new."""
        return self.outcome not in {AccountOutcome.PENDING, AccountOutcome.UNAVAILABLE}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason_code or None,
            "data": dict(self.data),
            "items": [one.to_json() for one in self.items],
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read the JSON form. Raises ``KeyError`` or ``ValueError`` on anything else."""
        wait = raw.get("retry_after")
        return cls(
            outcome=AccountOutcome(raw["outcome"]),
            reason=AccountReason.read(raw.get("reason")),
            data=dict(raw.get("data") or {}),
            items=tuple(ItemResult.from_json(one) for one in raw.get("items") or ()),
            retry_after=None if wait is None else float(wait),
            sent_reason=unknown_reason(raw.get("reason")),
        )

    @classmethod
    def refused(cls, reason: AccountReason, *items: ItemResult) -> Self:
        """Return a refusal of the whole action."""
        return cls(AccountOutcome.REFUSED, reason=reason, items=items)


class AccountService(Protocol):
    """The app's backend, as far as the desk needs it."""

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Do one action on one account.

        Args:
            action: what to do.
            account: the app's id of the account.
            payload: the action's arguments, JSON-able, in the contract's shape.
            key: the outbox row's id. A change repeated under the same key happens once and is
                answered with its first answer.

        Raises:
            UnavailableError: the service can't be reached or won't answer now; nothing is known of
                what it did, so the same call is repeated with the same key. ``data`` may hold
                ``retry_after`` in seconds.
        """
        ...


class PhoneTarget(Struct, frozen=True):
    """A phone number that somebody typed, in E.164. A code sent there proves that contact alone."""

    number: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class MailTarget(Struct, frozen=True):
    """A mail address that somebody typed. A code sent there proves that contact alone."""

    address: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class AccountContact(Struct, frozen=True):
    """The phone bound to an account; whoever sends resolves it, so the desk never holds it."""

    account: str


class SendOutcome(StrEnum):
    """What became of a code. ``sent`` means taken by the gateway, not read by a person."""

    SENT = "sent"
    NO_CONTACT = "no_contact"
    REFUSED = "refused"


class SendAnswer(Struct, frozen=True):
    """What the gateway said.

    Attributes:
        outcome: what became of the code.
        masked: where it went, masked for showing; ``None`` if the gateway does not tell.
        reason: why it was refused.
    """

    outcome: SendOutcome
    masked: str | None = None
    reason: AccountReason | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "outcome": self.outcome.value,
            "masked": self.masked,
            "reason": None if self.reason is None else self.reason.value,
        }


class CodeSender(Protocol):
    """Brings one-time codes to people."""

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send one code once.

        Args:
            to: a typed contact, or "the phone bound to this account".
            template: which text the gateway wraps around the code.
            locale: the language of that text, as in ``zh-Hant``.
            code: the digits themselves.
            key: the outbox row's id; a repeated key sends nothing more.

        Raises:
            UnavailableError: the gateway can't take it now; repeat with the same key.
        """
        ...


def mask_phone(number: str) -> str:
    """Return an E.164 number with its middle hidden; the last four digits stay."""
    tail = 4
    if len(number) <= 2 * tail:
        return "*" * max(0, len(number) - 2) + number[-2:]
    return f"{number[: -2 * tail]}****{number[-tail:]}"


def mask_name(name: str) -> str:
    """Return a name with all but the first character of each word hidden."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def mask_mail(address: str) -> str:
    """Return a mail address with its local part hidden but for the first character."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}***@{host}"


def write_instant(moment: datetime | None) -> str | None:
    """Write an aware instant as ISO 8601 in UTC with ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant. Raises ``ValueError`` without an offset, since it is then none."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment.astimezone(UTC)
