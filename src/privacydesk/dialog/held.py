"""The data that the account service holds about a person, as labelled rows of a details card.

A row is ``{"label", "value"}``, or ``{"label", "text", "args"}`` where the value is a sentence. The
subject may see it all, but a chat is read over shoulders and from lock screens: sensitive values
are masked here, and only the package has them in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, GenderCode, Provider
from privacydesk.domain.instants import read_instant
from privacydesk.domain.masking import mask_name, mask_phone

Row = dict[str, Any]

_GENDERS = frozenset(GenderCode)
"""Genders that have a catalog term."""

_UNITS: Final[Mapping[DataCategory, str]] = {
    DataCategory.PHOTOS: "held.count_photos",
    DataCategory.POSTS: "held.count_messages",
    DataCategory.COMMENTS: "held.count_messages",
    DataCategory.CHAT: "held.count_messages",
}
"""Texts of a count with its measure word; the other categories are counted as entries."""


def profile_rows(profile: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a profile, without empty fields."""
    rows: list[Row] = []
    for field in ("nickname", "gender", "birthday", "signature", "tags", "interests"):
        value = profile.get(field)
        if value in (None, "", [], ()):
            continue
        if field == "birthday":
            shown: Any = {"$day": value}
        elif field == "gender" and value in _GENDERS:
            shown = {"$term": f"gender.{value}"}
        elif isinstance(value, (list, tuple)):
            shown = {"$texts": list(value)}
        else:
            shown = str(value)
        rows.append({"label": {"$term": f"field.{field}"}, "value": shown})
    phone = profile.get("phone_masked") or mask_phone(str(profile.get("phone") or ""))
    if phone:
        rows.append({"label": {"$term": "provider.phone"}, "value": str(phone)})
    if profile.get("real_name_masked"):
        label = {"$term": "field.real_name"}
        rows.append({"label": label, "value": str(profile["real_name_masked"])})
    return rows


def held_value(rows: Iterable[Mapping[str, Any]], field: str) -> Any:
    """Return the value that the rows of a profile have for an entry, as it is shown; "" for none.

    Phone numbers and names are masked.
    """
    label = {"$term": "provider.phone" if field == Provider.PHONE else f"field.{field}"}
    return next((row["value"] for row in rows if row["label"] == label), "")


def plain_value(value: Any) -> Any:
    """Return a shown value as a profile has it: a date, a code, a list, or words."""
    if not isinstance(value, Mapping):
        return value
    (plain,) = value.values()
    return plain.removeprefix("gender.") if isinstance(plain, str) else plain


def counted_rows(export: Mapping[str, Any], zone: str) -> list[Row]:
    """Return a row with count and dates for each category that holds data, except the profile."""
    return [
        _counted(line, zone)
        for category, line in _lines(export).items()
        if line["count"] and category is not DataCategory.PROFILE
    ]


def summary_rows(asked: Iterable[DataCategory], export: Mapping[str, Any], zone: str) -> list[Row]:
    """Return the rows of an export: requested categories, those without data, those not reported.

    Args:
        asked: the categories of the request.
        export: the account service's answer; other categories in it are left out.
        zone: the time zone of dates.
    """
    lines = _lines(export)
    content = export.get("content") or {}
    rows: list[Row] = []
    none: list[DataCategory] = []
    silent: list[DataCategory] = []
    for category in asked:
        line = lines.get(category)
        if line is None:
            silent.append(category)
        elif not line["count"]:
            none.append(category)
        else:
            entries = [one for one in content.get(category, ()) if isinstance(one, Mapping)]
            rows += _SHOWN.get(category, _nothing)(entries) or [_counted(line, zone)]
    for label, categories in (("held.none", none), ("held.silent", silent)):
        if categories:
            terms = {"$terms": [f"category.{one}" for one in categories]}
            rows.append({"label": {"$term": label}, "value": terms})
    return rows


def counts(export: Mapping[str, Any]) -> dict[str, int]:
    """Return how much there is of each category that the account service reports."""
    return {category.value: int(line["count"]) for category, line in _lines(export).items()}


def count_shown(category: str, count: int) -> dict[str, Any]:
    """Return a count in words as a text argument: 212 张."""
    if not count:
        return {"$term": "held.none"}
    return {"$term": _unit(category), "args": {"count": {"$number": count}}}


def _unit(category: str) -> str:
    return _UNITS.get(DataCategory(category), "held.count")


def _lines(export: Mapping[str, Any]) -> dict[DataCategory, Mapping[str, Any]]:
    return {DataCategory(line["category"]): line for line in export.get("summary") or ()}


def _counted(line: Mapping[str, Any], zone: str) -> Row:
    first, last = _day(line.get("earliest"), zone), _day(line.get("latest"), zone)
    label = {"$term": f"category.{line['category']}"}
    count = count_shown(line["category"], line["count"])
    if not (first or last):
        return {"label": label, "text": count["$term"], "args": count["args"]}
    args: dict[str, Any] = {"count": count}
    args |= {name: {"$day": day} for name, day in (("first", first), ("last", last)) if day}
    if first and last:
        text = "held.on" if first == last else "held.between"
    elif first:
        text = "held.since"
    else:
        text = "held.latest"
    return {"label": label, "text": text, "args": args}


def _day(instant: Any, zone: str) -> str:
    at = read_instant(instant) if instant else None
    return at.astimezone(ZoneInfo(zone)).date().isoformat() if at is not None else ""


# -- categories that are shown by content, not by count -------------------------------------------


def _profile(entries: list[Mapping[str, Any]]) -> Iterator[Row]:
    for profile in entries:
        # The real name is a category of its own.
        yield from profile_rows({k: v for k, v in profile.items() if k != "real_name_masked"})
        consents = profile.get("consents") or {}
        for label, given in (("held.consents_given", True), ("held.consents_not_given", False)):
            purposes = [one for one in ConsentPurpose if consents.get(one) is given]
            if purposes:
                terms = {"$terms": [f"purpose.{one}" for one in purposes]}
                yield {"label": {"$term": label}, "value": terms}


def _real_name(entries: list[Mapping[str, Any]]) -> Iterator[Row]:
    for entry in entries:
        if entry.get("real_name"):
            text = "held.name_verified" if entry.get("verified") else "held.name"
            args = {"name": mask_name(str(entry["real_name"]))}
            yield {"label": {"$term": "category.real_name"}, "text": text, "args": args}


def _bindings(entries: list[Mapping[str, Any]]) -> Iterator[Row]:
    for entry in entries:
        if entry.get("provider") in set(Provider):
            provider = {"$term": f"provider.{entry['provider']}"}
            args = {"provider": provider, "label": str(entry.get("label_masked") or "")}
            yield {"label": {"$term": "category.bindings"}, "text": "terms.binding", "args": args}


def _nothing(_entries: list[Mapping[str, Any]]) -> list[Row]:
    return []


_SHOWN: Mapping[DataCategory, Callable[[list[Mapping[str, Any]]], list[Row]]] = {
    DataCategory.PROFILE: lambda entries: list(_profile(entries)),
    DataCategory.REAL_NAME: lambda entries: list(_real_name(entries)),
    DataCategory.BINDINGS: lambda entries: list(_bindings(entries)),
}
