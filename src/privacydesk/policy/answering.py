"""Answers to questions from the policy: its passages, word for word, or nothing.

Passages are looked for in two ways. One knows how people ask about policies: by the question's
words, by the glossary's terms for them, by meaning (which finds Chinese passages for an English
question), and by the topic of the question. The other was trained on questions about many policies
(``lookup``). The best of both are read together with the question (``reranker``), and all scores
are weighed (``judge``): where the best passage does not answer, the policy does not say.
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
from privacydesk.policy import judge, lookup, lore
from privacydesk.policy.folding import fold
from privacydesk.policy.judge import Judge
from privacydesk.policy.judging import Signs, log_odds, signs_of
from privacydesk.policy.lookup import Lookup, Turns
from privacydesk.policy.lore import Glossary
from privacydesk.policy.pieces import pieces_of, sentences_of
from privacydesk.policy.reranker import Passage, PassageReader, Reranker, Verdict, read_alone
from privacydesk.policy.tree import PolicyVersion
from privacydesk.policy.words import Scores, WordIndex, has_chinese, tokens

MOST_QUOTES: Final = 3
SHIPPED: Final = Path(__file__).parent / "network"
"""The folder of the models that ship."""
CANDIDATES: Final = 3
"""Passages of each lookup that are read together with a question."""
_ANSWERS_FROM: Final = 0.3
"""The probability of answering from which a passage is quoted."""
_ALSO_FROM: Final = 0.1
"""The same for further passages."""

_CHILDREN: Final = "children"
_OTHERS: Final = "others"
"""The key that ties a topic to every document but the children's statement."""
_OFFERED_FROM: Final = 0.3
"""How likely a topic must be before the request that belongs to it is offered."""

# Weights of the ways; tuned on one half of benchmarks/policy_questions.yaml.
_BY_WORDS: Final = 1.0
_BY_GLOSSARY: Final = 1.0
_BY_HEADINGS: Final = 0.3
_BY_MEANING: Final = 1.5
_BY_SENTENCE: Final = 1.5
_BY_TOPIC: Final = 2.5
_FOR_CHILD: Final = 0.7
_AGAINST_CHILD: Final = 7.0
"""A question that names no child is hardly ever about the children's statement."""
_HEADINGS_WITH_GLOSSARY: Final = 0.5

_OF_A_CHILD = re.compile(
    "儿童|孩|细路|小朋友|儿子|女儿|个仔|个女|家长|监护|14|十四"
    "|(?<![a-z])(?:child|children|kid|kids|son|daughter|parent|guardian)"
)
# Opening and closing phrases, which say nothing of what a question is about.
_FRAME = re.compile(
    "请问(?:一下|下)?|(?:我)?想(?:请)?问(?:一下|下|问)?|(?:你们的|你们|你哋的|你哋嘅)?隐私政策(?:里面|里|中|入面)?"
    "(?:有没有|有冇)?(?:怎么(?:写|说|规定)的?|点(?:讲|写)|写了|说了|有写|规定)?吗?"
    r"|\b(?:what does|does) (?:the|your) (?:privacy )?policy say about\b"
    r"|\baccording to (?:the|your) (?:privacy )?policy\b"
)
# Words of some regions only, and what policies and most questions have instead.
_REGIONAL: Final = {"私隐": "隐私", "几时": "什么时候", "何时": "什么时候", "边度": "哪里"}
# "How many days is it kept?" asks how long; "days" would match passages on other periods.
_HOW_MANY = re.compile(
    r"(?:多少|几)(?:个)?(?:天|日|周|星期|礼拜|月|年|小时)(?=.{0,8}$)"
    r"|\bhow many (?:hours|days|weeks|months|years)\b"
)
_KEPT = re.compile(
    r"保存|保留|储存|存储|[存留]|\b(?:keep|kept|stor(?:e|ed|ing)|retain(?:ed)?|held|hold)\b"
)
_HOW_LONG = re.compile(r"多久|多长时间|\bhow long\b")
_RECORDS = re.compile(
    r"录音|录像|语音|视频|照片|图片|截图|日志|记录|流水|订单|通话|私信|消息|聊天|位置|轨迹|证件|身份证"
    r"|手机号|通讯录|资料|数据|\bip\b|ip地址"
    r"|\b(?:logs?|records?|recordings?|voice|videos?|photos?|pictures?|screenshots?|messages?|chats?"
    r"|location|ids?|documents?|contacts?|files?|data|ip(?: address(?:es)?)?)\b"
)
# "What about cookies?" is a follow-up, and too short to be searched for.
_ASKS_ON = re.compile(
    r"^(?:(?:and|so|but|ok|okay|also|then)[ ,]+)*(?:(?:what|how) about )?"
    r"(?:the |your |any |other )*"
    r"(?:(?P<used>cookies?|sdks?|trackers?|tracking|analytics)|(?P<others>third[- ]part(?:y|ies)"
    r"|partners|advertisers|affiliates))[ ?!.]*$"
)
_BACK_LATER = re.compile(
    r"^(?:(?:and|so|but|ok|okay|also|then)[ ,]+)*(?:can|could|will|would) i (?:still |ever )?"
    r"(?:get|recover|restore|reopen|reactivate) (?:it|(?:my|the) account)(?: back)?,? "
    r"(?:after(?:wards?| that)|later(?: on)?)[ ?!.]*$"
)
# In many policies "information" matches headings about others; one's own "data" means the same.
_GIVES_AWAY = re.compile(r"\b(?:shar(?:e|ed|es|ing)|sell|sold|selling|pass(?:ed)? on)\b")
_MY_DETAILS = re.compile(r"\b(my|our) (?:personal )?(?:info|information|details|stuff)\b")
_TYPED = re.compile(r"\bu(r)?\b")
_MAY_REPEAT: Final = 40
"""Characters from which a question that only has a few words repeats them."""
_FEW: Final = 3
_FRAMED_LEAST: Final = 5
"""Characters that must be left of a question without its frame; else it is kept whole."""

