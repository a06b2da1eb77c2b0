from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.data import locale_files
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.faults import LocaleInvalidError

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def po(messages: Mapping[str, str | tuple[str, ...]]) -> str:
    forms = max((len(text) for text in messages.values() if not isinstance(text, str)), default=1)
    plural = f'"Plural-Forms: nplurals={forms}; plural={"0" if forms == 1 else "(n != 1)"};\\n"\n'
    parts = [HEAD.rstrip("\n") + "\n" + plural]
    for key, text in messages.items():
        if isinstance(text, str):
            parts.append(f'msgid "{key}"\nmsgstr "{text}"\n')
        else:
            lines = "".join(f'msgstr[{n}] "{form}"\n' for n, form in enumerate(text))
            parts.append(f'msgid "{key}"\nmsgid_plural "{key}"\n{lines}')
    return "\n".join(parts)


def catalogs(**messages: str | tuple[str, ...]) -> Catalogs:
    """Return the same sentences in all locales; ``__`` in a name is the key's dot."""
    text = po({name.replace("__", "."): text for name, text in messages.items()})
    return Catalogs.load({locale: {"a.po": text} for locale in ("zh_Hans", "zh_Hant", "en")})


def shown(locale: str, value: Any) -> str:
    return catalogs(a__b="<{x}>", term__one="甲", term__two="乙").text(locale, "a.b", {"x": value})[
        1:-1
    ]


def test_a_sentence_is_found_by_its_key() -> None:
    assert catalogs(a__b="Hello {name}.").text("en", "a.b", {"name": "Lin"}) == "Hello Lin."


def test_files_of_a_locale_are_merged() -> None:
    both = Catalogs.load({"en": {"a.po": po({"a.x": "A"}), "b.po": po({"b.x": "B"})}})

    assert both.text("en", "a.x", {}) + both.text("en", "b.x", {}) == "AB"


@pytest.mark.parametrize(
    ("locale", "key", "args"), [("en", "a.c", {}), ("fr", "a.b", {"x": 1}), ("en", "a.b", {})]
)
def test_a_missing_key_locale_or_argument_is_a_key_error(
    locale: str, key: str, args: dict[str, Any]
) -> None:
    with pytest.raises(KeyError):
        catalogs(a__b="{x}").text(locale, key, args)


@given(st.text(), st.text())
def test_what_a_user_wrote_is_put_in_as_it_is(one: str, two: str) -> None:
    text = catalogs(a__b="{one}|{two}").text(
        "zh_Hans", "a.b", {"one": "{two}" + one, "two": two + "{one}{two.__class__}"}
    )

    assert text == "{two}" + one + "|" + two + "{one}{two.__class__}"


@pytest.mark.parametrize("text", ["{x.y}", "{x!r}", "{x:>9}", "{}", "{0}", "{{x", "100%s"])
def test_only_a_plain_name_in_braces_is_a_placeholder(text: str) -> None:
    assert catalogs(a__b=text).text("en", "a.b", {"x": "no"}) == text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"tries": 1}, "one try"),
        ({"tries": 0}, "0 tries"),
        ({"tries": 3}, "3 tries"),
        ({"tries": {"$number": 1}}, "one try"),
        ({"tries": "1"}, "one try"),
        ({"tries": "{tries}"}, "{tries} tries"),
    ],
)
def test_a_plural_is_chosen_by_its_number(args: dict[str, Any], text: str) -> None:
    assert catalogs(a__b=("one try", "{tries} tries")).text("en", "a.b", args) == text


def test_chinese_has_one_form() -> None:
    assert catalogs(a__b=("还有{tries}次",)).text("zh_Hans", "a.b", {"tries": 1}) == "还有1次"


def test_the_count_leads_where_a_plural_shows_two_numbers() -> None:
    text = catalogs(a__b=("{count} day of {days}", "{count} days of {days}"))

    assert text.text("en", "a.b", {"count": 1, "days": 7}) == "1 day of 7"


