"""A client of the chat over plain HTTP: sends a message for a logged-in user, prints the replies.

    pip install aiohttp joserfc
    python http_chat.py http://127.0.0.1:8080 u-1001 进度

For clients that can't keep a socket open, and for a backend that files a request that its user made
elsewhere in the app. Questions of the desk (for a code, a confirmation) are answered in the same
way; a choice is made by sending its label. A plain "yes" confirms only with the offset of the
question that the user has seen, which is printed with it:

    python http_chat.py http://127.0.0.1:8080 u-1001 好的 42
"""

import asyncio
import secrets
import sys

import aiohttp
from app_token import make_token


async def read(session: aiohttp.ClientSession, query: dict[str, str]) -> dict:
    """Wait for new events; return them with the view."""
    async with session.get("/chat/v1/events", params=query) as answer:
        return await answer.json()


async def main(url: str, account: str, text: str, seen: str = "0") -> None:
    headers = {"Authorization": f"Bearer {make_token(account)}", "Accept-Language": "zh-CN"}
    async with aiohttp.ClientSession(url, headers=headers, raise_for_status=True) as session:
        async with session.post("/chat/v1/session", json={}) as answer:
            welcome = await answer.json()
        # The client chooses the id; a message that is sent again counts once.
        frame = {"type": "send", "id": secrets.token_hex(16), "text": text, "offset": int(seen)}
        query = {"epoch": welcome["epoch"], "after": str(welcome["head"])}
        async with session.post("/chat/v1/messages", json=frame, params=query) as answer:
            update = await answer.json()
        sent, events = update["offset"], []
        while update["events"]:
            events += update["events"]
            view, last = update["view"], events[-1]["offset"]
            # Some replies need the app's backend and come a moment later.
            wait = "2" if last > sent else "25"
            update = await read(session, query | {"after": str(last), "wait": wait})
    for event in events:
        if event["offset"] <= sent:
            continue
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
