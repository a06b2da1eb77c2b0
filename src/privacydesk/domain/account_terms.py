"""Enumerations of the account service's contract; their values are sent as spelled here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Provider(StrEnum):
    """A login provider that can be bound to an account."""

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
    """What deleting one category can achieve, as a hint; the account service decides."""

    YES = "yes"
    MAY_BE_KEPT = "may_be_kept"
    ELSEWHERE = "elsewhere"


class DataCategory(StrEnum):
    """A category of an account's personal data; the items of access and deletion requests."""

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
        """What to tell a user who wants only this category deleted.

        ``elsewhere`` means that another action is needed: bindings are unbound, not deleted.
        """
        return _DELETABLE.get(self, Deletable.YES)

    @property
    def published(self) -> bool:
        """Whether it stays published anonymously after closing (policy 第七条（三）)."""
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

UNDATED: Final = frozenset({DataCategory.PROFILE, DataCategory.REAL_NAME, DataCategory.BINDINGS})
"""Categories without dated records."""


class ConsentPurpose(StrEnum):
    """A purpose whose consent is stored by the account service.

    *Permissions* for camera, microphone, album and precise location belong to the device. The user
    turns them off there, and the desk only explains where (policy 第七条（一）1).
    """

    PERSONALISED_RECOMMENDATION = "personalised_recommendation"
    MARKETING = "marketing"
    LOCATION = "location"
    CONTACTS = "contacts"
    THIRD_PARTY_SHARING = "third_party_sharing"
    AFFILIATE_SHARING = "affiliate_sharing"


DEVICE_PERMISSIONS = ("device_location", "device_camera", "device_microphone", "device_photos")
"""Permissions that only the device can withdraw, offered as choices beside the purposes."""


class ProfileField(StrEnum):
    """A profile field that a correction may name."""

    NICKNAME = "nickname"
    GENDER = "gender"
    BIRTHDAY = "birthday"
    SIGNATURE = "signature"
    TAGS = "tags"
    INTERESTS = "interests"
    REAL_NAME = "real_name"


class GenderCode(StrEnum):
    """The account service's values for gender. Others are permitted, and shown unchanged."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNDISCLOSED = "undisclosed"


SPOKEN_GENDERS: Final = frozenset(
    {
        "男", "女", "男性", "女性", "男生", "女生", "男的", "女的", "保密", "不公开",
        "不显示", "其他", "非二元", "跨性别", "无性别", "中性", "双性", "第三性别",
        "male", "female", "man", "woman", "boy", "girl", "nonbinary", "non-binary", "transgender",
        "agender", "intersex", "other", "secret", "private", "undisclosed", "prefer not to say",
        "not specified",
    }
)  # fmt: skip
"""Words for genders, in simplified Chinese and lower case."""


class AccountAction(StrEnum):
    """An action that the desk can request from the account service."""

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
        """Whether it only reads. Reads may be repeated and return the current data."""
        return self in _READS

    @property
    def destroys(self) -> bool:
        """Whether it takes data or access away for good, so that a legal hold forbids it."""
        return self in _DESTROYING


_READS = frozenset(
    {
        AccountAction.PROFILE,
        AccountAction.BINDINGS,
        AccountAction.CONTACTS,
        AccountAction.EXPORT,
        AccountAction.DECISIONS,
    }
)
_DESTROYING = frozenset({AccountAction.DELETE, AccountAction.UNBIND, AccountAction.DEREGISTER})


class AccountOutcome(StrEnum):
    """The outcome of an action.

    Services never answer ``unavailable``: connectors raise ``UnavailableError`` so that the caller
    retries, and a caller that gives up turns the error into this outcome.
    """

    OK = "ok"
    PARTLY = "partly"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    PENDING = "pending"
    UNAVAILABLE = "unavailable"


class AccountReason(StrEnum):
    """Why an action or an item was not carried out. Unknown reasons are read as ``other``."""

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
        """Return the reason that the service sent; an unknown one becomes ``other``."""
        if text is None:
            return None
        try:
            return cls(text)
        except ValueError:
            return cls.OTHER


def unknown_reason(text: str | None) -> str:
    """Return a reason as it was sent if it is unknown, so that staff see it; else empty."""
    is_known = text is None or AccountReason.read(text) is not AccountReason.OTHER
    return "" if is_known or text == AccountReason.OTHER else str(text)


class ItemOutcome(StrEnum):
    """The outcome of one item of a change."""

    DONE = "done"
    ANONYMISED = "anonymised"
    KEPT = "kept"
    FAILED = "failed"