# A question that only names the policy, or asks where it is, asks for all of it.
_WHOLE = re.compile(
    r"(?=.*(?:隐私|私隐|政策|条款|协议|声明|privacy|policy|terms))"
    r"(?:[我想要问看查找读]|了解|一下|你们|你哋|的|嘅|隐私|私隐|政策|条款|协议|说明|规定|声明|全文|在|喺|哪里|哪儿|哪|边度"
    r"|privacy|policy|terms|the|your|show|me|read|see|where|is|can|i|find|[\W_])+"
)

_SOMETHING = re.compile(r"[^\W_]")


class Encoder(PassageReader, Protocol):
    """Turns texts into vectors of length one, and reads them; ``encoder.embedding`` does."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of passages, a row each."""
        ...

    def read_query(self, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vector of a question, and the vectors of its tokens."""
        ...


class Learnt(NamedTuple):
    """The models trained on policies and their questions.

    Attributes:
        turns: adjusts vectors for the lookup.
        reranker: reads passages together with a question.
        judge: estimates how likely a passage answers.
    """

    turns: Turns
    reranker: Reranker
    judge: Judge

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Return the models of a folder."""
        return cls(
            Turns.load(folder / lookup.FILE), Reranker(folder), Judge.load(folder / judge.FILE)
        )


@cache
def shipped() -> Learnt:
    """Return the models that ship."""
    return Learnt.load()


@dataclass(frozen=True, slots=True)
class Search:
    """The search for a question by what is known of policies.

    Attributes:
        scores: the log probability of each passage being the one that answers.
        signs: whether the policy says anything on it.
        topic: the likeliest topic; None where none is likely.
    """

    scores: Scores
    signs: Signs
    topic: lore.Topic | None


class Found(NamedTuple):
    """A passage that may answer.

    Attributes:
        at: its number.
        verdict: the scores of it and of its sentences.
        signs: the features for the judge.
        chance: probability that it answers.
    """

    at: int
    verdict: Verdict
    signs: judge.Signs
    chance: float


class PolicyIndex:
    """A version of the policy, ready to answer.

    Args:
        version: the imported policy.
        vectors: of `embedded_texts(version)`, a row each.
        encoder: reads questions and passages by themselves.
        learnt: the trained models; those that ship where there is none.
    """

    def __init__(
        self,
        version: PolicyVersion,
        vectors: NDArray[np.float32],
        encoder: Encoder,
        learnt: Learnt | None = None,
    ) -> None:
        pieces = self._pieces = pieces_of(version)
        self._models = learnt or shipped()
        self._lookup = Lookup(pieces, vectors, self._models.turns)
        self._passages: dict[int, Passage] = {}
        self._vectors, self._sentences = vectors[: len(pieces)], vectors[len(pieces) :]
        self._encoder = encoder
        self._language = "zh" if has_chinese(version.source) else "en"
        self._learnt = lore.learnt()
        self._glossary = Glossary(lore.terms())
        headings = [tokens(fold(piece.headings)) for piece in pieces]
        texts = [tokens(fold(piece.text)) for piece in pieces]
        self._told = tuple(
            frozenset((*heading, *text)) for heading, text in zip(headings, texts, strict=True)
        )
        self._words = self._lookup.words
        self._headings = WordIndex(headings, length_matters=0.3)
        self._of_children = np.array([piece.document == _CHILDREN for piece in pieces])
        self._by_topic = np.array([self._about(topic) for topic in lore.topics()])
        self._spoken_of = (self._by_topic > 0).any(axis=1)

    def _about(self, topic: lore.Topic) -> Scores:
        """Return each passage's relevance to a topic, at most 1."""
        scores = self._by_terms(Counter(tokens(fold(topic.words))))
        if topic.document == _CHILDREN:
            scores = scores * self._of_children
        elif topic.document == _OTHERS:
            scores = scores * ~self._of_children
        return scores / max(float(scores.max(initial=0.0)), 1e-9)

    def _by_terms(self, words: Counter[str]) -> Scores:
        by_headings = self._headings.scores(words)
        return self._words.scores(words) + _HEADINGS_WITH_GLOSSARY * by_headings

    def answer(self, question: str) -> PolicyAnswer:
        """Return the passages that answer a question; none when the policy does not say."""
        if _WHOLE.fullmatch(fold(question)) is not None:
            return PolicyAnswer(language=self._language, asked=False)
        topic, found = self._answering(question)
        if not found or found[0].chance < _ANSWERS_FROM:
            return PolicyAnswer(language=self._language)
        return PolicyAnswer(
            quotes=tuple(self._quote(one) for one in found if one.chance >= _ALSO_FROM),
            offers=topic.offers if topic else None,
            language=self._language,
        )

    def _answering(self, question: str) -> tuple[lore.Topic | None, list[Found]]:
        """Return the topic of a question or of its general case, and the passages for it."""
        topic, found = self._ranked(question)
        if not found or found[0].chance < _ANSWERS_FROM:
            general = _asked_generally(_asked(fold(question)))
            if general:
                topic, found = self._ranked(general)
        return topic, found[:MOST_QUOTES]

    def ranked(self, question: str) -> list[Found]:
        """Return the passages that may answer a question, the likeliest first."""
        return self._ranked(question)[1]

    def _ranked(self, question: str) -> tuple[lore.Topic | None, list[Found]]:
        folded = _asked(fold(question))
        if not self._pieces or not _says_something(folded):
            return None, []
        vector, states = self._encoder.read_query(folded)
        known, likely = self._search(folded, vector), self._lookup.scores(folded, vector)
        said = log_odds(known.signs, self._learnt.judge)
        best = (np.argsort(-one, kind="stable")[:CANDIDATES] for one in (known.scores, likely))
        candidates = np.unique(np.concatenate(list(best))).tolist()
        passages = [self._passage(at) for at in candidates]
        found = [
            self._found(at, verdict, float(likely[at]), float(known.scores[at]), said)
            for at, verdict in zip(
                candidates, self._models.reranker.judge(states, passages), strict=True
            )
        ]
        return known.topic, sorted(found, key=lambda one: one.chance, reverse=True)

    def _found(
        self, at: int, verdict: Verdict, likely: float, by_topics: float, said: float
    ) -> Found:
        signs = judge.signs_of(verdict, likely, by_topics, said)
        return Found(at, verdict, signs, self._models.judge.chance(signs))

    def _passage(self, at: int) -> Passage:
        if at not in self._passages:
            self._passages[at] = read_alone(self._pieces[at], self._encoder)
        return self._passages[at]

    def search(self, question: str) -> Search | None:
        """Search for a question by what is known; None where there is nothing to search for."""
        folded = _asked(fold(question))
        if not self._pieces or not _says_something(folded):
            return None
        return self._search(folded, self._encoder.read_query(folded)[0])

    def _search(self, folded: str, vector: NDArray[np.float32]) -> Search:
        """Search for a question by what is known of how people ask about policies."""
        said = tokens(folded)
        meant = tokens(fold(" ".join(self._glossary.expand(folded))))
        likeness = self._vectors @ vector
        by_sentence = np.maximum.reduceat(self._sentences @ vector, self._lookup.first_sentence)
        chances = self._learnt.chances(vector)
        topics = chances[: len(self._by_topic)]
        # A policy in another language than the topics' contains words of hardly any topic: the
        # small share of a question that belongs to those must not decide.
        spoken_of = float(topics @ self._spoken_of) / max(float(topics.sum()), 1e-9)
        of_child = _FOR_CHILD if _OF_A_CHILD.search(folded) else -_AGAINST_CHILD
        scores = (
            _BY_WORDS * self._lookup.by_words(folded)
            + _BY_GLOSSARY * _standard(self._by_terms(Counter(meant)))
            + _BY_HEADINGS * _standard(self._headings.scores(Counter([*said, *meant])))
            + _BY_MEANING * _standard(likeness.astype(np.float64))
            + _BY_SENTENCE * _standard(by_sentence.astype(np.float64))
            + _BY_TOPIC * spoken_of * _standard(topics @ self._by_topic)
            + of_child * self._of_children
        )
        best = int(np.argmax(scores))
        likeliest = int(np.argmax(topics))
        signs = signs_of(
            outside=float(chances[len(self._by_topic) :].sum()),
            words=Counter([*said, *meant]),
            best=self._told[best],
            index=self._words,
            near=float(likeness[best]),
            latin=not has_chinese(folded),
            known=bool(meant),
            scores=scores,
        )
        return Search(
            scores=np.asarray(scores - np.logaddexp.reduce(scores)),
            signs=signs,
            topic=lore.topics()[likeliest] if topics[likeliest] >= _OFFERED_FROM else None,
        )

    def _quote(self, found: Found) -> Quote:
        piece = self._pieces[found.at]
        return Quote(
            document=piece.title,
            article=piece.article,
            section=piece.section,
            text=piece.text,
            anchor=piece.anchor,
            score=round(found.chance, 4),
        )


def embedded_texts(version: PolicyVersion) -> list[str]:
    """Return the texts to embed: each piece, then each sentence of each piece.

    A piece's headings are included, since they tell part of its meaning.
    """
    pieces = pieces_of(version)
    whole = [f"{piece.title} {piece.headings}\n{piece.text}" for piece in pieces]
    return whole + [sentence for piece in pieces for sentence in sentences_of(piece)]


def _asked(folded: str) -> str:
    """Return what a question is about, in the usual words and without its frame."""
    for said, usual in _REGIONAL.items():
        folded = folded.replace(said, usual)
    if _HOW_MANY.search(folded) is not None and _KEPT.search(folded) is not None:
        folded = _HOW_MANY.sub(lambda said: "how long" if said[0].isascii() else "多久", folded)
    if folded.isascii():
        folded = _in_full(folded)
    left = _FRAME.sub(" ", folded).strip(" ,，。?？!！:：")
    return left if len(left) >= _FRAMED_LEAST else folded


def _says_something(folded: str) -> bool:
    """Whether a question has letters, and is not a few words over and over."""
    if _SOMETHING.search(folded) is None:
        return False
    beginning = folded[:_MAY_REPEAT]
    return len(beginning) < _MAY_REPEAT or len(set(tokens(beginning))) > _FEW


def _asked_generally(asked: str) -> str:
    """Return the general question on retention, if kinds of records are asked about; else nothing.

    Policies have one period for everything that they do not name.
    """
    if not all(one.search(asked) for one in (_KEPT, _HOW_LONG, _RECORDS)):
        return ""
    return "个人信息保存多久" if has_chinese(asked) else "how long do you keep my personal data"


def _in_full(folded: str) -> str:
    """Return an English question as a whole sentence, in the words that are found best."""
    folded = _TYPED.sub(lambda hit: "your" if hit[1] else "you", folded.strip())
    hit = _ASKS_ON.match(folded)
    if hit is not None:
        used, others = hit["used"], hit["others"]
        return f"do you use {used}" if used else f"do you share my data with {others}"
    if _BACK_LATER.match(folded):
        return "if i close my account can i get it back later"
    return _MY_DETAILS.sub(r"\1 data", folded) if _GIVES_AWAY.search(folded) else folded


def _standard(scores: Scores) -> Scores:
    """Standardise the scores of one way."""
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9))
