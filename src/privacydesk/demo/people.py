"""The sample people: who they are, what the app holds about them, and whose child is whose.

They are made relative to a day, so that the twelve-year-old is twelve whenever the demo runs and
the newest post is always a few days old. Nobody here exists; the texts are ours.
"""

from __future__ import annotations

from datetime import datetime

from privacydesk.demo import adults, families
from privacydesk.demo.person import RecordFactory, SamplePerson


def sample_people(now: datetime) -> tuple[SamplePerson, ...]:
    """Return all sample people as they are at ``now`` (an aware instant)."""
    records = RecordFactory(now)
    return (
        adults.lin_xiaoyu(records),
        adults.chen_jiahao(records),
        adults.alice_morgan(records),
        families.lele(records),
        families.wang_fang(),
        families.zhang_zihan(records),
        families.zhang_jianguo(records),
        adults.zhou_qiang(records),
        adults.wu_min(records),
        families.he_xiaochen(records),
        adults.liu_yang(records),
        adults.mei_tan(records),
        adults.sun_yue(records),
    )
