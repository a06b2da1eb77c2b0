"""What all of shall go and no list knows: 把我写的日记都删了 is not everything there is.

Whoever says so is asked which kinds they mean, rather than taken for somebody who wants all of
their data deleted.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import lazily

_ALL: Final = "(?:都|全部?|统统|通通|一律|一并|晒)"
_GOES: Final = (
    "(?:给我|帮我|俾我|畀我|要|得|请|一起|一次性?|彻底|永久|马上|立刻|立即)*(?:删|清(?!楚)|抹)"
)
_THING: Final = lazily(
    rf"[把将](?P<what>[^,。.!?;]{{1,16}}?){_ALL}*{_GOES}"
    rf"|(?:^|[,。.!?; ])(?!除|连)(?P<first>[^,。.!?;]{{1,16}}?){_ALL}{{1,3}}{_GOES}"
    r"|\b(?:delete|erase|remove|wipe|clear|scrap|get rid of) (?:all (?:of )?|everything (?:in|from)"
    r" )?(?:my|the|our|this|these|those) (?P<latin>[a-z' -]{2,30}?)"
    r"(?=[,;.!]? ?(?:(?:all|the whole) of (?:it|them)|everything|the (?:whole )?lot|$))"
)

# What people call everything, and what surrounds it: 你们存的关于我的全部资料.
_GENERIC: Final = lazily(
    r"所有|全部|一切|统统|通通|任何|全套|[全都晒]|一律|个人|私人|隐私|私隐|相关|有关|关于|[跟和与同及]"
    r"|信息|资料|数据|讯息|资讯|记录|痕迹|东西|内容|嘢|账号|账户|户口|用户|名下|历史|遗留"
    r"|[里内中上入面底下头]|[的嘅了咗过着]|[在喺]|你们|你哋|[你您]|平台|公司|软件|系统|服务器|app|id"
    r"|[这那呢嗰𠮶]|[些啲个]|[存储放留拿有收填写交传发布贴]|收集|采集|保存|保留|提交|上传|登记|绑定|注册"
    r"|使用|产生|我(?:们|哋|家)?|自己|本人|以前|之前|过去|曾经|现在|今天|[还也就先再请帮给俾想要是系去]"
    r"|麻烦|一下|[能可]以?|[把将它佢们号旧老]|手[里上]|干净|彻底|永久|马上|立刻|立即|直接|一次性?"
    r"|\b(?:personal|private|own|whole|entire|full|complete|old|past|other|saved|stored|data|info"
    r"|informations?|details|stuff|things?|records?|history|files?|contents?|accounts?|profile|page"
    r"|app|platform|service|servers?|systems?|database|rest|others?|lot|you|have|hold|keep|got|on"
    r"|about|of|in|from|including|with|plus|me|my|please|everything|all|it|and|that|there)\b"
    r"|(?:除|连).*|其[他它余]|剩下?|余下|别的|\d+ ?[年月日]|[\s\d,。.!?;、'-]"
)
_TO_GO_BY: Final = 2
"""Characters that are left of what somebody names; one may be what is left of any word."""


def unlisted(words: str) -> bool:
    """Tell whether a folded text wants all of something gone that has a name of its own.

    Args:
        words: a text in which no kind of data is named.
    """
    said = _THING.search(words)
    if said is None:
        return False
    named = said["what"] or said["first"] or said["latin"] or ""
    return len(_GENERIC.sub("", named)) >= _TO_GO_BY
