"""Who has no business here gets nothing, it is written down, and the robot does not notice."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from missions.console.access import FAILURES_MAX, Access, PairingRefused, new_code
from missions.console.client import Console, ConsoleError, request
from missions.console.protocol import MESSAGE_MAX_BYTES, ProtocolError, Role, read
from missions.console.setup import FILE
from tests.missions.console.stage import Stage

GUARDED = (
    "/api/line",
    "/api/logs",
    "/api/logs/x/mission.mcap",
    "/api/parameters",
    "/api/tokens",
)
SETTLED_S = 3.0  # after its start the robot's software has heard of everything
SOCKETS = ("/ws", "/ws/stop", "/ws/video/forward")


@pytest.fixture(autouse=True)
def _robot_unaffected(stage: Stage) -> Iterator[None]:
    """Whatever a test here does, the robot's mode, STOP count and loop are as before."""
    with stage.enter("observer") as observer:
        before = observer.wait_for(lambda s: s["robot"]["connected"] and s["robot"]["t_s"] > SETTLED_S)
        yield
        after = observer.wait_for(lambda s: s["n"] > before["n"])
        assert (after["mode"], after["stops"]) == (before["mode"], before["stops"])
        known = {event["n"] for event in before["events"]}
        new = {event["id"] for event in after["events"] if event["n"] not in known}
        assert new <= {"console_lost"}  # of the driver of the test before


def status(url: str, path: str, token: str = "", **headers: str) -> int:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url.rstrip("/") + path, headers=headers)
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def handshake(url: str, path: str, **headers: str) -> int:
    """The status with which a WebSocket's handshake is refused, 101 = it is not."""
    try:
        with connect("ws" + url.rstrip("/")[4:] + path, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def noted(stage: Stage, *words: str) -> bool:
    lines = (stage.home / "console.log").read_text(encoding="utf-8").splitlines()
    return any(all(word in line for word in words) for line in lines)


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000])
def test_without_a_token_there_is_nothing(stage: Stage, token: str) -> None:
    for path in GUARDED:
        assert status(stage.url, path, token) == 401
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    for path in SOCKETS:
        assert handshake(stage.url, path, **bearer) == 403
    with pytest.raises(ConsoleError, match="401"):
        request(stage.url, "/api/stop", None, token, post=True)
    assert noted(stage, "refused", "token")


def test_a_revoked_token_ends_with_all_its_connections(stage: Stage) -> None:
    token = stage.token()
    with stage.enter("engineer") as engineer, Console(stage.url, token) as lost:
        stop = lost.open("/ws/stop")
        with pytest.raises(ConsoleError, match="403"):
            lost.post("/api/revoke", {"client": engineer.hello["client"]})
        engineer.post("/api/revoke", {"client": lost.hello["client"]})
        with pytest.raises(ConnectionClosed):
            stop.recv(timeout=5.0)
        lost._thread.join(5.0)
        assert lost.closed == "revoked"
        assert status(stage.url, "/api/line", token) == 401
        assert handshake(stage.url, "/ws/stop", Authorization=f"Bearer {token}") == 403


def test_a_page_from_elsewhere_is_refused(stage: Stage) -> None:
    token = stage.token()
    for origin in (
        "http://evil.example",
        "null",
        "https://127.0.0.1",
        f"http://127.0.0.1:{stage.setup.port}.x",
    ):
        for path in SOCKETS:
            bearer = {"Authorization": f"Bearer {token}", "Origin": origin}
            assert handshake(stage.url, path, **bearer) == 403
        assert status(stage.url, "/api/line", token, Origin=origin) == 403
    assert handshake(stage.url, "/ws", Authorization=f"Bearer {token}", Origin=stage.url.rstrip("/")) == 101
    assert noted(stage, "refused", "origin")


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/..%2f..%2fprotocol.py",
        "/%2e%2e/%2e%2e/protocol.py",
        "/static/../../protocol.py",
        "//etc/passwd",
        "/api/logs/../tokens.json",
        "/api/logs/..%2f../tokens.json",
        "/api/logs/%2e%2e/tokens.json",
        "/api/logs/../../home/tokens.json",
    ],
)
def test_no_path_leads_out_of_the_house(stage: Stage, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stage.setup.port, timeout=5.0)
    connection.request("GET", path, headers={"Authorization": f"Bearer {stage.token()}"})
    assert connection.getresponse().status in (404, 400)
    connection.close()


def test_logs_are_not_for_observers(stage: Stage) -> None:
    job = stage.log.parent.name
    assert status(stage.url, f"/api/logs/{job}/mission.mcap", stage.token("observer")) == 403
    assert status(stage.url, f"/api/logs/{job}/mission.mcap", stage.token()) == 200
    assert status(stage.url, f"/api/logs/{job}/../{job}/mission.mcap", stage.token()) == 404


