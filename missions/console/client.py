"""The operator protocol from Python: for tests, scripts, pendants and other consoles.

    with Console(url, token) as console:
        console.ask()
        console.act("arm")
        console.wait_for(lambda state: state["mode"] == "READY")

A connection keeps itself alive 20 times a second until it is told not to.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

ALIVE_S = 0.05
State = dict[str, Any]


class ConsoleError(Exception):
    """The server refused, or did not answer in time."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why, self.detail = why, detail


def request(
    url: str,
    path: str,
    data: Any = None,
    token: str = "",
    *,
    post: bool = False,
    context: ssl.SSLContext | None = None,
) -> Any:
    """An answer of the server's HTTP side, as JSON.

    Raises:
        ConsoleError: it refused; the detail is the status.
    """
    body = json.dumps(data or {}).encode() if post or data is not None else None
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    wanted = urllib.request.Request(url.rstrip("/") + path, body, headers)
    try:
        with urllib.request.urlopen(wanted, timeout=10.0, context=context) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as refused:
        with refused:
            status, text = refused.code, refused.read()
    answer = json.loads(text) if text.startswith(b"{") else {}
    raise ConsoleError(answer.get("why", "refused"), str(status))


def pair(url: str, code: str, name: str, context: ssl.SSLContext | None = None) -> str:
    """A token for a pairing code."""
    token: str = request(url, "/api/pair", {"code": code, "name": name}, context=context)["token"]
    return token


class Console:
    """One client.

    Args:
        url: of the server, e.g. http://127.0.0.1:8470/
        token: from `pair`.
        context: trusts the server's own certificate, for https.
    """

    def __init__(self, url: str, token: str, context: ssl.SSLContext | None = None) -> None:
        self._url, self._token, self._context = url.rstrip("/"), token, context
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._acks: dict[int, State] = {}
        self._told_ms, self._told_s = 0, time.monotonic()
        self._seq = 0
        self.alive = True  # False: stay connected, say nothing
        self.hello: State = {}
        self.state: State = {}
        self.states = 0
        self.closed = ""  # why the connection has ended
        self._open = contextlib.ExitStack()
        self._socket = self.open("/ws")
        self._on_message(self._socket.recv())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def open(self, path: str) -> ClientConnection:
        """A WebSocket of this client; it is closed with it."""
        opening = connect(
            "ws" + self._url[4:] + path,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            ssl=self._context,
            compression=None,
            max_size=2_000_000,
        )
        return self._open.enter_context(opening)

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()
        self._thread.join()

    # ------------------------------------------------------------------ saying

    def send(self, kind: str, **fields: Any) -> int:
        """Say something and do not wait; returns its sequence number."""
        with self._lock:
            self._seq += 1
            held_ms = (time.monotonic() - self._told_s) * 1000
            message = {"type": kind, "seq": self._seq, "echo": self._told_ms, "held_ms": held_ms, **fields}
            self._socket.send(json.dumps(message))
            return self._seq

    def say(self, kind: str, timeout_s: float = 5.0, **fields: Any) -> None:
        """Say something and wait for the answer.

        Raises:
            ConsoleError: it was refused, or not answered.
        """
        seq = self.send(kind, **fields)
        with self._news:
            if not self._news.wait_for(lambda: seq in self._acks, timeout_s):
                raise ConsoleError("no_answer", kind)
            ack = self._acks.pop(seq)
        if not ack["ok"]:
            raise ConsoleError(ack["why"], ack.get("detail", ""))

    def act(self, action: str, argument: str = "") -> None:
        self.say("act", action=action, argument=argument)

    def jog(self, axis: str, value: float) -> None:
        """To be repeated 20 times a second."""
        self.send("jog", axis=axis, value=value)

    def press(self, what: str, then: Callable[[], None], hold_s: float = 2.1) -> None:
        """Hold a button, do what it guards, let it go."""
        self.say("press", what=what, down=True)
        time.sleep(hold_s)
        then()
        self.say("press", what=what, down=False)

    def reset(self) -> None:
        self.press("reset", lambda: self.act("reset"))

    def take(self) -> None:
        """Take the authority by force."""
        self.press("take", lambda: self.say("take"))

    def stop(self) -> State:
        """STOP by HTTP; answers when the robot has latched."""
        answer: State = request(self._url, "/api/stop", None, self._token, post=True, context=self._context)
        return answer

    def get(self, path: str) -> Any:
        return request(self._url, path, None, self._token, context=self._context)

    def post(self, path: str, data: Any) -> Any:
        return request(self._url, path, data, self._token, context=self._context)

    # ------------------------------------------------------------------ hearing

    def wait_for(self, wanted: Callable[[State], bool], timeout_s: float = 30.0) -> State:
        """The first state from now on that is as wanted.

        Raises:
            ConsoleError: none came in time.
        """
        with self._news:
            if not self._news.wait_for(lambda: bool(self.state) and wanted(self.state), timeout_s):
                names = "mode", "reason", "authority", "arming", "robot"
                shown = {**{name: self.state.get(name) for name in names}, "events": self.events()[-3:]}
                raise ConsoleError("no_such_state", json.dumps(shown))
            return self.state

    def events(self) -> list[State]:
        """The robot's last ones."""
        events: list[State] = self.state.get("events", [])
        return events

    def wait_for_mode(self, *modes: str, timeout_s: float = 30.0) -> State:
        return self.wait_for(lambda state: state.get("mode") in modes, timeout_s)

    def _run(self) -> None:
        due_s = time.monotonic()
        try:
            while True:
                if time.monotonic() >= due_s:
                    due_s = time.monotonic() + ALIVE_S
                    if self.alive:
                        self.send("alive")
                try:
                    self._on_message(self._socket.recv(max(due_s - time.monotonic(), 0.0)))
                except TimeoutError:
                    continue
        except ConnectionClosed as closed:
            with self._news:
                self.closed = self.closed or str(closed)
                self._news.notify_all()

    def _on_message(self, text: str | bytes) -> None:
        message = json.loads(text)
        with self._news:
            if "t_ms" in message:
                with self._lock:
                    self._told_ms, self._told_s = message["t_ms"], time.monotonic()
            kind = message["type"]
            if kind == "state":
                self.state = message
                self.states += 1
            elif kind == "hello":
                self.hello, self._seq = message, message["seq"]
            elif kind == "ack" and message["seq"] is not None:
                self._acks[message["seq"]] = message
            elif kind == "bye":
                self.closed = message["reason"]
            self._news.notify_all()
