"""A whole client of the chat, in a terminal: what an app's own client has to do, and no more.

    pip install aiohttp joserfc
    python chat_client.py http://127.0.0.1:8080 u-1001      as an account
    python chat_client.py http://127.0.0.1:8080             as a stranger

Type words, or the number of a choice; `/file PICTURE` hands a picture in.
"""

import asyncio
import mimetypes
import secrets
import sys
from pathlib import Path
from urllib.parse import quote

import aiohttp
from app_token import make_token

SERVER_STOPS, TOO_SLOW = 1001, 1013
NO_TOKEN, OTHER_ACCOUNT, OTHER_EPOCH, TOO_MANY_WINDOWS = 4401, 4403, 4409, 4429
LATER = {SERVER_STOPS: 1, TOO_SLOW: 5}


class Client:
    """One conversation.

    Attributes:
        epoch, offset: the copy that this client has of the conversation's log.
        unsent: what was typed and is not acknowledged, by its id. It is sent again as it is.
        tries: how often the desk could not take it, by its id.
        shown: the events, by offset.
    """

    def __init__(self, url: str, account: str) -> None:
        self.url = url
        self.account = account
        self.token = ""
        self.secret = ""
        self.view: dict = {}
        self.unsent: dict[str, dict] = {}
        self.tries: dict[str, int] = {}
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.drop_copy()

    def drop_copy(self) -> None:
        self.epoch, self.offset, self.shown = "", 0, {}

    # -- the connection ----------------------------------------------------------------------

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Stay connected: come back after every loss, with what is missing."""
        while True:
            pause = 1
            try:
                async with session.ws_connect(f"{self.url}/chat/v1/socket") as self.socket:
                    await self.socket.send_json(self.hello())
                    async for message in self.socket:
                        await self.take(message.json())
                code = self.socket.close_code
                pause = LATER.get(code, 1)
                if code == TOO_MANY_WINDOWS:
                    print("* This chat is open in too many places. Close one and start again.")
                    return
                if code == NO_TOKEN:
                    self.token = ""
                if code in {OTHER_EPOCH, OTHER_ACCOUNT}:
                    self.drop_copy()
            except aiohttp.ClientError:
                pass
            finally:
                self.socket = None
            await asyncio.sleep(pause)

    def hello(self) -> dict:
        said = {"type": "hello", "languages": "zh-CN,en;q=0.9"}
        if self.account:
            self.token = self.token or make_token(self.account)
            said["token"] = self.token
        elif self.secret:
            said["secret"] = self.secret
        if self.epoch:
            said |= {"epoch": self.epoch, "offset": self.offset}
        return said

    async def take(self, frame: dict) -> None:
        match frame["type"]:
            case "welcome":
                if frame["epoch"] != self.epoch or frame["after"] != self.offset:
                    self.drop_copy()
                    self.epoch, self.offset = frame["epoch"], frame["after"]
                self.secret = frame.get("secret", self.secret)
                self.view = frame["view"]
                for one in self.unsent.values():
                    await self.socket.send_json(one)
            case "events":
                for event in frame["events"]:
                    if event["offset"] == self.offset + 1:
                        self.show(event)
                for ack in frame.get("acks", ()):
                    self.unsent.pop(ack["id"], None)
                self.view = frame.get("view", self.view)
                self.show_choices()
            case "ack":
                self.unsent.pop(frame["id"], None)
            case "view":
                self.view = frame["view"]
                self.show_choices()
            case "expired":
                self.token = make_token(self.account)
                await self.socket.send_json({"type": "renew", "token": self.token})
            case "error":
                print(f"* {frame['message']}")
                self.refused(frame)

    def refused(self, error: dict) -> None:
        """Send a message again where that may help, each time later; else give its words back."""
        identity = error.get("id")
        if error.get("kept"):
            tries = self.tries[identity] = self.tries.get(identity, 0) + 1
            pause = error.get("retry_after", min(2**tries, 60))
            asyncio.get_running_loop().call_later(pause, self.send_again, identity)
        elif words := self.unsent.pop(identity, {}).get("text"):
            print(f"* Not sent: {words}")

    # -- showing -----------------------------------------------------------------------------

    def show(self, event: dict) -> None:
        self.offset = event["offset"]
        self.shown[self.offset] = event
        text = event.get("text") or event["kind"]
        if event["kind"] == "ticket":
            card = event["data"]["ticket"]
            text = f"[{card['number']} {card['kind_label']}: {card['state_label']}]"
        print(f"{event.get('author') or event['from']}: {text}", flush=True)

    def choices(self) -> list[dict]:
        """Choices live only while their event is the open question."""
        return self.shown.get(self.view.get("prompt"), {}).get("choices", [])

    def show_choices(self) -> None:
        if self.view.get("prompt") == self.offset:
            for place, choice in enumerate(self.choices(), 1):
                print(f"  [{place}] {choice['label']}", flush=True)

    # -- saying ------------------------------------------------------------------------------

    async def say(self, line: str, session: aiohttp.ClientSession) -> None:
        choices = self.choices()
        if line.startswith("/file "):
            frame = {"type": "upload", "uploads": [await self.upload(Path(line[6:]), session)]}
        elif line.isdecimal() and 0 < int(line) <= len(choices):
            choice = choices[int(line) - 1]["id"]
            frame = {"type": "choose", "offset": self.view["prompt"], "choice": choice}
        else:
            # A yes in words confirms only the question that it names.
            frame = {"type": "send", "text": line, "offset": self.view.get("prompt", 0)}
        # The id is ours: sent twice under it, a message counts once.
        identity = secrets.token_hex(16)
        self.unsent[identity] = frame | {"id": identity}
        self.send_again(identity)

    def send_again(self, identity: str) -> None:
        if self.socket is not None and identity in self.unsent:
            sending = self.socket.send_json(self.unsent[identity])
            self._sending = asyncio.create_task(sending)

    async def upload(self, picture: Path, session: aiohttp.ClientSession) -> str:
        key = f"Bearer {self.token}" if self.account else f"Desk {self.secret}"
        headers = {
            "Authorization": key,
            "Content-Type": mimetypes.guess_type(picture.name)[0] or "application/octet-stream",
            "X-File-Name": quote(picture.name),
        }
        async with session.post(
            f"{self.url}/chat/v1/uploads",
            data=await asyncio.to_thread(picture.read_bytes),
            headers=headers,
        ) as answer:
            told = await answer.json()
            return told["id"]


async def main(url: str, account: str = "") -> None:
    async with aiohttp.ClientSession() as session:
        client = Client(url.rstrip("/"), account)
        running = asyncio.create_task(client.run(session))
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                await client.say(line.strip(), session)
        running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
