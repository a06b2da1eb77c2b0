"""The policy as a page: every passage that can be quoted has its place on it, word for word."""

from __future__ import annotations

from datetime import UTC, datetime

from privacydesk.policy.chunks import split_into_chunks
from privacydesk.policy.importer import read_policy
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.policy_pages import PolicyPages

SOURCE = """# 示例隐私政策

生效日期：2026年1月12日

开头的话。

第一条【我们收集什么】

一、必要的信息

（一）登录

手机号用来登录。包括：

1.手机号码；

2.验证码。

（二）没有标题的一款，只是一句话，说明别的事情，写得很长，所以不是标题。

第二条【怎样联系】

写信给我们。
"""


def version(source: str = SOURCE) -> PolicyVersion:
    return read_policy(source, name="p").version(datetime(2026, 1, 1, tzinfo=UTC))


def test_every_quote_has_a_place_on_the_page() -> None:
    made = version()
    page = PolicyPages(lambda: made).current()
    assert page is not None
    anchors = [block.anchor for document in page.documents for block in document.blocks]
    assert len(set(anchors)) == len(anchors)
    assert {chunk.anchor for chunk in split_into_chunks(made)} <= set(anchors)


def test_headings_nest_and_everything_else_is_the_source_unchanged() -> None:
    made = version()
    page = PolicyPages(lambda: made).current()
    assert page is not None
    (document,) = page.documents
    assert (page.lang, document.title) == ("zh-Hans", "示例隐私政策")
    headings = [(one.depth, one.text) for one in document.blocks if one.kind == "heading"]
    assert headings == [
        (1, "第一条 我们收集什么"),
        (2, "一、必要的信息"),
        (3, "（一）登录"),
        (1, "第二条 怎样联系"),
    ]
    for block in document.blocks:
        if block.kind != "heading":
            assert block.text in SOURCE
    assert [one.depth for one in document.blocks if one.kind == "item"] == [1, 1]


def test_the_page_follows_the_version_in_force() -> None:
    versions: list[PolicyVersion | None] = [
        None,
        version(),
        version("# P\n\n新。\n"),
    ]
    pages = PolicyPages(lambda: versions[0])
    assert pages.current() is None
    versions.pop(0)
    first = pages.current()
    assert first is not None
    assert pages.current() is first
    versions.pop(0)
    second = pages.current()
    assert second is not None
    assert second.digest != first.digest


def test_a_policy_that_nests_deeply_is_shown() -> None:
    deep = "".join(f"{'#' * min(n + 1, 6)} {n} 标题\n\n字{n}。\n\n" for n in range(40))
    made = version(deep)
    page = PolicyPages(lambda: made).current()
    assert page is not None
    assert "字39。" in {block.text for block in page.documents[0].blocks}
