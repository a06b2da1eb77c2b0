"""The SMS services of Alibaba Cloud and Tencent Cloud, as their documents describe SendSms.

Each computes the signature of what it received by itself, from the raw request, and refuses a
wrong one, an old time, a nonce that it has seen, a sign name or a template that is not approved.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import Clock

KEY_ID = "LTAI5tEXAMPLEkeyid"
SECRET = "Gu5t9xGARNpq86cd98joQYCN3tests"
SIGN = "小巷"
TEMPLATES = {
    "code": "SMS_1001",
    "code.en": "SMS_1002",
    "code.abroad": "SMS_2001",
    "notice": "SMS_3",
}
APP = "1400006666"
_AUTHORIZATION = re.compile(
    r"(\S+) Credential=([^,/]+)(/\S+)?, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


@dataclass
class SmsVendor:
    """One of the two services.

    Attributes:
        fault: the code that the next messages are answered with; empty to accept them.
        sent: number, template and parameters of each accepted message.
    """

    vendor: str
    clock: Clock
    fault: str = ""
    away: bool = False
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    asked: int = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[str]:
        """Serve it; yield its address."""
        app = web.Application()
        app.router.add_post("/", self._aliyun if self.vendor == "aliyun" else self._tencent)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")

    def _is_signed(self, request: web.Request, body: bytes, query: str, keys: list[bytes]) -> bool:
        """Return whether a request is signed; ``keys`` derive the signing key in turn."""
        match = _AUTHORIZATION.fullmatch(request.headers["Authorization"])
        assert match is not None
        algorithm, key_id, scope, names, signature = match.groups()
        digest = hashlib.sha256(body).hexdigest()
        lines = []
        for name in names.split(";"):
            value = request.headers[name].strip()
            lines.append(f"{name}:{value.lower() if name == 'x-tc-action' else value}\n")
        canonical = f"POST\n/\n{query}\n{''.join(lines)}\n{names}\n{digest}"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        when = [request.headers["X-TC-Timestamp"], scope[1:]] if scope else []
        text = "\n".join([algorithm, *when, hashed])
        key = keys[0]
        for part in keys[1:]:
            key = hmac.new(key, part, hashlib.sha256).digest()
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return key_id == KEY_ID and hmac.compare_digest(expected, signature)

    async def _aliyun(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.Response(status=503)
        body, headers = await request.read(), request.headers
        if not self._is_signed(request, body, request.rel_url.raw_query_string, [SECRET.encode()]):
            return _aliyun("SignatureDoesNotMatch", 400)
        assert headers["x-acs-content-sha256"] == hashlib.sha256(body).hexdigest()
        assert (headers["x-acs-action"], headers["x-acs-version"]) == ("SendSms", "2017-05-25")
        signed_at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%S%z")
        if abs((self.clock.now() - signed_at).total_seconds()) > 900:
            return _aliyun("InvalidTimeStamp.Expired", 400)
        nonce = headers["x-acs-signature-nonce"]
        if nonce in self.nonces:
            return _aliyun("SignatureNonceUsed", 400)
        self.nonces.add(nonce)
        given = dict(parse_qsl(request.rel_url.raw_query_string))
        if self.fault:
            return _aliyun(self.fault)
        if not re.fullmatch(r"1\d{10}|(?!86)[1-9]\d{6,14}", given["PhoneNumbers"]):
            return _aliyun("isv.MOBILE_NUMBER_ILLEGAL")
        if given["SignName"] != SIGN:
            return _aliyun("isv.SMS_SIGNATURE_ILLEGAL")
        if given["TemplateCode"] not in TEMPLATES.values():
            return _aliyun("isv.SMS_TEMPLATE_ILLEGAL")
        parameters = json.loads(given["TemplateParam"])
        self.sent.append((given["PhoneNumbers"], given["TemplateCode"], parameters))
        return _aliyun("OK")

    async def _tencent(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.Response(status=503)
        body, headers = await request.read(), request.headers
        day = datetime.fromtimestamp(int(headers["X-TC-Timestamp"]), UTC).strftime("%Y-%m-%d")
        keys = [f"TC3{SECRET}".encode(), day.encode(), b"sms", b"tc3_request"]
        if not self._is_signed(request, body, "", keys):
            return _tencent_error("AuthFailure.SignatureFailure")
        if abs(self.clock.now().timestamp() - int(headers["X-TC-Timestamp"])) > 300:
            return _tencent_error("AuthFailure.SignatureExpire")
        assert (headers["X-TC-Action"], headers["X-TC-Version"]) == ("SendSms", "2021-01-11")
        assert headers["X-TC-Region"]
        given = json.loads(body)
        if given["SmsSdkAppId"] != APP:
            return _tencent_error("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        (number,) = given["PhoneNumberSet"]
        if self.fault:
            return _tencent(number, self.fault)
        if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            return _tencent(number, "InvalidParameterValue.IncorrectPhoneNumber")
        if given.get("SignName", "") not in {SIGN, ""}:
            return _tencent(number, "FailedOperation.SignatureIncorrectOrUnapproved")
        if given["TemplateId"] not in TEMPLATES.values():
            return _tencent(number, "FailedOperation.TemplateIncorrectOrUnapproved")
        self.sent.append((number, given["TemplateId"], given["TemplateParamSet"]))
        return _tencent(number, "Ok")


def _aliyun(code: str, status: int = 200) -> web.Response:
    body = {"Code": code, "Message": code, "RequestId": "F655A8D5"}
    return web.json_response(body, status=status)


def _tencent(number: str, code: str) -> web.Response:
    status = {"SerialNo": "5000", "PhoneNumber": number, "Fee": 1, "Code": code, "Message": code}
    return web.json_response({"Response": {"SendStatusSet": [status], "RequestId": "a0aabda6"}})


def _tencent_error(code: str) -> web.Response:
    error = {"Code": code, "Message": code}
    return web.json_response({"Response": {"Error": error, "RequestId": "a0aabda6"}})
