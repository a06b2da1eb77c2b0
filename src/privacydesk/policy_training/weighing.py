"""Fits how likely a passage answers, on policies that no other model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from privacydesk.encoder.embedding import E5Embedder
from privacydesk.policy.answering import Learnt, PolicyIndex, embedded_texts
from privacydesk.policy.judge import Judge, Signs
from privacydesk.policy_training.corpus import QuestionedPolicy


def weigh(policies: Sequence[QuestionedPolicy], encoder: E5Embedder, learnt: Learnt) -> Judge:
    """Return the judge fitted on the candidates for the questions about policies."""
    signs: list[Signs] = []
    right: list[bool] = []
    for policy in policies:
        vectors = encoder.embed_passages(embedded_texts(policy.version))
        index = PolicyIndex(policy.version, vectors, encoder, learnt)
        for question in policy.questions:
            partly = {passage for passage, _ in question.partly} - question.answering
            for found in index.ranked(question.text):
                if found.at not in partly:
                    signs.append(found.signs)
                    right.append(found.at in question.answering)
    fitted = LogisticRegression(max_iter=1_000).fit(np.array(signs), np.array(right))
    weights = tuple(map(float, fitted.coef_[0].round(4)))
    return Judge(weights, round(float(fitted.intercept_[0]), 4))
