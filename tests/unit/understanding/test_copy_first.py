"""A copy that is wanted before something is deleted."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.copy_first import copy_first, meant_of_copies_first
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "wait, can I get a copy before you delete them?",
        "before you delete everything, can you export my data?",
        "can I download my photos before they are deleted",
        "could you send me copies first, before the account is closed",
        "I'd like a backup before it's gone",
        "let me save my photos before you erase them",
        "等等，删之前能不能先给我一份",
        "删除之前我想先导出一份",
        "能不能先让我备份一下再删",
        "注销前帮我把聊天记录导出",
        "先给我导出来再删",
        "清空以前让我下载一份",
        "刪之前可唔可以俾份copy我先",
        "等陣，刪除之前我想要一份副本",
        "可以先備份再刪嗎",
        "刪相之前畀我下載先",
        "註銷之前我想下載我嘅資料",
        "刪走之前留一份俾我",
    ],
)
def test_the_copy_comes_first(text: str) -> None:
    assert copy_first(normalise(text)) == ("yes",)


@pytest.mark.parametrize(
    "text",
    [
        "delete my photos, no copy needed",
        "I don't need a copy before you delete it",
        "do you make backups before you delete",
        "delete the photos before you close the account",
        "export my data",
        "删之前不用给我副本",
        "删除照片",
        "先删照片再注销",
        "删除前要验证吗",
        "刪之前話聲俾我知",
        "唔使俾份copy我，即刻刪",
        "註銷之前刪咗啲相先",
    ],
)
def test_without_such_a_copy_nothing_is_changed(text: str) -> None:
    assert copy_first(normalise(text)) == ()
    assert meant_of_copies_first(Intent.DELETION, normalise(text)) is None
