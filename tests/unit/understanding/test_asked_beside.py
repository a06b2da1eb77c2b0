"""What is asked beside a form, after it, and of the desk itself."""

from __future__ import annotations

import pytest

from privacydesk.understanding.entities import Entities
from privacydesk.understanding.lexicon_files import read_lexicon

ENTITIES = Entities(read_lexicon())

PHRASES = {
    "asks_reconsent": (
        "以后还能再打开吗",
        "关了可以重新打开吗",
        "推荐关掉以后能重新同意吗",
        "之后還可以再開啟嗎，還能再打開嗎",
        "遲啲可唔可以開返",
        "撤回之後能重新開啟嗎，能重新同意嗎",
        "can i turn it back on later",
        "could I switch it back on again?",
        "is it possible to opt back in",
        "can I consent again next year",
    ),
    "asks_file": (
        "文件在哪",
        "怎么下载",
        "数据的下载链接在哪里，链接呢",
        "檔案在哪",
        "點下載㗎",
        "邊度下載",
        "where is the file",
        "how do I download it?",
        "where's my copy? where is my copy",
        "where can I download the data",
    ),
    "asks_what_wrong": (
        "哪里不对啊",
        "为什么没通过",
        "有什么问题吗",
        "邊度唔啱呀",
        "點解唔過",
        "有咩問題",
        "what was wrong with it?",
        "why was it rejected",
        "why wasn't it accepted",
        "what's the problem with my passport",
    ),
    "asks_balance": (
        "余额能退不",
        "里面还有6块钱余额怎么办",
        "我的余额可以退吗",
        "餘額退得返嗎",
        "餘額點退",
        "餘額能退嗎",
        "can I get my balance back",
        "will you refund my balance",
        "can the balance be refunded",
    ),
    "asks_papers": (
        "要什么材料",
        "需要哪些材料",
        "要交什么证件",
        "要咩文件",
        "要乜證件㗎",
        "需要什麼文件",
        "what papers do you want",
        "which papers are needed",
        "what documents do you need",
    ),
}

COMMANDS = {
    "what_next": (
        "怎么办",
        "那怎么办呢",
        "那怎么办啊 我很急",
        "怎么办啊，在线等",
        "然后呢",
        "接下来呢",
        "點算",
        "咁點算好",
        "點算，我好急",
        "跟住呢",
        "接下來要做什麼",
        "what now?",
        "what do I do now",
        "what do I do, it's urgent",
        "what's next",
        "and now?",
    ),
    "status": (
        "还有什么没办完",
        "还有哪些没办完",
        "還有什麼沒處理",
        "仲有咩未搞掂",
        "what's left open?",
        "what is still open",
        "anything still open?",
    ),
}

LANGUAGES = {
    "zh_Hant": (
        "繁體中文可以嗎",
        "可以用繁體中文嗎",
        "能转繁体吗",
        "有冇繁體",
        "繁体版有吗",
        "can I have this in traditional chinese?",
    ),
    "zh_Hans": (
        "可以用简体吗",
        "能说中文吗",
        "简体中文可以吗",
        "轉返簡體得唔得",
        "有冇簡體中文版",
        "can you do this in Chinese",
    ),
    "en": (
        "可以用英文吗",
        "能說英文嗎",
        "有冇英文版",
        "切换成英文可以吗",
        "英文得唔得",
        "Could I get this in English?",
        "can we do it in English please",
    ),
}


@pytest.mark.parametrize(
    ("phrase", "text"), [(name, one) for name, said in PHRASES.items() for one in said]
)
def test_what_is_asked_is_heard(phrase: str, text: str) -> None:
    assert phrase in ENTITIES.find(text, ("phrase",)).get("phrase", ())


@pytest.mark.parametrize(
    "text",
    [
        "把推荐打开",
        "重新开一个号",
        "打开不了软件",
        "turn off recommendations",
        "the light is back on",
        "下载了你们的软件",
        "文件我传了",
        "I downloaded the app last year",
        "i filed it already",
        "我有问题想问",
        "余额充错了",
        "什么时候生效的政策",
    ],
)
def test_words_near_it_ask_nothing(text: str) -> None:
    said = ENTITIES.find(text, ("phrase",)).get("phrase", ())
    assert not {"asks_reconsent", "asks_file", "asks_what_wrong", "asks_balance"} & set(said)


@pytest.mark.parametrize(
    ("command", "text"), [(name, one) for name, said in COMMANDS.items() for one in said]
)
def test_a_message_that_asks_what_comes_next_is_a_command(command: str, text: str) -> None:
    assert command in ENTITIES.find(text, ("command",)).get("command", ())


@pytest.mark.parametrize(
    "text",
    [
        "手机丢了怎么办",
        "孩子充了钱怎么办",
        "账号被盗了然后呢",
        "電話唔見咗點算",
        "what now happens to my posts",
        "what next of kin do you need",
        "i don't know what to do about my ex",
    ],
)
def test_whoever_says_of_what_gives_no_command(text: str) -> None:
    assert "what_next" not in ENTITIES.find(text, ("command",)).get("command", ())


@pytest.mark.parametrize(
    ("locale", "text"), [(name, one) for name, said in LANGUAGES.items() for one in said]
)
def test_a_language_that_is_asked_for_is_told(locale: str, text: str) -> None:
    assert ENTITIES.find(text, ("language",)).get("language") == (locale,)


@pytest.mark.parametrize(
    "text",
    [
        "中文名改成小雨",
        "我想学英文",
        "昵称可以用英文字母吗",
        "英文老师骚扰我",
        "把英文名删了",
        "can I have this in writing",
        "my English teacher saw it",
    ],
)
def test_a_language_that_is_only_named_is_not_asked_for(text: str) -> None:
    assert "language" not in ENTITIES.find(text, ("language",))
