"""What a first sentence gives away: the new value, and whether it is about somebody else."""

from __future__ import annotations

import pytest

from privacydesk.understanding.new_values import new_values
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.other_people import other_people


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("昵称改成「小敏」", "小敏"),
        ("我要把昵称改成小敏，谢谢", "小敏"),
        ("帮我改昵称，叫「小敏」", "小敏"),
        ("生日應該係2001年5月3日", "2001年5月3日"),
        ("Change my nickname to Mia, please", "Mia"),
        ("my birthday should be 3 May 2001", "3 May 2001"),
    ],
)
def test_a_new_value_is_taken_as_it_was_written(said: str, value: str) -> None:
    assert new_values(said) == (value,)


@pytest.mark.parametrize("said", ["改资料", "把名字改成别的", "我的昵称不对", "change my nickname"])
def test_a_sentence_without_a_value_gives_none(said: str) -> None:
    assert new_values(said) == ()


@pytest.mark.parametrize(
    "said", ["帮我查一下张子涵的账号信息", "看一下她的手机号", "show me Mia's account"]
)
def test_asking_for_somebody_elses_data_is_noticed(said: str) -> None:
    assert other_people(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "查看我的个人信息",
        "给我一份我的数据",
        "查我女儿的账号信息",
        "要一份平台收集的信息",
        "show me my data",
    ],
)
def test_asking_for_ones_own_data_or_a_childs_is_not(said: str) -> None:
    assert not other_people(normalise(said))
