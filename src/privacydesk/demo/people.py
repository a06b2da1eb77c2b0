"""The sample people: who they are, what the app holds about them, and whose child is whose.

They are made relative to a day, so that the twelve-year-old is twelve whenever the demo runs and
the newest post is always a few days old. Nobody here exists; the texts are ours.
"""

from __future__ import annotations

from datetime import datetime

from privacydesk.demo import families, grown_ups
from privacydesk.demo.person import SamplePerson, SampleWorld


def sample_people(now: datetime) -> tuple[SamplePerson, ...]:
    """Return all sample people as they are at ``now`` (an aware instant)."""
    made = SampleWorld(now)
    return (
        grown_ups.lin_xiaoyu(made),
        grown_ups.chen_jiahao(made),
        grown_ups.alice_morgan(made),
        families.lele(made),
        families.wang_fang(),
        families.zhang_zihan(made),
        families.zhang_jianguo(made),
        grown_ups.zhou_qiang(made),
        grown_ups.wu_min(made),
        families.he_xiaochen(made),
        grown_ups.liu_yang(made),
        grown_ups.mei_tan(made),
        grown_ups.sun_yue(made),
    )
