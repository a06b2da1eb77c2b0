"""A Rasa bot with rules and a form, as far as it does what the light mix asks for.

It has Rasa's own classifier, a few examples of each intent, and keeps conversations in memory, as
Rasa does unless told otherwise. Buttons send intents, which no classifier reads.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

_EXAMPLES = {
    "greet": ("你好", "您好", "在吗", "哈喽"),
    "thank": ("谢谢", "谢谢你的帮助", "辛苦了", "多谢"),
    "open_menu": ("菜单", "返回菜单", "有哪些功能", "主菜单"),
    "cancel": ("取消", "不弄了", "算了", "停止"),
    "complain": ("我要投诉", "投诉你们", "对处理不满意", "举报平台"),
    "delete": ("删除我的数据", "把聊天记录删掉", "清空我的动态", "请删除语音"),
    "access": ("我要看我的数据", "导出个人信息", "你们有我的什么资料", "查一下我的数据"),
    "close": ("注销账号", "我要销号", "把账号注销掉", "不用这个号了"),
}
_FORM = "complaint_form"
_SLOTS = ("matter", "wish")
_CONFIG: dict[str, Any] = {
    "recipe": "default.v1",
    "language": "zh",
    "assistant_id": "bench",
    "pipeline": [
        {"name": "JiebaTokenizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": 50, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3},
    ],
    "policies": [{"name": "RulePolicy"}],
}
_DOMAIN: dict[str, Any] = {
    "version": "3.1",
    "intents": [*_EXAMPLES, "nlu_fallback"],
    "slots": {
        slot: {
            "type": "text",
            "mappings": [
                {
                    "type": "from_text",
                    "conditions": [{"active_loop": _FORM, "requested_slot": slot}],
                }
            ],
        }
        for slot in _SLOTS
    },
    "forms": {_FORM: {"required_slots": list(_SLOTS)}},
    "responses": {
        "utter_ask_matter": [{"text": "请说说是什么事。"}],
        "utter_ask_wish": [{"text": "您希望怎么处理？"}],
        "utter_filed": [{"text": "已收到。"}],
        **{f"utter_{intent}": [{"text": f"好的：{intent}"}] for intent in (*_EXAMPLES, "other")},
    },
    "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
}


def _rule(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rule": name, "steps": list(steps), **more}


def _data() -> dict[str, Any]:
    in_form: dict[str, Any] = {"condition": [{"active_loop": _FORM}]}
    stop: tuple[dict[str, Any], ...] = (
        {"action": "action_deactivate_loop"},
        {"active_loop": None},
    )
    answers = [
        _rule(intent, {"intent": intent}, {"action": f"utter_{intent}"})
        for intent in _EXAMPLES
        if intent != "complain"
    ]
    leaving = [
        _rule(
            f"{intent} in the form",
            {"intent": intent},
            *stop,
            {"action": f"utter_{intent}"},
            **in_form,
        )
        for intent in ("open_menu", "cancel")
    ]
    form = _rule("form", {"intent": "complain"}, {"action": _FORM}, {"active_loop": _FORM})
    filed = _rule(
        "filed", {"action": _FORM}, {"active_loop": None}, {"action": "utter_filed"}, **in_form
    )
    other = _rule("other", {"intent": "nlu_fallback"}, {"action": "utter_other"})
    examples = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in _EXAMPLES.items()
    ]
    rules = [*answers, *leaving, form, filed, other]
    return {"version": "3.1", "nlu": examples, "rules": rules}


def train(programs: Path, folder: Path) -> None:
    """Train the bot's model into a folder.

    Args:
        programs: the folder of the programs of the environment that has Rasa.
        folder: where the bot's files are written.

    Raises:
        subprocess.CalledProcessError: the training failed.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("config.yml", _CONFIG),
        ("domain.yml", _DOMAIN),
        ("data/all.yml", _data()),
        ("credentials.yml", {"rest": {}}),
        ("endpoints.yml", {}),
    ):
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True))
    command = [str(programs / "python"), "-m", "rasa", "train", "--fixed-model-name", "bot"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment())  # noqa: S603 - ours


def command(programs: Path, folder: Path, port: int) -> list[str]:
    """Return the command that serves the trained bot at a port."""
    return [
        str(programs / "python"), "-m", "rasa", "run", "--port", str(port),
        "--interface", "127.0.0.1", "--model", str(folder / "models" / "bot.tar.gz"),
        "--credentials", str(folder / "credentials.yml"),
        "--endpoints", str(folder / "endpoints.yml"),
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """Return the environment of Rasa's programs: nothing is reported to anybody."""
    return {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
