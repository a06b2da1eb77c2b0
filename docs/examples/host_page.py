"""A web page that embeds the chat in a frame and passes tokens to it.

    pip install aiohttp joserfc
    DESK_URL=http://127.0.0.1:8080 PORT=9003 python host_page.py

The desk must allow the page: PRIVACYDESK_HOST_ORIGIN=http://127.0.0.1:9003 and
PRIVACYDESK_FRAME_ANCESTORS="'self' http://127.0.0.1:9003". A WebView does the same by calling
window.privacydesk.setToken and window.privacydesk.logout.
"""

import os

from aiohttp import web
from app_token import make_token

DESK_URL = os.environ.get("DESK_URL", "http://127.0.0.1:8080")
LOGGED_IN = "u-1001"
"""The account of all visitors. Yours takes it from the session."""

# `#token=` without a value: the chat waits for a token and doesn't start without a login.
PAGE = """<!doctype html>
<html lang="zh-Hans">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>App</title>
<style>
  body { margin: 0; display: grid; grid-template-rows: auto 1fr; height: 100dvh; }
  iframe { border: 0; width: 100%; height: 100%; }
</style>
<header><button id="log-out">退出登录</button></header>
<iframe id="desk" title="隐私服务台" src="DESK_URL/chat/#token="></iframe>
<script>
  const desk = document.getElementById("desk");
  const origin = new URL(desk.src).origin;
  const send = (message) => desk.contentWindow.postMessage(message, origin);

  async function sendToken() {
    const answer = await fetch("/desk-token", { method: "POST" });
    if (answer.ok) send({ type: "privacydesk:token", ...(await answer.json()) });
  }

  desk.addEventListener("load", sendToken);
  addEventListener("message", ({ origin: from, data }) => {
    // Sent by the chat before a token expires.
    if (from === origin && data?.type === "privacydesk:token-needed") sendToken();
  });
  document.getElementById("log-out").addEventListener("click", () => {
    send({ type: "privacydesk:logout" });
  });
</script>
</html>
"""


async def page(_: web.Request) -> web.Response:
    return web.Response(text=PAGE.replace("DESK_URL", DESK_URL), content_type="text/html")


async def desk_token(_: web.Request) -> web.Response:
    return web.json_response(
        {"token": make_token(LOGGED_IN)}, headers={"Cache-Control": "no-store"}
    )


app = web.Application()
app.router.add_get("/", page)
app.router.add_post("/desk-token", desk_token)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9003")), print=None)
