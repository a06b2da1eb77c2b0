"""Answers questions from the policy, by quoting its passages unchanged or not at all.

Two searches retrieve passages. One uses knowledge about how people ask about policies
(``search_knowledge``): it matches the question's words, the glossary's words, vectors (which find
Chinese passages for an English question) and the question's topic. The other was trained on
questions about many policies (``lookup``). The ``reranker`` scores the best passages of both, and
``relevance`` combines all scores to a probability. If it is low for every passage, the policy
doesn't answer the question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from privacydesk.domain.quotes import PolicyAnswer, Quote
from privacydesk.policy import lookup, relevance, search_knowledge
from privacydesk.policy.answerability import AnswerabilityFeatures, answerability_features, log_odds
from privacydesk.policy.best_sentence import best_sentence
from privacydesk.policy.chunks import split_into_chunks, split_sentences
from privacydesk.policy.folding import fold
from privacydesk.policy.language import has_chinese, language_tag
from privacydesk.policy.lookup import Lookup, VectorMaps
from privacydesk.policy.relevance import RelevanceModel
from privacydesk.policy.reranker import (
    EncodedPassage,
    PassageEncoder,
    PassageScores,
    Reranker,
    encode_passage,
)
from privacydesk.policy.search_knowledge import Glossary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.policy.words import Scores, WordIndex, tokens

MAX_QUOTES: Final = 3
BUNDLED_MODELS: Final = Path(__file__).parent / "network"
"""The folder of the bundled models."""
RERANKED_PASSAGES: Final = 3
"""The number of passages of each search that are reranked."""
_MIN_FIRST: Final = 0.3
"""The minimum probability of answering for the first quoted passage."""
_MIN_FURTHER: Final = 0.1
"""The minimum probability for further passages."""

_CHILDREN: Final = "children"
_OTHERS: Final = "others"
"""The key in a topic for all documents but the children's statement."""
_MIN_TOPIC: Final = 0.3
"""The minimum probability of a topic for offering its request."""

# Weights of the scores, tuned on one half of benchmarks/policy_questions.yaml.
_WORDS_WEIGHT: Final = 1.0
_GLOSSARY_WEIGHT: Final = 1.0
_HEADINGS_WEIGHT: Final = 0.3
_SIMILARITY_WEIGHT: Final = 1.5
_SENTENCE_WEIGHT: Final = 1.5
_TOPIC_WEIGHT: Final = 2.5
_CHILDREN_BONUS: Final = 0.7
_CHILDREN_PENALTY: Final = 7.0
"""For a question that mentions no child, since it is hardly ever about that statement."""
_HEADINGS_WITH_GLOSSARY: Final = 0.5

_MENTIONS_CHILD = re.compile(
    "儿童|孩|细路|小朋友|儿子|女儿|个仔|个女|家长|监护|14|十四"
    "|(?<![a-z])(?:child|children|kid|kids|son|daughter|parent|guardian)"
)
# Opening and closing phrases, which don't belong to the subject of a question.
_FRAMING = re.compile(
    "请问(?:一下|下)?|(?:我)?想(?:请)?问(?:一下|下|问)?|(?:你们的|你们|你哋的|你哋嘅)?隐私政策(?:里面|里|中|入面)?"
    "(?:有没有|有冇)?(?:怎么(?:写|说|规定)的?|点(?:讲|写)|写了|说了|有写|规定)?吗?"
    r"|\b(?:what does|does) (?:the|your) (?:privacy )?policy say about\b"
    r"|\baccording to (?:the|your) (?:privacy )?policy\b"
)
# Regional words, and the standard ones in policies and most questions.
_REGIONAL: Final = {"私隐": "隐私", "几时": "什么时候", "何时": "什么时候", "边度": "哪里"}
# "How many days is it kept?" means "how long"; "days" would match passages on other periods.
_HOW_MANY = re.compile(
    r"(?:多少|几)(?:个)?(?:天|日|周|星期|礼拜|月|年|小时)(?=.{0,8}$)"
    r"|\bhow many (?:hours|days|weeks|months|years)\b"
)
_RETENTION = re.compile(
    r"保存|保留|储存|存储|[存留]|\b(?:keep|kept|stor(?:e|ed|ing)|retain(?:ed)?|held|hold)\b"
)
_HOW_LONG = re.compile(r"多久|多长时间|\bhow long\b")
_RECORDS = re.compile(
    r"录音|录像|语音|视频|照片|图片|截图|日志|记录|流水|订单|通话|私信|消息|聊天|位置|轨迹|证件|身份证"
    r"|手机号|通讯录|资料|数据|\bip\b|ip地址"
    r"|\b(?:logs?|records?|recordings?|voice|videos?|photos?|pictures?|screenshots?|messages?|chats?"
    r"|location|ids?|documents?|contacts?|files?|data|ip(?: address(?:es)?)?)\b"
)
# "What about cookies?" is a follow-up question that is too short for the search.
_FOLLOW_UP = re.compile(
    r"^(?:(?:and|so|but|ok|okay|also|then)[ ,]+)*(?:(?:what|how) about )?"
    r"(?:the |your |any |other )*"
    r"(?:(?P<used>cookies?|sdks?|trackers?|tracking|analytics)|(?P<others>third[- ]part(?:y|ies)"
    r"|partners|advertisers|affiliates))[ ?!.]*$"
)
_RECOVERS_ACCOUNT = re.compile(
    r"^(?:(?:and|so|but|ok|okay|also|then)[ ,]+)*(?:can|could|will|would) i (?:still |ever )?"
    r"(?:get|recover|restore|reopen|reactivate) (?:it|(?:my|the) account)(?: back)?,? "
    r"(?:after(?:wards?| that)|later(?: on)?)[ ?!.]*$"
)
# "Information" matches headings about third parties in many policies, so "data" is searched for.
_DISCLOSURE = re.compile(r"\b(?:shar(?:e|ed|es|ing)|sell|sold|selling|pass(?:ed)? on)\b")
_MY_DETAILS = re.compile(r"\b(my|our) (?:personal )?(?:info|information|details|stuff)\b")
_CHAT_SPELLING = re.compile(r"\bu(r)?\b")
_REPETITION_LENGTH: Final = 40
"""The length in characters from which a question with few distinct words is only repetition."""
_FEW_WORDS: Final = 3
_MIN_QUESTION: Final = 5
"""The minimum length in characters of a question without opening and closing phrases."""

