"""A complete chat client for the terminal, with all that an app's own client needs.

    pip install aiohttp joserfc
    python chat_client.py http://127.0.0.1:8080 u-1001      as an account
    python chat_client.py http://127.0.0.1:8080             without a login

Type a message, or the number of a choice; `/file PICTURE` uploads a picture.
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
RECONNECT_DELAYS = {SERVER_STOPS: 1, TOO_SLOW: 5}


class Client:
    """One conversation.

    Attributes:
        epoch: the epoch of the local copy of the conversation.
        offset: the offset of its last event.
        unsent: messages that are not acknowledged, by id. They are sent again unchanged.
        tries: the number of failed attempts by message id.
        is_waiting: whether a refused message waits to be sent again; later ones wait behind it.
        shown: the events by offset.
    """

    def __init__(self, url: str, account: str) -> None:
        self.url = url
        self.account = account
        self.token = ""
        self.secret = ""
        self.view: dict = {}
        self.unsent: dict[str, dict] = {}
        self.tries: dict[str, int] = {}
        self.is_waiting = False
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.drop_copy()

    def drop_copy(self) -> None:
        self.epoch, self.offset, self.shown = "", 0, {}

    # -- the connection ----------------------------------------------------------------------

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Stay connected: reconnect after each loss, and fetch missed events."""
        while True:
            pause = 1
            try:
                async with session.ws_connect(f"{self.url}/chat/v1/socket") as self.socket:
                    await self.socket.send_json(self.hello())
                    async for message in self.socket:
                        await self.handle_frame(message.json())
                code = self.socket.close_code
                pause = RECONNECT_DELAYS.get(code, 1)
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
        frame = {"type": "hello", "languages": "zh-CN,en;q=0.9"}
        if self.account:
            self.token = self.token or make_token(self.account)
            frame["token"] = self.token
        elif self.secret:
            frame["secret"] = self.secret
        if self.epoch:
            frame |= {"epoch": self.epoch, "offset": self.offset}
        return frame

    async def handle_frame(self, frame: dict) -> None:
        match frame["type"]:
            case "welcome":
                if frame["epoch"] != self.epoch or frame["after"] != self.offset:
                    self.drop_copy()
                    self.epoch, self.offset = frame["epoch"], frame["after"]
                self.secret = frame.get("secret", self.secret)
                self.view = frame["view"]
                await self.send_unsent()
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
                self.handle_refusal(frame)

    def handle_refusal(self, error: dict) -> None:
        """Retry a message with increasing delays if that may help; else report it as not sent."""
        message_id = error.get("id")
        if error.get("kept"):
            tries = self.tries[message_id] = self.tries.get(message_id, 0) + 1
            pause = error.get("retry_after", min(2**tries, 60))
            self.is_waiting = True
            asyncio.get_running_loop().call_later(pause, self.start_sending)
        elif text := self.unsent.pop(message_id, {}).get("text"):
            print(f"* Not sent: {text}")

    # -- display -----------------------------------------------------------------------------

    def show(self, event: dict) -> None:
        self.offset = event["offset"]
        self.shown[self.offset] = event
        text = event.get("text") or event["kind"]
        if event["kind"] == "ticket":
            card = event["data"]["ticket"]
            text = f"[{card['number']} {card['kind_label']}: {card['state_label']}]"
        print(f"{event.get('author') or event['from']}: {text}", flush=True)

    def choices(self) -> list[dict]:
        """Return the current choices: those of the open question."""
        return self.shown.get(self.view.get("prompt"), {}).get("choices", [])

    def show_choices(self) -> None:
        if self.view.get("prompt") == self.offset:
            for number, choice in enumerate(self.choices(), 1):
                print(f"  [{number}] {choice['label']}", flush=True)

    # -- sending -----------------------------------------------------------------------------

    async def say(self, line: str, session: aiohttp.ClientSession) -> None:
        choices = self.choices()
        if line.startswith("/file "):
            frame = {"type": "upload", "uploads": [await self.upload(Path(line[6:]), session)]}
        elif line.isdecimal() and 0 < int(line) <= len(choices):
            choice = choices[int(line) - 1]["id"]
            frame = {"type": "choose", "offset": self.view["prompt"], "choice": choice}
        else:
            # A typed "yes" confirms only the question at this offset.
            frame = {"type": "send", "text": line, "offset": self.view.get("prompt", 0)}
        # The client chooses the id; a message that is sent again counts once.
        message_id = secrets.token_hex(16)
        self.unsent[message_id] = frame | {"id": message_id}
        if self.socket is not None and not self.is_waiting:
            await self.socket.send_json(self.unsent[message_id])

    def start_sending(self) -> None:
        self._send_task = asyncio.create_task(self.send_unsent())

    async def send_unsent(self) -> None:
        """Send what is not acknowledged, in its order."""
        self.is_waiting = False
        for message in tuple(self.unsent.values()):
            if self.socket is not None:
                await self.socket.send_json(message)

    async def upload(self, path: Path, session: aiohttp.ClientSession) -> str:
        authorization = f"Bearer {self.token}" if self.account else f"Desk {self.secret}"
        headers = {
            "Authorization": authorization,
            "Content-Type": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            "X-File-Name": quote(path.name),
        }
        async with session.post(
            f"{self.url}/chat/v1/uploads",
            data=await asyncio.to_thread(path.read_bytes),
            headers=headers,
        ) as answer:
            return (await answer.json())["id"]


async def main(url: str, account: str = "") -> None:
    async with aiohttp.ClientSession() as session:
        client = Client(url.rstrip("/"), account)
        connection = asyncio.create_task(client.run(session))
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                await client.say(line.strip(), session)
        connection.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
