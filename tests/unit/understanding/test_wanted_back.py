"""A request to take a consent back that is itself taken back."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.wanted_back import meant_of_wanted_back


@pytest.mark.parametrize(
    "text",
    [
        "能不能把之前那单取消 我还是想要推荐",
        "推荐我还要",
        "那个关推荐的申请撤销吧，推荐我还要",
        "營銷短信我仲要㗎",
        "定位我还需要",
        "我还要推荐",
        "推荐别关了，我还想要",
        "之前提的关闭定位那个不要了",
        "我改主意了，个性化推荐还是留着吧",
        "不用关了 我还想要推荐",
        "刚才那个申请撤了吧，推荐我还想看",
        "唔使關啦，推薦我想要返",
        "關推薦嗰張單取消咗佢，我仲想要",
        "我想保留推薦，唔好關住",
        "廣告那個申請取消吧，我想繼續收",
        "算了，推薦留返啦",
        "頭先申請嘅關閉定位取消啦",
        "cancel that, i want to keep my recommendations",
        "forget about turning off recommendations",
        "please undo my request to turn off recommendations",
        "scrap the request about ads, I still want them",
        "never mind about the location one, keep it on",
        "withdraw the one about personalised ads request",
    ],
)
def test_what_is_wanted_after_all_is_not_taken_back_once_more(text: str) -> None:
    assert meant_of_wanted_back(Intent.CONSENT_WITHDRAWAL, normalise(text)) is Intent.CANCEL_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "取消个性化推荐",
        "把推荐那个关了",
        "推荐我还要关掉",
        "广告还要关",
        "推荐我不要了",
        "我还要关广告",
        "我还是想关掉推荐",
        "不想要推荐了",
        "推荐关掉，定位留着",
        "推荐不用关，营销关掉",
        "算了 还是把推荐关了吧",
        "唔好再推薦畀我",
        "唔使再send廣告啦",
        "取消推薦功能",
        "把廣告推播取消",
        "我唔想要個人化推薦",
        "cancel marketing",
        "cancel my consent for marketing",
        "cancel personalised recommendations please",
        "stop the recommendations, I don't want them",
        "turn off marketing but keep the recommendations",
        "location stays on, cancel the marketing consent",
        "cancel it, I don't want recommendations",
        "i want them gone, the ads",
    ],
)
def test_a_consent_that_is_taken_back_still_is(text: str) -> None:
    assert meant_of_wanted_back(Intent.CONSENT_WITHDRAWAL, normalise(text)) is None


def test_of_other_matters_nothing_is_read_into_the_words() -> None:
    said = normalise("cancel that, I still want my VIP")
    assert meant_of_wanted_back(Intent.OTHER, said) is None
    assert meant_of_wanted_back(Intent.DELETION, said) is None
