"""Chat services that take messages for a group, as their documents describe them.

Each checks address, signature, form and size, and how much is sent: WeCom (developer.work.weixin,
path 91770) and DingTalk (open.dingtalk.com, custom robot) 20 messages a minute, Feishu
(open.feishu.cn, add-custom-bot) 100 a minute and 5 a second, Slack (docs.slack.dev, rate limits)
one a second. The Chinese services answer 200 and a code whatever happens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import Clock

KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
TOKEN = "566cc69da782ec33e42541ec6bb6f9a5"
HOOK = "4bd5a3a1-0a6c-4d4b-9d6a-1f2e3d4c5b6a"
DING_SECRET = "SEC000000000000000000000000000000000000000000000000000000000000abcd"
FEISHU_SECRET = "demo-secret-of-feishu"
SLACK_PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


@dataclass
class GroupRobots:
    """The four services on one port.

    Attributes:
        texts: what each accepted, by service.
        away: services that answer nothing but 503.
    """

    clock: Clock
    texts: dict[str, list[str]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    posted: dict[str, deque[datetime]] = field(default_factory=dict)
    server: TestServer | None = None

    @asynccontextmanager
    async def up(self) -> AsyncIterator[GroupRobots]:
        app = web.Application()
        app.router.add_post("/cgi-bin/webhook/send", self._wecom)
        app.router.add_post("/robot/send", self._dingtalk)
        app.router.add_post("/open-apis/bot/v2/hook/{token}", self._feishu)
        app.router.add_post("/services/{path:.*}", self._slack)
        self.server = TestServer(app)
        async with self.server:
            yield self

    def url(self, platform: str) -> str:
        assert self.server is not None
        path = {
            "wecom": f"/cgi-bin/webhook/send?key={KEY}",
            "dingtalk": f"/robot/send?access_token={TOKEN}",
            "feishu": f"/open-apis/bot/v2/hook/{HOOK}",
            "slack": SLACK_PATH,
        }[platform]
        return str(self.server.make_url("")).rstrip("/") + path

    def of(self, platform: str) -> list[str]:
        return self.texts.get(platform, [])

    def _is_too_fast(self, platform: str, count: int, within: timedelta) -> bool:
        times = self.posted.setdefault(platform, deque())
        now = self.clock.now()
        recent = [at for at in times if now - at < within]
        if len(recent) >= count:
            return True
        times.append(now)
        return False

    def _take(self, platform: str, text: str) -> None:
        self.texts.setdefault(platform, []).append(text)

    async def _json(self, request: web.Request, platform: str) -> Any:
        if platform in self.away:
            raise web.HTTPServiceUnavailable
        assert request.content_type == "application/json"
        return json.loads(await request.read())

    async def _wecom(self, request: web.Request) -> web.Response:
        body = await self._json(request, "wecom")
        if request.query.get("key") != KEY:
            return _answer(93000, "invalid webhook url, hint: [...]")
        text = body.get("text", {}).get("content", "")
        if body.get("msgtype") != "text" or not text:
            return _answer(40008, "invalid message type")
        if len(text.encode()) > 2048:
            return _answer(40058, "text.content exceed max length 2048")
        if self._is_too_fast("wecom", 20, timedelta(minutes=1)):
            return _answer(45009, "api freq out of limit")
        self._take("wecom", text)
        return _answer(0, "ok")

    async def _dingtalk(self, request: web.Request) -> web.Response:
        body = await self._json(request, "dingtalk")
        if request.query.get("access_token") != TOKEN:
            return _answer(300001, "token is not exist")
        stamp = request.query.get("timestamp", "")
        signed = f"{stamp}\n{DING_SECRET}".encode()
        digest = hmac.new(DING_SECRET.encode(), signed, hashlib.sha256).digest()
        # As the query is after decoding, so that a plus has to have been quoted.
        if request.query.get("sign") != base64.b64encode(digest).decode():
            return _answer(310000, "sign not match")
        if abs(self.clock.now().timestamp() - int(stamp) / 1000) > 3600:
            return _answer(310000, "invalid timestamp")
        if body.get("msgtype") != "text" or not body.get("text", {}).get("content"):
            return _answer(40035, "param error")
        if self._is_too_fast("dingtalk", 20, timedelta(minutes=1)):
            return _answer(130101, "send too fast, exceed 20 times per minute")
        self._take("dingtalk", body["text"]["content"])
        return _answer(0, "ok")

    async def _feishu(self, request: web.Request) -> web.Response:
        body = await self._json(request, "feishu")
        if request.match_info["token"] != HOOK:
            return _feishu_answer(19001, "param invalid: incoming webhook access token invalid")
        key = f"{body.get('timestamp', '')}\n{FEISHU_SECRET}".encode()
        wanted = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
        stamp = int(body.get("timestamp") or 0)
        if body.get("sign") != wanted or abs(self.clock.now().timestamp() - stamp) > 3600:
            return _feishu_answer(
                19021, "sign match fail or timestamp is not within one hour from current time"
            )
        text = body.get("content", {}).get("text", "")
        if body.get("msg_type") != "text" or not text or len(await request.read()) > 20 * 1024:
            return _feishu_answer(9499, "Bad Request")
        if self._is_too_fast("feishu", 5, timedelta(seconds=1)):
            return _feishu_answer(11232, "frequency limited psm[lark.oapi.app_platform_runtime]")
        self._take("feishu", text)
        return web.json_response(
            {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
        )

    async def _slack(self, request: web.Request) -> web.Response:
        body = await self._json(request, "slack")
        if request.path != SLACK_PATH:
            return web.Response(status=404, text="no_service")
        if not body.get("text"):
            return web.Response(status=400, text="no_text")
        if self._is_too_fast("slack", 1, timedelta(seconds=1)):
            return web.Response(status=429, headers={"Retry-After": "30"})
        self._take("slack", body["text"])
        return web.Response(text="ok")


def _answer(code: int, message: str) -> web.Response:
    return web.json_response({"errcode": code, "errmsg": message})


def _feishu_answer(code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "msg": message, "data": {}})
