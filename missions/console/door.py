"""The door of the console's server: who has no token or comes from elsewhere gets no further.

Every answer carries the headers that bind the page to its own files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, Protocol

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from missions.console.access import Client
from missions.console.protocol import MESSAGE_MAX_BYTES

_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def _policy(page: bytes) -> str:
    """What the page may load: its own files alone. An import map cannot stand in a file of its own, so the page's is
    let in by its hash."""
    hashes = [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in _IMPORT_MAP.findall(page)]
    scripts = " ".join(["'self'", *(f"'sha256-{h}'" for h in hashes)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class House(Protocol):
    """Whose door it is."""

    def client_of(self, connection: HTTPConnection) -> Client | None:
        """Whose token a request carries."""

    def own_origin(self, connection: HTTPConnection) -> bool:
        """Whether it comes from our own page."""

    def refuse(self, connection: HTTPConnection, why: str) -> None:
        """Write down that it was sent away."""


class Door:
    """Whoever has no token, or comes from another page, gets no further; every answer carries the headers."""

    OPEN = ("/api/hello", "/api/pair", "/api/texts")  # a page has to say how to pair

    def __init__(self, app: Any, house: House, page: bytes) -> None:
        self._app, self._house = app, house
        headers = {**HEADERS, "Content-Security-Policy": _policy(page)}
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        path = scope["path"]
        guarded = path.startswith(("/api/", "/ws"))
        if guarded and not self._house.own_origin(connection):
            await self._deny(scope, receive, send, connection, 403, "origin")
            return
        if guarded and path not in self.OPEN:
            client = self._house.client_of(connection)
            if client is None:
                await self._deny(scope, receive, send, connection, 401, "token")
                return
            scope.setdefault("state", {})["client"] = client
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self._app(scope, receive, with_headers)

    async def _deny(
        self, scope: Any, receive: Any, send: Any, connection: HTTPConnection, status: int, why: str
    ) -> None:
        self._house.refuse(connection, why)
        if scope["type"] == "websocket":
            await receive()  # its connect
            await send({"type": "websocket.close", "code": 1008})
        else:
            await error(status, why)(scope, receive, send)


def json_in(text: str | None) -> Any:
    """What `text` holds, None = it is no JSON."""
    try:
        return json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None


async def body_of(request: Request) -> dict[str, Any]:
    """The body's object; {} if it is none, or too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MESSAGE_MAX_BYTES:
            return {}
    data = json_in(body.decode(errors="replace"))
    return data if isinstance(data, dict) else {}


def error(status: int, why: str) -> JSONResponse:
    return JSONResponse({"why": why}, status)