# Asks for the whole policy: only names it, or asks where it is.
_WHOLE_POLICY = re.compile(
    r"(?=.*(?:隐私|私隐|政策|条款|协议|声明|privacy|policy|terms))"
    r"(?:[我想要问看查找读]|了解|一下|你们|你哋|的|嘅|隐私|私隐|政策|条款|协议|说明|规定|声明|全文|在|喺|哪里|哪儿|哪|边度"
    r"|privacy|policy|terms|the|your|show|me|read|see|where|is|can|i|find|[\W_])+"
)

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


class Encoder(PassageEncoder, Protocol):
    """Embeds texts as normalised vectors; implemented by ``encoder.embedding``."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of passages, one row each."""
        ...

    def read_query(self, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vector of a question, and those of its tokens."""
        ...


class AnswerModels(NamedTuple):
    """The models trained on policies and questions about them.

    Attributes:
        maps: adjusts vectors for the lookup.
        reranker: scores passages for a question.
        relevance: estimates the probability that a passage answers.
    """

    maps: VectorMaps
    reranker: Reranker
    relevance: RelevanceModel

    @classmethod
    def load(cls, folder: Path = BUNDLED_MODELS) -> Self:
        """Load the models from a folder."""
        return cls(
            VectorMaps.load(folder / lookup.FILE),
            Reranker(folder),
            RelevanceModel.load(folder / relevance.FILE),
        )


@cache
def bundled_models() -> AnswerModels:
    """Return the bundled models."""
    return AnswerModels.load()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of the search by words, glossary, vectors and topics.

    Attributes:
        scores: for each passage, the log probability that it is the one that answers.
        features: features of whether the policy answers the question.
        topic: the most likely topic; None if none is likely.
    """

    scores: Scores
    features: AnswerabilityFeatures
    topic: search_knowledge.Topic | None


class RankedPassage(NamedTuple):
    """A passage that may answer.

    Attributes:
        number: the number of the passage.
        scores: the reranker's scores of it and of its sentences.
        features: the features for the relevance model.
        probability: the probability that it answers.
    """

    number: int
    scores: PassageScores
    features: relevance.Features
    probability: float


class PolicyIndex:
    """Answers questions from one version of the policy.

    Args:
        version: the imported policy.
        vectors: the vectors of `embedded_texts(version)`, one row each.
        encoder: encodes questions and passages.
        models: the trained models; by default the bundled ones.
    """

    def __init__(
        self,
        version: PolicyVersion,
        vectors: NDArray[np.float32],
        encoder: Encoder,
        models: AnswerModels | None = None,
    ) -> None:
        chunks = self._chunks = split_into_chunks(version)
        self._models = models or bundled_models()
        self._lookup = Lookup(chunks, vectors, self._models.maps)
        self._passages: dict[int, EncodedPassage] = {}
        self._vectors, self._sentences = vectors[: len(chunks)], vectors[len(chunks) :]
        self._encoder = encoder
        self._tag = language_tag(version.source)
        self._language = self._tag.partition("-")[0]
        self._weights = search_knowledge.trained_weights()
        self._glossary = Glossary(search_knowledge.terms())
        headings = [tokens(fold(chunk.headings)) for chunk in chunks]
        texts = [tokens(fold(chunk.text)) for chunk in chunks]
        self._passage_words = tuple(
            frozenset((*heading, *text)) for heading, text in zip(headings, texts, strict=True)
        )
        self._words = self._lookup.words
        self._headings = WordIndex(headings, length_penalty=0.3)
        self._is_for_children = np.array([chunk.document == _CHILDREN for chunk in chunks])
        self._topic_scores = np.array(
            [self._topic_relevance(topic) for topic in search_knowledge.topics()]
        )
        self._has_topic = (self._topic_scores > 0).any(axis=1)

    def _topic_relevance(self, topic: search_knowledge.Topic) -> Scores:
        """Return the relevance of each passage for a topic, at most 1."""
        scores = self._by_terms(Counter(tokens(fold(topic.words))))
        if topic.document == _CHILDREN:
            scores = scores * self._is_for_children
        elif topic.document == _OTHERS:
            scores = scores * ~self._is_for_children
        return scores / max(float(scores.max(initial=0.0)), 1e-9)

    def _by_terms(self, words: Counter[str]) -> Scores:
        by_headings = self._headings.scores(words)
        return self._words.scores(words) + _HEADINGS_WITH_GLOSSARY * by_headings

    def answer(self, question: str) -> PolicyAnswer:
        """Return the passages that answer a question; none if the policy doesn't answer it."""
        if _WHOLE_POLICY.fullmatch(fold(question)) is not None:
            return PolicyAnswer(language=self._language, asked=False, tag=self._tag)
        topic, passages = self._find_passages(question)
        if not passages or passages[0].probability < _MIN_FIRST:
            return PolicyAnswer(language=self._language, tag=self._tag)
        return PolicyAnswer(
            quotes=tuple(
                self._quote(passage) for passage in passages if passage.probability >= _MIN_FURTHER
            ),
            offers=topic.offers if topic else None,
            language=self._language,
            tag=self._tag,
        )

    def _find_passages(
        self, question: str
    ) -> tuple[search_knowledge.Topic | None, list[RankedPassage]]:
        """Return the topic of a question, or of a more general one, and the passages for it."""
        topic, passages = self._rank(question)
        if not passages or passages[0].probability < _MIN_FIRST:
            general = _generalise(_normalise(fold(question)))
            if general:
                topic, passages = self._rank(general)
        return topic, passages[:MAX_QUOTES]

    def ranked(self, question: str) -> list[RankedPassage]:
        """Return the passages that may answer a question, the most probable first."""
        return self._rank(question)[1]

    def _rank(self, question: str) -> tuple[search_knowledge.Topic | None, list[RankedPassage]]:
        folded = _normalise(fold(question))
        if not self._chunks or not _has_content(folded):
            return None, []
        vector, states = self._encoder.read_query(folded)
        by_topics, by_lookup = self._search(folded, vector), self._lookup.scores(folded, vector)
        answerable = log_odds(by_topics.features, self._weights.judge)
        best = (
            np.argsort(-scores, kind="stable")[:RERANKED_PASSAGES]
            for scores in (by_topics.scores, by_lookup)
        )
        candidates = np.unique(np.concatenate(list(best))).tolist()
        passages = [self._passage(number) for number in candidates]
        ranked = [
            self._combine(
                number,
                scores,
                float(by_lookup[number]),
                float(by_topics.scores[number]),
                answerable,
            )
            for number, scores in zip(
                candidates, self._models.reranker.score(states, passages), strict=True
            )
        ]
        return by_topics.topic, sorted(
            ranked, key=lambda passage: passage.probability, reverse=True
        )

    def _combine(
        self,
        number: int,
        scores: PassageScores,
        by_lookup: float,
        by_topics: float,
        answerable: float,
    ) -> RankedPassage:
        features = relevance.passage_features(scores, by_lookup, by_topics, answerable)
        return RankedPassage(number, scores, features, self._models.relevance.probability(features))

    def _passage(self, number: int) -> EncodedPassage:
        if number not in self._passages:
            self._passages[number] = encode_passage(self._chunks[number], self._encoder)
        return self._passages[number]

    def search(self, question: str) -> SearchResult | None:
        """Search by words, glossary, vectors and topics; None if the question has no words."""
        folded = _normalise(fold(question))
        if not self._chunks or not _has_content(folded):
            return None
        return self._search(folded, self._encoder.read_query(folded)[0])

    def _search(self, folded: str, vector: NDArray[np.float32]) -> SearchResult:
        """Search by words, glossary, vectors and topics."""
        words = tokens(folded)
        glossary_words = tokens(fold(" ".join(self._glossary.expand(folded))))
        similarity = self._vectors @ vector
        by_sentence = np.maximum.reduceat(self._sentences @ vector, self._lookup.first_sentence)
        probabilities = self._weights.probabilities(vector)
        topics = probabilities[: len(self._topic_scores)]
        # A policy in another language than the topics has words of hardly any topic. Topics that
        # it has no words of must not count.
        covered_share = float(topics @ self._has_topic) / max(float(topics.sum()), 1e-9)
        children_bonus = _CHILDREN_BONUS if _MENTIONS_CHILD.search(folded) else -_CHILDREN_PENALTY
        scores = (
            _WORDS_WEIGHT * self._lookup.by_words(folded)
            + _GLOSSARY_WEIGHT * _standardise(self._by_terms(Counter(glossary_words)))
            + _HEADINGS_WEIGHT
            * _standardise(self._headings.scores(Counter([*words, *glossary_words])))
            + _SIMILARITY_WEIGHT * _standardise(similarity.astype(np.float64))
            + _SENTENCE_WEIGHT * _standardise(by_sentence.astype(np.float64))
            + _TOPIC_WEIGHT * covered_share * _standardise(topics @ self._topic_scores)
            + children_bonus * self._is_for_children
        )
        best = int(np.argmax(scores))
        best_topic = int(np.argmax(topics))
        features = answerability_features(
            outside=float(probabilities[len(self._topic_scores) :].sum()),
            words=Counter([*words, *glossary_words]),
            best=self._passage_words[best],
            index=self._words,
            similarity=float(similarity[best]),
            latin=not has_chinese(folded),
            in_glossary=bool(glossary_words),
            scores=scores,
        )
        return SearchResult(
            scores=np.asarray(scores - np.logaddexp.reduce(scores)),
            features=features,
            topic=search_knowledge.topics()[best_topic]
            if topics[best_topic] >= _MIN_TOPIC
            else None,
        )

    def _quote(self, ranked: RankedPassage) -> Quote:
        chunk = self._chunks[ranked.number]
        return Quote(
            document=chunk.title,
            article=chunk.article,
            section=chunk.section,
            text=chunk.text,
            anchor=chunk.anchor,
            score=round(ranked.probability, 4),
            sentence=best_sentence(chunk, ranked.scores),
        )


def embedded_texts(version: PolicyVersion) -> list[str]:
    """Return the texts to embed: each chunk with its headings, then each sentence of each chunk."""
    chunks = split_into_chunks(version)
    whole = [f"{chunk.title} {chunk.headings}\n{chunk.text}" for chunk in chunks]
    return whole + [sentence for chunk in chunks for sentence in split_sentences(chunk)]


def _normalise(folded: str) -> str:
    """Replace regional and unusual wording, and remove opening and closing phrases."""
    for regional, usual in _REGIONAL.items():
        folded = folded.replace(regional, usual)
    if _HOW_MANY.search(folded) is not None and _RETENTION.search(folded) is not None:
        folded = _HOW_MANY.sub(lambda match: "how long" if match[0].isascii() else "多久", folded)
    if folded.isascii():
        folded = _complete_english(folded)
    rest = _FRAMING.sub(" ", folded).strip(" ,，。?？!！:：")
    return rest if len(rest) >= _MIN_QUESTION else folded


def _has_content(folded: str) -> bool:
    """Whether a question has words, and is not a repetition of a few."""
    if _LETTER_OR_DIGIT.search(folded) is None:
        return False
    start = folded[:_REPETITION_LENGTH]
    return len(start) < _REPETITION_LENGTH or len(set(tokens(start))) > _FEW_WORDS


def _generalise(question: str) -> str:
    """Return the general question on retention for one about a kind of record; else "".

    Policies have a general retention period for kinds of records that they don't mention.
    """
    if not all(pattern.search(question) for pattern in (_RETENTION, _HOW_LONG, _RECORDS)):
        return ""
    return "个人信息保存多久" if has_chinese(question) else "how long do you keep my personal data"


def _complete_english(folded: str) -> str:
    """Return an English question as a full sentence, in words that match policies better."""
    folded = _CHAT_SPELLING.sub(lambda match: "your" if match[1] else "you", folded.strip())
    match = _FOLLOW_UP.match(folded)
    if match is not None:
        used, others = match["used"], match["others"]
        return f"do you use {used}" if used else f"do you share my data with {others}"
    if _RECOVERS_ACCOUNT.match(folded):
        return "if i close my account can i get it back later"
    return _MY_DETAILS.sub(r"\1 data", folded) if _DISCLOSURE.search(folded) else folded


def _standardise(scores: Scores) -> Scores:
    """Standardise scores to mean 0 and deviation 1."""
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9))