def fuzz(seed: int, count: int) -> Iterator[str]:
    """Messages cut, stretched, and with values of other kinds."""
    draw = random.Random(seed)
    good = {"type": "jog", "seq": 5, "echo": 1, "held_ms": 0.5, "axis": "travel", "value": 0.1}
    odd = [None, "", "x" * 300, -1, 2**70, 1e308, True, [], [[]], {}, {"a": 1}, "NaN", 0.1, "\u0000", "arm"]
    for _ in range(count):
        message = dict(good)
        for _ in range(draw.randint(1, 3)):
            message[draw.choice([*good, "extra", "action", "values"])] = draw.choice(odd)
        text = json.dumps(message)
        if draw.random() < 0.4:
            cut = draw.randrange(len(text))
            text = (
                text[:cut]
                + draw.choice(["", "\ud7ff", "}", "\x00", "[" * 200])
                + text[cut + draw.randint(0, 3) :]
            )
        yield text


def test_malformed_messages_are_refused_one_by_one(stage: Stage) -> None:
    with stage.enter() as console:
        console.alive = False
        refused = 0
        socket = console._socket
        for text in fuzz(7, 150):
            try:
                read(text)
            except ProtocolError:
                socket.send(text)
                refused += 1
        assert refused > 100
        console.alive = True
        console.wait_for(lambda s, n=console.states: console.states > n + 5)
        assert console.closed == ""
    assert noted(stage, "refused", "malformed")


def test_the_door_raises_its_own_error_and_no_other() -> None:
    for text in fuzz(3, 20_000):
        with contextlib.suppress(ProtocolError):
            read(text)


def test_a_message_too_large_ends_the_connection(stage: Stage) -> None:
    with stage.enter() as console:
        console._socket.send("x" * (MESSAGE_MAX_BYTES + 1))
        console._thread.join(5.0)
        assert "1009" in console.closed


def flood(console: Console) -> None:
    for _ in range(5000):
        console.send("alive")


def test_a_client_that_floods_is_sent_away(stage: Stage) -> None:
    with stage.enter() as console:
        with pytest.raises(ConnectionClosed):
            flood(console)
        console._thread.join(5.0)
    assert noted(stage, console.hello["client"], "too fast")


def test_a_thousand_wrong_pairings_are_refused_and_soon_not_even_looked_at(stage: Stage) -> None:
    now_s = 100.0
    access = Access(stage.home / "other.json", {Role.OPERATOR: "ABCD2345"}, lambda: now_s)
    looked_at = 0
    for _ in range(1000):
        with pytest.raises(PairingRefused) as refused:
            access.pair(new_code(), "burglar", "192.0.2.7", "")
        looked_at += not refused.value.too_many
    assert looked_at == FAILURES_MAX
    with pytest.raises(PairingRefused):
        access.pair("ABCD-2345", "crew from the same address", "192.0.2.7", "")
    assert access.pair("abcd 2345", "crew from another", "192.0.2.8", "")[0].role is Role.OPERATOR
    now_s += 61.0
    assert access.pair("ABCD2345", "crew a minute later", "192.0.2.7", "")[1]


def pairing(stage: Stage, code: str, address: str) -> int:
    """The status of an attempt from `address`."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.setup.port, source_address=(address, 0))
    connection.request("POST", "/api/pair", json.dumps({"code": code, "name": "burglar"}))
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_server_counts_wrong_pairings_by_address(stage: Stage) -> None:
    answers = [pairing(stage, new_code(), "127.0.0.66") for _ in range(FAILURES_MAX + 5)]
    assert answers == [403] * FAILURES_MAX + [429] * 5
    assert pairing(stage, stage.setup.codes["observer"], "127.0.0.66") == 429
    assert pairing(stage, stage.setup.codes["observer"], "127.0.0.67") == 200
    assert noted(stage, "refused", "no such code")


def test_tokens_are_kept_as_hashes_alone(stage: Stage) -> None:
    kept = stage.home / "tokens.json"
    assert kept.stat().st_mode & 0o077 == 0
    client, token = Access(stage.home / "own.json", {Role.OBSERVER: "ABCD2345"}, lambda: 0.0).pair(
        "ABCD2345", "phone", "", ""
    )
    text = (stage.home / "own.json").read_text()
    assert token not in text
    assert client.token_hash in text
    again = Access(stage.home / "own.json", {}, lambda: 0.0)
    assert again.who(token) == client
    assert again.who(token[:-1]) is None


def test_what_may_be_loaded_is_our_own_and_no_script_stands_in_the_page(stage: Stage) -> None:
    with urllib.request.urlopen(stage.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_sockets_are_the_users_alone(stage: Stage) -> None:
    folder = Path(stage.setup.folder)
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.glob("*"):
        assert path.stat().st_mode & 0o077 == 0 or not (path.is_socket() or path.name == FILE), path
