from __future__ import annotations

import pytest
from tests.unit.i18n.test_catalog import HEAD, po

from privacydesk.i18n.catalog import read_locale
from privacydesk.i18n.check import check_catalogs
from privacydesk.i18n.faults import LocaleFault
from privacydesk.i18n.scripts import foreign_characters

USED = {"a.b": {"dialogs/a.yaml"}}


def faults_of(locale: str, text: str) -> tuple[LocaleFault, ...]:
    return check_catalogs({locale: read_locale(locale, {"a.po": po({"a.b": text})})}, USED)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("zh_Hans", "您好，这里是 {app} 的隐私服务台（10:30 开始）。父亲和母亲都可以。"),
        ("zh_Hant", "您好，這裡是 {app} 的隱私服務台（10:30 開始）。之後里程、皇后、只有一個。"),
        ("en", "Hello. This is {app}: your privacy desk (from 10:30)."),
        ("zh_Hans", "请发邮件到 privacy@example.com,或者打电话"[:24]),
    ],
)
def test_a_sentence_well_written_has_no_faults(locale: str, text: str) -> None:
    assert faults_of(locale, text) == ()


@pytest.mark.parametrize(
    ("locale", "text", "what"),
    [
        ("zh_Hans", "請選擇", "請選擇 belong to the other script"),
        ("zh_Hans", "之後", "後 belong to the other script"),
        ("zh_Hant", "请選择", "请择 belong to the other script"),
        ("zh_Hant", "与你", "与 belong to the other script"),
        ("zh_Hans", "好的,请选", "ASCII punctuation"),
        ("zh_Hans", "请选择:", "ASCII punctuation"),
        ("zh_Hans", "好的.请选", "ASCII punctuation"),
        ("zh_Hant", "電話(必填)", "ASCII punctuation"),
        ("zh_Hans", "好的！", "an exclamation mark"),
        ("en", "Done!", "an exclamation mark"),
        ("zh_Hans", "亲爱的用户", "an address that is too close"),
        ("zh_Hans", "亲，请选", "an address that is too close"),
        ("zh_Hant", "親愛的用戶", "an address that is too close"),
        ("en", "Dear user", "an address that is too close"),
        ("en", "{Name}", "a brace that is no placeholder"),
        ("en", "{name", "a brace that is no placeholder"),
        ("en", "Done. ", "begins or ends with a space"),
        ("en", "", "the translation is empty"),
    ],
)
def test_a_sentence_badly_written_is_named(locale: str, text: str, what: str) -> None:
    (fault,) = faults_of(locale, text)

    assert what in fault.what
    assert (fault.file, fault.key) == (f"{locale}/a.po", "a.b")
    assert fault.line == 6
    assert fault.remedy
    assert str(fault) == f"{locale}/a.po:6: a.b: {fault.what}. Remedy: {fault.remedy}."


def test_locales_are_held_against_each_other() -> None:
    catalogs = {
        "en": read_locale("en", {"a.po": po({"a.b": "{x}", "a.c": "C", "a.d": "D"})}),
        "zh_Hans": read_locale("zh_Hans", {"a.po": po({"a.b": "{y}", "a.e": "E"})}),
    }

    found = check_catalogs(catalogs, {**USED, "a.c": {"x.py"}, "a.f": {"y.py"}}, ["a.e"])

    assert [(fault.file, fault.key, fault.what) for fault in found] == [
        ("en", "a.e", "the key is missing and used in another locale"),
        ("en", "a.f", "the key is missing and used in y.py"),
        ("en/a.po", "a.d", "nothing uses the key"),
        ("zh_Hans", "a.c", "the key is missing and used in x.py"),
        ("zh_Hans", "a.d", "the key is missing and used in another locale"),
        ("zh_Hans", "a.f", "the key is missing and used in y.py"),
        ("zh_Hans/a.po", "a.b", "it shows {y}, and en shows {x}"),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('msgid "a.b', "it can't be read as PO"),
        (HEAD + '#, fuzzy\nmsgid "a.b"\nmsgstr "B"\n', "it is marked fuzzy"),
        (HEAD + 'msgctxt "menu"\nmsgid "a.b"\nmsgstr "B"\n', "it has a msgctxt"),
        (
            HEAD + 'msgid "a.b"\nmsgid_plural "a.b"\nmsgstr[0] "one"\nmsgstr[1] "{n}"\n',
            "it has plural forms and shows none of count, tries, days, place",
        ),
    ],
)
def test_what_a_po_file_may_not_have_is_named(text: str, what: str) -> None:
    found = check_catalogs({"en": read_locale("en", {"a.po": text})}, USED)

    assert any(what in fault.what for fault in found), found


def test_characters_of_both_scripts_are_nobodys_fault() -> None:
    assert foreign_characters("zh_Hans", "后里只台著乾") == ""
    assert foreign_characters("zh_Hant", "后里只台著乾") == ""
    assert foreign_characters("en", "後后") == ""
