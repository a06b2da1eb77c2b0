"""The chat over plain HTTP: say something for a logged-in user, and read what the desk answers.

    pip install aiohttp joserfc
    python http_chat.py http://127.0.0.1:8080 u-1001 进度

For clients that can't hold a socket, and for a backend that files a wish its user has just
uttered elsewhere in the app. What is asked back (a code, a confirmation) is answered the same way:
a choice by saying its words exactly. A plain yes confirms only with the offset of the question that
its writer has seen, which is printed beside it:

    python http_chat.py http://127.0.0.1:8080 u-1001 好的 42
"""

import asyncio
import secrets
import sys

import aiohttp
from app_token import make_token


async def read(session: aiohttp.ClientSession, query: dict[str, str]) -> dict | None:
    """Return what has come; None when nothing more does."""
    async with session.get("/chat/v1/events", params=query) as answer:
        came = await answer.json()
    return came if came.get("events") else None


async def main(url: str, account: str, words: str, seen: str = "0") -> None:
    headers = {"Authorization": f"Bearer {make_token(account)}", "Accept-Language": "zh-CN"}
    async with aiohttp.ClientSession(url, headers=headers, raise_for_status=True) as session:
        async with session.post("/chat/v1/session", json={}) as answer:
            welcome = await answer.json()
        # The id is yours: under it the message counts once, however often you send it.
        frame = {"type": "send", "id": secrets.token_hex(16), "text": words, "offset": int(seen)}
        async with session.post("/chat/v1/messages", json=frame) as answer:
            first = (await answer.json())["offset"]
        events, view = [], {}
        query = {"epoch": welcome["epoch"], "after": str(first), "wait": "25"}
        # Some of it needs the app's backend first, and comes a moment later.
        while came := await read(session, query):
            events += came["events"]
            view = came["view"]
            query |= {"after": str(events[-1]["offset"]), "wait": "2"}
    for event in events:
        text = event.get("text") or event["kind"]
        if event["kind"] == "ticket":
            card = event["data"]["ticket"]
            text = f"[{card['number']} {card['kind_label']}: {card['state_label']}]"
        print(f"{event['from']}: {text}")
        if event["offset"] == view["prompt"]:
            print(f"  question {view['prompt']}")
            for choice in event.get("choices", []):
                print(f"  {choice['id']}: {choice['label']}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
