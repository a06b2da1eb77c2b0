"""The changes that the in-memory account service makes, as pure functions on one account record.

They implement the rules of a sample operator. As the contract requires, the answer to a change
reports the outcome of each item, a refusal has its reason, and a partial result is reported as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from privacydesk.connectors.account_payload import (
    read_categories,
    read_code,
    read_day,
    read_ids,
    read_provider,
    read_purposes,
    refuse_unknown,
)
from privacydesk.connectors.account_record import AccountRecord, DataItem
from privacydesk.connectors.account_values import check_correction
from privacydesk.domain.account import AccountAnswer, ItemResult
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    DataCategory,
    ItemOutcome,
    Provider,
)
from privacydesk.errors import InvalidRequestError

_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""The time zone in which the sample operator counts days."""
_MAX_FIELDS = 50
_MAX_NAME_LENGTH = 64
Obstacles = Mapping[str, AccountReason]


@dataclass(frozen=True, slots=True)
class Change:
    """The account after an action, the answer, and content that was detached from its author."""

    record: AccountRecord
    answer: AccountAnswer
    anonymised: tuple[DataItem, ...] = ()


def apply_change(
    action: AccountAction,
    record: AccountRecord,
    payload: Mapping[str, Any],
    now: datetime,
    obstacles: Obstacles,
) -> Change:
    """Apply one change to an account.

    Args:
        action: the action; must not be a read.
        record: the account before the change.
        payload: the action's arguments.
        now: the current time.
        obstacles: scopes whose change fails, with the reason; set by the demo and tests.

    Raises:
        InvalidRequestError: the payload does not fit the action; nothing was changed.
    """
    result = _CHANGES[action](record, payload, now, obstacles)
    if record.status is AccountStatus.CLOSED:
        # Checked last: an invalid payload is reported as such for a closed account, too.
        return _refuse(record, AccountReason.CLOSED)
    return result


def _correct(
    record: AccountRecord, payload: Mapping[str, Any], now: datetime, obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "changes")
    changes = payload.get("changes")
    if not isinstance(changes, dict) or not 0 < len(changes) <= _MAX_FIELDS:
        raise InvalidRequestError(f"changes must name 1 to {_MAX_FIELDS} fields")
    if any(not 0 < len(name) <= _MAX_NAME_LENGTH for name in changes):
        # The answer repeats names as scopes, so the maximum length of a scope applies.
        raise InvalidRequestError(f"a field's name has 1 to {_MAX_NAME_LENGTH} characters")
    items: list[ItemResult] = []
    for name, value in changes.items():
        corrected = check_correction(name, value, now)
        scope = str(name)
        if scope in obstacles:
            items.append(ItemResult(scope, ItemOutcome.FAILED, reason=obstacles[scope]))
        elif isinstance(corrected, AccountReason):
            items.append(ItemResult(scope, ItemOutcome.FAILED, reason=corrected))
        elif getattr(record, scope) == corrected.value:
            items.append(ItemResult(scope, ItemOutcome.DONE, reason=AccountReason.ALREADY))
        else:
            record = replace(record, **{scope: corrected.value})
            items.append(ItemResult(scope, ItemOutcome.DONE, count=1))
    return _summarise(record, items)


def _withdraw_consent(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "purposes")
    consents = dict(record.consents)
    items: list[ItemResult] = []
    for purpose in read_purposes(payload, "purposes"):
        if purpose in obstacles:
            items.append(ItemResult(purpose, ItemOutcome.FAILED, reason=obstacles[purpose]))
        elif consents.get(purpose, False):
            consents[purpose] = False
            items.append(ItemResult(purpose, ItemOutcome.DONE, count=1))
        else:
            items.append(ItemResult(purpose, ItemOutcome.DONE, reason=AccountReason.ALREADY))
    return _summarise(replace(record, consents=consents), items)


def _delete(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "categories", "item_ids", "before")
    categories = read_categories(payload, "categories")
    ids = read_ids(payload, "item_ids")
    before = read_day(payload, "before")
    items: list[ItemResult] = []
    for category in categories:
        if category in obstacles:
            items.append(ItemResult(category, ItemOutcome.FAILED, reason=obstacles[category]))
        else:
            record, item = _delete_category(record, category, ids, before)
            items.append(item)
    return _summarise(record, items, backups="isolated")


def _delete_category(
    record: AccountRecord,
    category: DataCategory,
    ids: frozenset[str] | None,
    before: date | None,
) -> tuple[AccountRecord, ItemResult]:
    if category is DataCategory.BINDINGS:
        return record, ItemResult(
            category,
            ItemOutcome.KEPT,
            count=len(record.bindings),
            reason=AccountReason.USE_UNBIND,
        )
    stored = record.holdings.get(category, ())
    chosen = [item for item in stored if _is_chosen(item, ids, before)]
    if category in record.retained:
        retention = record.retained[category]
        count = len(chosen)
        if category is DataCategory.REAL_NAME:
            count = int(record.real_name is not None)
        return record, ItemResult(
            category, ItemOutcome.KEPT, count, retention.reason, retention.until
        )
    if category is DataCategory.PROFILE:
        emptied = _without_optional_fields(record)
        return emptied, ItemResult(category, ItemOutcome.DONE, _fields_changed(record, emptied))
    if category is DataCategory.REAL_NAME:
        count = int(record.real_name is not None)
        record = replace(record, real_name=None, real_name_verified=False)
        return record, ItemResult(category, ItemOutcome.DONE, count)
    remaining = tuple(item for item in stored if item not in chosen)
    record = replace(record, holdings={**record.holdings, category: remaining})
    return record, ItemResult(category, ItemOutcome.DONE, len(chosen))


