from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.common.policies import sample_policy

from privacydesk.demo.files import DATA
from privacydesk.domain.quotes import PolicyAnswer, Quote, Rendition
from privacydesk.policy.chunks import Chunk, split_into_chunks
from privacydesk.policy.importer import read_policy
from privacydesk.policy.renditions import QuoteRenderer, translation_of, untranslated
from privacydesk.policy.tree import PolicyVersion

DAY = timedelta(days=1)
ENGLISH = (DATA / "policy.en.md").read_text("utf-8")


def english(at: datetime) -> PolicyVersion:
    return read_policy(ENGLISH, name="lane@en").version(at)


def chunk(anchor: str) -> Chunk:
    return next(one for one in split_into_chunks(sample_policy()) if one.anchor == anchor)


def quote(anchor: str, sentence: str = "") -> Quote:
    found = chunk(anchor)
    return Quote(
        found.title, found.article, found.section, found.text, anchor, 1.0, sentence=sentence
    )


def renditions(
    one: Quote, *translations: PolicyVersion, policy: PolicyVersion | None = None
) -> dict[str, Rendition]:
    policy = policy or sample_policy()
    found = (("en", translation_of(version, [sample_policy()])) for version in translations)
    by_tag = {tag: translation for tag, translation in found if translation is not None}
    answer = PolicyAnswer(quotes=(one,), tag="zh-Hans")
    return dict(QuoteRenderer(policy, by_tag).add_to(answer).quotes[0].renditions)


def test_the_sample_policy_is_translated_whole() -> None:
    translated = english(sample_policy().imported_at)
    assert untranslated(sample_policy(), translated.documents) == ()
    for one in split_into_chunks(sample_policy()):
        assert "en" in renditions(quote(one.anchor), translated), one.anchor


def test_a_passage_without_a_translation_is_named() -> None:
    shorter = read_policy(ENGLISH.replace("6. Trade secrets are concerned", ""), name="lane@en")
    assert untranslated(sample_policy(), shorter.documents) == ("privacy:art7.sec6.item6",)


def test_a_clause_is_found_by_its_numbers_whatever_its_levels_are_called() -> None:
    # 第一条四、（一） is Article 1, Section 4, (1).
    found = renditions(quote("privacy:art1.part4.sec1"), english(sample_policy().imported_at))["en"]
    assert found.document == "Lane Privacy Policy"
    assert found.section == "Section 4 What we get from elsewhere (1) Third-party sign-in"
    assert found.text.startswith("When you sign in with an account such as WeChat")
    assert not found.converted


def test_the_paragraph_that_answers_is_known_in_the_translation() -> None:
    one = quote("privacy:art7.sec6", "6.牵涉商业秘密的")
    found = renditions(one, english(sample_policy().imported_at))["en"]
    assert found.sentence == "6. Trade secrets are concerned"
    assert found.sentence in found.text


def test_a_clause_that_changed_after_the_translation_is_not_shown_in_it() -> None:
    old, new = "存放在中国香港，够用即止", "存放在新加坡，够用即止"
    changed = read_policy(sample_policy().source.replace(old, new), name="lane").version(
        sample_policy().imported_at + 2 * DAY
    )
    translated = english(sample_policy().imported_at + DAY)
    kept, lost = quote("privacy:art3.p1"), quote("privacy:art4.p1")
    assert "en" in renditions(kept, translated, policy=changed)
    lost = Quote(
        lost.document, lost.article, "", lost.text.replace(old, new), lost.anchor, lost.score
    )
    assert "en" not in renditions(lost, translated, policy=changed)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_translation_belongs_to_the_version_before_it_or_else_to_the_first(days: int) -> None:
    first = sample_policy()
    newer = read_policy(first.source + "\n完。\n", name="lane").version(first.imported_at + 2 * DAY)
    translation = translation_of(english(first.imported_at + days * DAY), [first, newer])
    assert translation is not None
    assert translation.base is first


def test_without_any_version_of_the_policy_there_is_nothing_to_translate() -> None:
    assert translation_of(english(datetime(2026, 1, 1, tzinfo=UTC)), []) is None


def test_readers_of_the_other_script_get_it_converted_and_no_word_changed() -> None:
    found = renditions(quote("privacy:art7.sec3", "人工看过以后，由你再确认一次才注销"))["zh-Hant"]
    assert found.converted
    assert found.section == "（三）註銷帳號"
    assert "註銷後找不回來" in found.text
    assert found.sentence in found.text
    assert len(found.text) == len(chunk("privacy:art7.sec3").text)


def test_an_answer_from_another_version_has_no_renditions() -> None:
    assert renditions(Quote("", "", "", "别的版本", "privacy:art99", 1.0)) == {}
