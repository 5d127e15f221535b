"""The console's server: static page, HTTP for what changes seldom, WebSockets for the rest.

`python -m missions.console.server SETUP`. It says nothing to the robot by itself. STOP has its own WebSocket,
its own address and its own socket to the robot; nothing that this process does stands before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from missions.console.access import Access, Client, PairingRefused
from missions.console.audit import Audit
from missions.console.certificate import CERTIFICATE, KEY
from missions.console.door import Door, body_of, error, json_in
from missions.console.gallery import CAMERAS, Gallery
from missions.console.hub import Hub, now_ms
from missions.console.pages import Pages
from missions.console.parent import when_parent_ends
from missions.console.protocol import MESSAGE_MAX_BYTES, PROTOCOL, Role
from missions.console.records import Records
from missions.console.session import Session, stopped_json
from missions.console.setup import Setup, read_setup
from missions.console.start import url
from missions.console.view import View

STATIC = Path(__file__).parent / "static"
NOT_THERE, GONE = 1008, 4000  # why a WebSocket is closed
_NAME_MAX = 40


class Server:
    """Addresses of one console."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        job = setup.job()
        home = Path(setup.home)
        self._open: dict[str, set[WebSocket]] = {}  # of every client
        self._audit = Audit(home / "console.log")
        codes = {Role[name.upper()]: code for name, code in setup.codes.items()}
        self.access = Access(home / "tokens.json", codes, time.monotonic)
        view = View(job.line, job.profile, job.line.length_m - job.parameters.end_gap_m)
        self.records = Records(setup, job)
        self.hub = Hub(Path(setup.folder), view, self.records, self._audit.note)
        self.gallery = Gallery(Path(setup.folder))
        self.pages = Pages(self.hub, self.access, job, home, url(setup))
        self._cookie = f"silkline_{setup.port}"

    def app(self) -> Starlette:
        routes = [
            Route("/api/hello", self.hello),
            Route("/api/pair", self.pair, methods=["POST"]),
            Route("/api/stop", self.stop, methods=["POST"]),
            Route("/api/invite", self.invite, methods=["POST"]),
            Route("/api/revoke", self.revoke, methods=["POST"]),
            *self.pages.routes(),
            WebSocketRoute("/ws", self.socket),
            WebSocketRoute("/ws/stop", self.stop_socket),
            WebSocketRoute("/ws/video/{camera}", self.video_socket),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ]
        app = Starlette(routes=routes, lifespan=self._life)
        app.add_middleware(Door, house=self, page=(STATIC / "index.html").read_bytes())
        return app

    @contextlib.asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self.hub.run())
        self.gallery.open(asyncio.get_running_loop())
        yield
        for session in list(self.hub.sessions.values()):
            session.close("closing")
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self.gallery.close(asyncio.get_running_loop())
        self.hub.robot.close()

    # ------------------------------------------------------------------ who comes in

    def client_of(self, connection: HTTPConnection) -> Client | None:
        """Whose token the request carries, as a cookie or in its header."""
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            token = connection.cookies.get(self._cookie, "")
        return self.access.who(token) if token else None

    def own_origin(self, connection: HTTPConnection) -> bool:
        """Whether a browser's request comes from our own page; programs name no origin."""
        origin = connection.headers.get("origin")
        scheme = "https" if self._setup.tls else "http"
        return origin is None or origin == f"{scheme}://{connection.headers.get('host', '')}"

    def refuse(self, connection: HTTPConnection, why: str) -> None:
        address = connection.client.host if connection.client else "?"
        self._audit.note(address, "refused", f"{why} {connection.url.path}")

    # ------------------------------------------------------------------ HTTP

    async def hello(self, request: Request) -> Response:
        client = self.client_of(request)
        return JSONResponse(
            {
                "protocol": PROTOCOL,
                "port": self._setup.port,
                "paired": client is not None,
                "client": client.id if client else None,
                "name": client.name if client else None,
                "role": client.role.name.lower() if client else None,
                "languages": ["en", "zh"],
            }
        )

    async def pair(self, request: Request) -> Response:
        data = await body_of(request)
        code, name = data.get("code"), data.get("name")
        if not isinstance(code, str) or not isinstance(name, str):
            return error(400, "malformed")
        if not (name.isprintable() and 0 < len(name.strip()) <= _NAME_MAX):
            return error(400, "malformed")
        address = request.client.host if request.client else "?"
        try:
            when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            client, token = self.access.pair(code, name.strip(), address, when)
        except PairingRefused as refused:
            self.refuse(request, str(refused))
            return error(429 if refused.too_many else 403, "too_many" if refused.too_many else "no_code")
        self._audit.note(client.id, "paired", f"{client.role.name.lower()} {address}")
        role = client.role.name.lower()
        answer = JSONResponse({"client": client.id, "name": client.name, "role": role, "token": token})
        answer.set_cookie(
            self._cookie, token, max_age=86400 * 90, httponly=True, samesite="strict", secure=self._setup.tls
        )
        return answer

    async def stop(self, request: Request) -> Response:
        client: Client = request.state.client
        stopping = asyncio.create_task(self.hub.robot.stop(client.id))
        self._audit.note(client.id, "stop", "post")
        stopped = await stopping
        return JSONResponse(stopped_json(stopped), 200 if stopped.latched else 504)

    async def invite(self, request: Request) -> Response:
        client: Client = request.state.client
        name = (await body_of(request)).get("role")
        role = Role.__members__.get(name.upper()) if isinstance(name, str) else None
        if role is None:
            return error(400, "malformed")
        if role > client.role:
            return error(403, "role")
        self._audit.note(client.id, "invited", role.name.lower())
        return JSONResponse(self.pages.invitation(role))

    async def revoke(self, request: Request) -> Response:
        """A token ends, and with it all connections that came in by it."""
        client: Client = request.state.client
        if client.role < Role.ENGINEER:
            return error(403, "role")
        other = (await body_of(request)).get("client")
        if not isinstance(other, str) or not self.access.revoke(other):
            return error(404, "no_item")
        self._audit.note(client.id, "revoked", other)
        self.records.tokens += 1
        if session := self.hub.sessions.get(other):
            session.close("revoked")
        for socket in list(self._open.get(other, ())):
            with contextlib.suppress(RuntimeError):
                await socket.close(GONE, "revoked")
        return JSONResponse({"revoked": other})

    # ------------------------------------------------------------------ WebSockets

    @contextlib.asynccontextmanager
    async def _accepted(self, socket: WebSocket) -> AsyncIterator[None]:
        """Open until either end has had enough; known by its client, so that it ends with the token."""
        await socket.accept()
        held = self._open.setdefault(socket.state.client.id, set())
        held.add(socket)
        try:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # gone, in one way or another
                yield
        finally:
            held.discard(socket)

    async def socket(self, socket: WebSocket) -> None:
        """State and everything a client may say but STOP."""
        client: Client = socket.state.client
        await socket.accept()
        session = self.hub.enter(client)
        session.tell(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                "client": client.id,
                "name": client.name,
                "role": client.role.name.lower(),
                "seq": session.seq,
                "t_ms": now_ms(),
                "simulated": not self._setup.device,
            }
        )
        sender = asyncio.create_task(self._send(socket, session))
        try:
            await self._receive(socket, session)
        except (WebSocketDisconnect, RuntimeError):
            pass  # it has gone, in one way or another
        finally:
            sender.cancel()
            self.hub.leave(session)

    async def _receive(self, socket: WebSocket, session: Session) -> None:
        while True:
            message = await socket.receive()
            if message["type"] != "websocket.receive" or session.closing:
                return
            if not session.within_rate(now_ms()):
                self._audit.note(session.client.id, "refused", "too fast")
                session.close("too_fast")
                return
            text = message.get("text")
            self.hub.desk.handle(session, text if text is not None else message["bytes"], now_ms())

    async def _send(self, socket: WebSocket, session: Session) -> None:
        """Answers first, then the newest state."""
        hub, sent = self.hub, 0
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await session.wake.wait()
                session.wake.clear()
                for text in session.answers():
                    await socket.send_text(text)
                if session.closing:
                    await socket.send_text(json.dumps({"type": "bye", "reason": session.closing}))
                    await socket.close(GONE, session.closing)
                    return
                if hub.state_ms != sent and session.takes_state(hub.state_ms):
                    sent = hub.state_ms
                    await socket.send_text(hub.state_text)

    async def stop_socket(self, socket: WebSocket) -> None:
        """STOP alone; each is handed to the robot before it is answered."""
        client: Client = socket.state.client
        async with self._accepted(socket):
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    return
                if json_in(message.get("text")) != {"type": "stop"}:
                    await socket.send_json({"type": "ack", "ok": False, "why": "malformed"})
                    continue
                stopping = asyncio.create_task(self.hub.robot.stop(client.id))
                await asyncio.sleep(0)  # it is on its way
                await socket.send_json({"type": "stopping", "t_ms": now_ms()})
                self._audit.note(client.id, "stop", "")
                await socket.send_json(stopped_json(await stopping))

    async def video_socket(self, socket: WebSocket) -> None:
        """One picture for one credit, the newest that this client has not had."""
        camera, had = socket.path_params["camera"], 0
        if camera not in CAMERAS:
            await socket.close(NOT_THERE)
            return
        async with self._accepted(socket):
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    return
                if json_in(message.get("text")) != {"type": "next"}:
                    await socket.send_json({"type": "ack", "ok": False, "why": "malformed"})
                    continue
                had, picture = await self.gallery.after(camera, had)
                await socket.send_bytes(picture)


def main(arguments: list[str]) -> int:
    setup = read_setup(Path(arguments[0]))
    config = uvicorn.Config(
        Server(setup).app(),
        host=setup.host,
        port=setup.port,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=5.0,
        ws_ping_timeout=10.0,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16384,
        ssl_certfile=str(Path(setup.home) / CERTIFICATE) if setup.tls else None,
        ssl_keyfile=str(Path(setup.home) / KEY) if setup.tls else None,
    )
    server = uvicorn.Server(config)

    def end() -> None:
        server.should_exit = True

    when_parent_ends(end)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