def _is_chosen(item: DataItem, ids: frozenset[str] | None, before: date | None) -> bool:
    if ids is not None and item.id not in ids:
        return False
    return before is None or item.at.astimezone(_ZONE).date() < before


def _unbind(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "provider")
    provider = read_provider(payload, "provider")
    bound = record.binding(provider)
    if bound is None:
        return _refuse(record, AccountReason.NOT_BOUND)
    if bound.last_login_way:
        return _refuse(record, AccountReason.LAST_LOGIN)
    if provider in obstacles:
        return _refuse(record, obstacles[provider])
    remaining = tuple(binding for binding in record.bindings if binding.provider is not provider)
    record = replace(
        record,
        bindings=remaining,
        phone=None if provider is Provider.PHONE else record.phone,
    )
    return _summarise(record, [ItemResult(provider, ItemOutcome.DONE, count=1)])


def _deregister(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload)
    if record.open_matters:
        return _refuse(
            record,
            AccountReason.CONDITIONS_UNMET,
            *(
                ItemResult("account", ItemOutcome.FAILED, reason=reason)
                for reason in record.open_matters
            ),
        )
    items: list[ItemResult] = []
    anonymised: list[DataItem] = []
    holdings: dict[DataCategory, tuple[DataItem, ...]] = {}
    for category, stored in record.holdings.items():
        retention = record.retained.get(category)
        if retention is not None:
            holdings[category] = stored
            items.append(
                ItemResult(
                    category, ItemOutcome.KEPT, len(stored), retention.reason, retention.until
                )
            )
        elif category.published:
            anonymised.extend(stored)
            items.append(ItemResult(category, ItemOutcome.ANONYMISED, len(stored)))
        else:
            items.append(ItemResult(category, ItemOutcome.DONE, len(stored)))
    name_kept = DataCategory.REAL_NAME in record.retained
    if name_kept and record.real_name is not None:
        retention = record.retained[DataCategory.REAL_NAME]
        items.append(
            ItemResult(
                DataCategory.REAL_NAME, ItemOutcome.KEPT, 1, retention.reason, retention.until
            )
        )
    items.append(ItemResult(DataCategory.BINDINGS, ItemOutcome.DONE, len(record.bindings)))
    items.append(ItemResult(DataCategory.PROFILE, ItemOutcome.DONE, 1))
    closed = AccountRecord(
        account=record.account,
        nickname="",
        locale=record.locale,
        status=AccountStatus.CLOSED,
        real_name=record.real_name if name_kept else None,
        real_name_verified=name_kept and record.real_name_verified,
        holdings=holdings,
        consents=dict.fromkeys(ConsentPurpose, False),
        retained=record.retained,
    )
    # Data retained by law does not make the answer partial: the account is closed.
    answer = AccountAnswer(AccountOutcome.OK, data={"backups": "isolated"}, items=tuple(items))
    return Change(closed, answer, anonymised=tuple(anonymised))


def _suspend(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "reason")
    reason = read_code(payload, "reason")
    unchanged = record.status is AccountStatus.SUSPENDED
    record = replace(
        record, status=AccountStatus.SUSPENDED, suspended_for=reason or record.suspended_for
    )
    return _summarise(record, [_account_item(unchanged)])


def _restore(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload)
    unchanged = record.status is AccountStatus.ACTIVE
    record = replace(record, status=AccountStatus.ACTIVE, suspended_for=None)
    return _summarise(record, [_account_item(unchanged)])


def _account_item(unchanged: bool) -> ItemResult:
    return ItemResult(
        "account",
        ItemOutcome.DONE,
        count=0 if unchanged else 1,
        reason=AccountReason.ALREADY if unchanged else None,
    )


def _summarise(record: AccountRecord, items: list[ItemResult], **data: Any) -> Change:
    """Return the change with its overall outcome: ok, refused if no item was done, else partly."""
    incomplete = {ItemOutcome.KEPT, ItemOutcome.FAILED}
    missed = [item for item in items if item.outcome in incomplete]
    if not missed:
        outcome, reason = AccountOutcome.OK, None
    elif len(missed) < len(items):
        outcome, reason = AccountOutcome.PARTLY, None
    else:
        outcome, reason = AccountOutcome.REFUSED, missed[0].reason
    if outcome is AccountOutcome.REFUSED:
        data = {}
    return Change(record, AccountAnswer(outcome, reason, data=data, items=tuple(items)))


def _refuse(record: AccountRecord, reason: AccountReason, *items: ItemResult) -> Change:
    return Change(record, AccountAnswer.refused(reason, *items))


def _without_optional_fields(record: AccountRecord) -> AccountRecord:
    # Nickname, gender and phone are what an account can't be without (policy 第一条 一（一）).
    return replace(record, avatar=False, birthday=None, signature=None, tags=(), interests=())


def _fields_changed(before: AccountRecord, after: AccountRecord) -> int:
    names = ("avatar", "birthday", "signature", "tags", "interests")
    return sum(getattr(before, name) != getattr(after, name) for name in names)


_CHANGES: dict[
    AccountAction,
    Callable[[AccountRecord, Mapping[str, Any], datetime, Obstacles], Change],
] = {
    AccountAction.CORRECT: _correct,
    AccountAction.WITHDRAW_CONSENT: _withdraw_consent,
    AccountAction.DELETE: _delete,
    AccountAction.UNBIND: _unbind,
    AccountAction.DEREGISTER: _deregister,
    AccountAction.SUSPEND: _suspend,
    AccountAction.RESTORE: _restore,
}
