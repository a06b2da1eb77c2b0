"""The speaker's own pictures in which a child is seen."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.own_things import own_wish
from privacydesk.understanding.periods import periods


@pytest.mark.parametrize(
    "text",
    [
        "請刪掉有我女兒入鏡的照片",
        "Every photo with my kids in it has to go",
        "Every photo with my kids in it has to go. The others are fine.",
        "delete the photos that show my daughter",
        "please remove pictures of my son that I posted",
        "take down all my posts with my children in them",
        "I want every picture my kid appears in gone",
        "erase the videos where you can see my son's face",
        "delete the photos my daughter is in",
        "把拍到我女儿的照片删掉",
        "照片里有我儿子的都删了",
        "我发的动态里有孩子露脸的，全删",
        "有宝宝的照片帮我清掉",
        "把我女儿出镜的视频删除",
        "删掉我晒娃的照片",
        "我想刪除所有出現我小孩的照片",
        "有我個仔個樣嘅相刪晒佢",
        "刪咗啲影到我個女嘅相",
        "相入面有我囡囡嘅都刪",
        "照片中有我兒子的請全部刪除",
        "把有小朋友入鏡的貼文刪掉",
        "delete the photos with my 7-year-old daughter",
    ],
)
def test_pictures_that_show_a_child_are_deleted_and_no_others(text: str) -> None:
    assert own_wish(normalise(text)) is Intent.DELETION
    assert periods(text) != ()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("請刪掉有我女兒入鏡的照片", "有我女兒入鏡的照片"),
        ("Every photo with my kids in it has to go", "photo with my kids in it"),
        ("刪咗啲影到我個女嘅相", "影到我個女嘅相"),
        ("delete all photos except the ones with my kids", "except the ones with my kids"),
        ("刪晒啲相，但影到我個女嘅相要留", "影到我個女嘅相要留"),
        ("删掉照片，但有我女儿的照片别删", "有我女儿的照片别删"),
    ],
)
def test_the_limit_says_which_in_their_own_words(text: str, limit: str) -> None:
    assert periods(text) == (limit,)


@pytest.mark.parametrize(
    "text",
    [
        "我的頭像用咗個女張相，想換",
        "我女儿发了自己入镜的照片，请删掉她的账号",
        "my daughter uploaded photos of herself, delete them",
        "我儿子10岁，把他发的照片删了",
        "my kid is 9 and posted pictures with his face, remove them",
        "有人发了我女儿的照片，删掉",
        "我個女9歲，將佢上傳嘅相刪除",
        "刪除我女兒帳號裡的照片",
        "delete all photos from my son's account",
        "别删有我女儿的照片",
        "show me the photos with my daughter",
        "delete all photos except the ones with my kids",
        "老师发了有我儿子的照片，删掉",
        "the school posted photos with my son, remove them",
        "刪晒啲相，但影到我個女嘅相要留",
    ],
)
def test_what_others_show_and_what_stays_is_no_wish_of_ones_own(text: str) -> None:
    assert own_wish(normalise(text)) is None