@pytest.mark.parametrize(
    ("value", "hans", "hant", "english"),
    [
        ("plain", "plain", "plain", "plain"),
        (3, "3", "3", "3"),
        (None, "", "", ""),
        (
            {"$date": "2026-12-03"},
            "12月3日 星期四",
            "12月3日 星期四",
            "Thursday, 3 December 2026",
        ),
        (
            {"$date": "2026-12-03", "year": True},
            "2026年12月3日 星期四",
            "2026年12月3日 星期四",
            "Thursday, 3 December 2026",
        ),
        (
            {"$date": "2026-12-03", "short": True},
            "12月3日 周四",
            "12月3日 週四",
            "Thu 3 Dec",
        ),
        (
            {"$date": "2026-12-03", "short": True, "year": True},
            "2026年12月3日 周四",
            "2026年12月3日 週四",
            "Thu 3 Dec 2026",
        ),
        ({"$date": ""}, "", "", ""),
        ({"$day": "2016-03-05"}, "2016年3月5日", "2016年3月5日", "5 March 2016"),
        ({"$day": "2016-03"}, "2016年3月", "2016年3月", "March 2016"),
        ({"$day": "2016"}, "2016年", "2016年", "2016"),
        (
            {"$time": "2026-12-03T06:05:00+00:00", "zone": "Asia/Shanghai"},
            "12月3日 星期四 14:05（中国标准时间）",
            "12月3日 星期四 14:05（中國標準時間）",
            "Thursday, 3 December 2026, 14:05 (China Standard Time)",
        ),
        (
            {"$time": "2026-07-03T23:30:00Z", "zone": "Europe/London"},
            "7月4日 星期六 00:30（英国夏令时间）",
            "7月4日 星期六 00:30（英國夏令時間）",
            "Saturday, 4 July 2026, 00:30 (British Summer Time)",
        ),
        (
            {"$time": "2026-12-03T06:05:00+08:00"},
            "12月3日 星期四 06:05（UTC+08:00）",
            "12月3日 星期四 06:05（UTC+08:00）",
            "Thursday, 3 December 2026, 06:05 (UTC+08:00)",
        ),
        ({"$term": "term.one"}, "甲", "甲", "甲"),
        ({"$terms": ["term.one", "term.two"]}, "甲和乙", "甲和乙", "甲 and 乙"),
        ({"$texts": ["a", "b", "{x}"]}, "a、b和{x}", "a、b和{x}", "a, b and {x}"),
        ({"$texts": []}, "", "", ""),
        ({"$texts": ["甲和乙", "丙"]}, "甲和乙以及丙", "甲和乙以及丙", "甲和乙 and 丙"),
        (["a", {"$number": 12345}], "a和12,345", "a和12,345", "a and 12,345"),
        ({"$span": 60}, "1分钟", "1 分鐘", "1 minute"),
        ({"$span": 1800}, "30分钟", "30 分鐘", "30 minutes"),
        ({"$span": 5400}, "1小时30分钟", "1 小時 30 分鐘", "1 hour 30 minutes"),
        ({"$span": 259200}, "3天", "3 天", "3 days"),
        ({"$span": 0}, "0秒钟", "0 秒", "0 seconds"),
        ({"$number": 1234567}, "1,234,567", "1,234,567", "1,234,567"),
        ({"$zone": "Asia/Shanghai"}, "中国时间", "中國時間", "China Time"),
        ({"$zone": ""}, "", "", ""),
        (
            {"$clause": {"document": "隐私政策", "article": "第七条", "section": "（六）"}},
            "《隐私政策》第七条（六）",
            "第七條（六）（《隐私政策》）",
            "article 7(6) (《隐私政策》第七条（六）)",
        ),
        (
            {"$clause": {"document": "", "reference": "第七条（六）"}},
            "第七条（六）",
            "第七條（六）",
            "article 7(6) (第七条（六）)",
        ),
    ],
)
def test_values_are_written_as_the_reader_writes_them(
    value: Any, hans: str, hant: str, english: str
) -> None:
    assert [shown(locale, value) for locale in ("zh_Hans", "zh_Hant", "en")] == [
        hans,
        hant,
        english,
    ]


@pytest.mark.parametrize("value", [{"$dates": "x"}, {"a": 1}, {"$clause": "backups"}, object()])
def test_a_value_of_no_known_kind_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"kind|resolved|shown"):
        shown("en", value)


def test_a_clause_named_by_its_name_is_looked_up() -> None:
    text = po({"a.b": "见{x}"})
    found = Catalogs.load({"zh_Hans": {"a.po": text}}, cite=lambda name: {"reference": name[:3]})

    assert found.text("zh_Hans", "a.b", {"x": {"$clause": "backups"}}) == "见bac"


def test_a_value_can_be_shown_by_itself() -> None:
    assert catalogs(term__one="甲").value("en", {"$term": "term.one"}) == "甲"


def test_a_term_can_say_what_it_is_about() -> None:
    words = catalogs(
        kind__delete="删除", terms__of="{term}（{about}）", term__one="甲", term__two="乙"
    )
    about = {"$term": "kind.delete", "of": {"$terms": ["term.one", "term.two"]}}

    assert words.value("zh_Hans", about) == "删除（甲和乙）"
    assert words.value("zh_Hans", {**about, "of": ""}) == "删除"


def test_a_term_can_have_arguments_of_its_own() -> None:
    words = catalogs(shift__daily="每天 {opens} 起，{who}", term__one="甲")
    args = {"opens": "09:00", "who": {"$term": "term.one"}}

    assert words.value("zh_Hans", {"$term": "shift.daily", "args": args}) == "每天 09:00 起，甲"


def test_a_key_defined_twice_is_a_fault_within_and_between_files() -> None:
    once = po({"a.b": "A"})
    twice = once + '\nmsgid "a.b"\nmsgstr "B"\n'
    for files in ({"x.po": twice}, {"x.po": once, "y.po": once}):
        with pytest.raises(LocaleInvalidError, match=r"a\.b: the key is"):
            Catalogs.load({"en": files}).verify()


def test_a_locale_that_is_not_spoken_is_a_fault() -> None:
    with pytest.raises(LocaleInvalidError, match="the locale is unknown"):
        Catalogs.load({"fr": {}})


def test_a_locale_is_read_at_its_first_use() -> None:
    lazy = Catalogs.load({"en": {"a.po": po({"a.b": "A"})}, "zh_Hans": {"a.po": 'msgid "'}})

    assert lazy.text("en", "a.b", {}) == "A"
    assert lazy.catalog("zh_Hans").faults


def test_the_shipped_catalogs_can_be_read() -> None:
    shipped = Catalogs.load(locale_files())

    shipped.verify()

    assert shipped.locales == ("zh_Hans", "zh_Hant", "en")
