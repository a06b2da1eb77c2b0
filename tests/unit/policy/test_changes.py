from __future__ import annotations

from datetime import UTC, datetime

from privacydesk.policy.changes import Change, ChangeKind, changes_between
from privacydesk.policy.importer import read_policy
from privacydesk.policy.tree import PolicyVersion

OLD = """# 隐私政策

第一条【收集】

收集手机号码和昵称，用来建立帐号。

记录设备型号。

第二条【保存】

保存期限为一年，到期删除。
"""
CHILDREN = "\n# 儿童隐私声明\n\n一、收集\n\n不收集儿童的信息。\n"


def version(text: str) -> PolicyVersion:
    return read_policy(text, name="a").version(datetime(2026, 1, 2, tzinfo=UTC))


def changes(new: str, old: str = OLD) -> list[Change]:
    return list(changes_between(version(old), version(new)))


def test_the_same_text_has_no_changes_however_its_lines_are_broken() -> None:
    assert changes(OLD) == []
    assert changes(OLD.replace("\n\n", "\n\n\n").replace("记录设备", "  记录设备")) == []


def test_a_reworded_passage_is_changed_and_shows_both_wordings() -> None:
    (change,) = changes(OLD.replace("期限为一年", "期限为两年"))
    assert change.kind is ChangeKind.CHANGED
    assert (change.document, change.article) == ("隐私政策", "第二条 保存")
    assert (change.before, change.after) == (
        "保存期限为一年，到期删除。", "保存期限为两年，到期删除。",
    )  # fmt: skip


def test_a_passage_put_in_before_others_is_the_only_change() -> None:
    (change,) = changes(OLD.replace("记录设备型号。", "读取剪贴板里的口令。\n\n记录设备型号。"))
    assert (change.kind, change.after) == (ChangeKind.ADDED, "读取剪贴板里的口令。")
    assert change.article == "第一条 收集"


def test_a_passage_that_is_gone_is_removed() -> None:
    (change,) = changes(OLD.replace("记录设备型号。\n\n", ""))
    assert (change.kind, change.before, change.after) == (
        ChangeKind.REMOVED, "记录设备型号。", "",
    )  # fmt: skip


def test_a_new_article_and_a_new_document_are_added_whole() -> None:
    found = changes(OLD + "\n第三条【联系】\n\n写信给我们。\n" + CHILDREN)
    assert {change.kind for change in found} == {ChangeKind.ADDED}
    assert ("隐私政策", "第三条 联系") in {(c.document, c.article) for c in found}
    assert "儿童隐私声明" in {change.document for change in found}


def test_a_document_that_is_gone_is_removed_whole() -> None:
    found = changes(OLD, OLD + CHILDREN)
    assert {change.kind for change in found} == {ChangeKind.REMOVED}
    assert {change.document for change in found} == {"儿童隐私声明"}


def test_another_passage_in_its_place_is_no_change_of_it() -> None:
    found = changes(OLD.replace("记录设备型号。", "位置要另外征得同意才读取。"))
    assert [change.kind for change in found] == [ChangeKind.ADDED, ChangeKind.REMOVED]
