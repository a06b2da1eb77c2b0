"""How the in-memory account service changes an account; pure functions on one record.

These are the sample operator's rules. What they show of the contract: a change says for each item
what became of it, a refusal says why, and nothing is half done without saying so.
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
from privacydesk.connectors.account_record import AccountRecord, HeldItem
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
"""The zone of the sample operator's days."""
_MOST_FIELDS = 50
_LONGEST_NAME = 64
Obstacles = Mapping[str, AccountReason]


@dataclass(frozen=True, slots=True)
class Change:
    """The account after an action, what to answer, and content that lost its author."""

    record: AccountRecord
    answer: AccountAnswer
    anonymised: tuple[HeldItem, ...] = ()


def change(
    action: AccountAction,
    record: AccountRecord,
    payload: Mapping[str, Any],
    now: datetime,
    obstacles: Obstacles,
) -> Change:
    """Carry out one change.

    Args:
        action: which; must not be a reading.
        record: the account before.
        payload: the action's arguments.
        now: the present.
        obstacles: scopes that fail for a technical reason, as the demo and tests arrange.

    Raises:
        InvalidRequestError: the payload does not fit the action; nothing was done.
    """
    done = _CHANGES[action](record, payload, now, obstacles)
    if record.status is AccountStatus.CLOSED:
        # After the payload was read: a wrong payload is wrong whatever the account's state.
        return _refuse(record, AccountReason.CLOSED)
    return done


def _correct(
    record: AccountRecord, payload: Mapping[str, Any], now: datetime, obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "changes")
    wanted = payload.get("changes")
    if not isinstance(wanted, dict) or not 0 < len(wanted) <= _MOST_FIELDS:
        raise InvalidRequestError(f"changes must name 1 to {_MOST_FIELDS} fields")
    if any(not 0 < len(name) <= _LONGEST_NAME for name in wanted):
        # Names come back as scopes, so they must not be longer than a scope.
        raise InvalidRequestError(f"a field's name has 1 to {_LONGEST_NAME} characters")
    items: list[ItemResult] = []
    for name, value in wanted.items():
        checked = check_correction(name, value, now)
        scope = str(name)
        if scope in obstacles:
            items.append(ItemResult(scope, ItemOutcome.FAILED, reason=obstacles[scope]))
        elif isinstance(checked, AccountReason):
            items.append(ItemResult(scope, ItemOutcome.FAILED, reason=checked))
        elif getattr(record, scope) == checked.value:
            items.append(ItemResult(scope, ItemOutcome.DONE, reason=AccountReason.ALREADY))
        else:
            record = replace(record, **{scope: checked.value})
            items.append(ItemResult(scope, ItemOutcome.DONE, count=1))
    return _settled(record, items)


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
    return _settled(replace(record, consents=consents), items)


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
            record, item = _delete_one(record, category, ids, before)
            items.append(item)
    return _settled(record, items, backups="isolated")


def _delete_one(
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
    held = record.holdings.get(category, ())
    chosen = [one for one in held if _is_chosen(one, ids, before)]
    if category in record.retained:
        why = record.retained[category]
        count = len(chosen)
        if category is DataCategory.REAL_NAME:
            count = int(record.real_name is not None)
        return record, ItemResult(category, ItemOutcome.KEPT, count, why.reason, why.until)
    if category is DataCategory.PROFILE:
        emptied = _without_optional_fields(record)
        return emptied, ItemResult(category, ItemOutcome.DONE, _fields_changed(record, emptied))
    if category is DataCategory.REAL_NAME:
        count = int(record.real_name is not None)
        record = replace(record, real_name=None, real_name_verified=False)
        return record, ItemResult(category, ItemOutcome.DONE, count)
    left = tuple(one for one in held if one not in chosen)
    record = replace(record, holdings={**record.holdings, category: left})
    return record, ItemResult(category, ItemOutcome.DONE, len(chosen))


def _is_chosen(item: HeldItem, ids: frozenset[str] | None, before: date | None) -> bool:
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
    left = tuple(one for one in record.bindings if one.provider is not provider)
    record = replace(
        record,
        bindings=left,
        phone=None if provider is Provider.PHONE else record.phone,
    )
    return _settled(record, [ItemResult(provider, ItemOutcome.DONE, count=1)])


def _deregister(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload)
    if record.open_matters:
        return _refuse(
            record,
            AccountReason.CONDITIONS_UNMET,
            *(ItemResult("account", ItemOutcome.FAILED, reason=one) for one in record.open_matters),
        )
    items: list[ItemResult] = []
    anonymised: list[HeldItem] = []
    holdings: dict[DataCategory, tuple[HeldItem, ...]] = {}
    for category, held in record.holdings.items():
        why = record.retained.get(category)
        if why is not None:
            holdings[category] = held
            items.append(ItemResult(category, ItemOutcome.KEPT, len(held), why.reason, why.until))
        elif category.published:
            anonymised.extend(held)
            items.append(ItemResult(category, ItemOutcome.ANONYMISED, len(held)))
        else:
            items.append(ItemResult(category, ItemOutcome.DONE, len(held)))
    name_kept = DataCategory.REAL_NAME in record.retained
    if name_kept and record.real_name is not None:
        why = record.retained[DataCategory.REAL_NAME]
        items.append(ItemResult(DataCategory.REAL_NAME, ItemOutcome.KEPT, 1, why.reason, why.until))
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
    # What was kept by law does not make closing partial: the account is closed.
    answer = AccountAnswer(AccountOutcome.OK, data={"backups": "isolated"}, items=tuple(items))
    return Change(closed, answer, anonymised=tuple(anonymised))


def _suspend(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload, "reason")
    reason = read_code(payload, "reason")
    already = record.status is AccountStatus.SUSPENDED
    record = replace(
        record, status=AccountStatus.SUSPENDED, suspended_for=reason or record.suspended_for
    )
    return _settled(record, [_account_item(already)])


def _restore(
    record: AccountRecord, payload: Mapping[str, Any], _now: datetime, _obstacles: Obstacles
) -> Change:
    refuse_unknown(payload)
    already = record.status is AccountStatus.ACTIVE
    record = replace(record, status=AccountStatus.ACTIVE, suspended_for=None)
    return _settled(record, [_account_item(already)])


def _account_item(already: bool) -> ItemResult:
    return ItemResult(
        "account",
        ItemOutcome.DONE,
        count=0 if already else 1,
        reason=AccountReason.ALREADY if already else None,
    )


def _settled(record: AccountRecord, items: list[ItemResult], **data: Any) -> Change:
    """Return the summed-up change: all done is ok, none done is refused, else partly."""
    short = {ItemOutcome.KEPT, ItemOutcome.FAILED}
    missed = [one for one in items if one.outcome in short]
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
