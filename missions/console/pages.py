"""What changes seldom, over HTTP: texts, line, plan, checks, alarms, curves, parameters, logs, health, tokens."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from missions.console.access import Access, Client, shown_code
from missions.console.health import health
from missions.console.hub import Hub
from missions.console.protocol import Role
from missions.console.session import Refused
from missions.console.texts import texts
from missions.job import Job
from robot.line import catalogue
from robot.modes.events import LANGUAGES
from robot.safety import arming

_TREND_S = 600.0


class Pages:
    """The addresses below /api/ that ask and do not command.

    Args:
        url: of the console, as other devices reach it.
    """

    def __init__(self, hub: Hub, access: Access, job: Job, home: Path, url: str) -> None:
        self._hub, self._access, self._home, self._url = hub, access, home, url
        self._records = hub.records
        self._line = _line(job)
        self._began_s = time.monotonic()

    def routes(self) -> list[BaseRoute]:
        pages = {
            "texts": self.texts,
            "line": self.line,
            "plan": self.plan,
            "crossings": self.crossings,
            "checks": self.checks,
            "alarms": self.alarms,
            "trends": self.trends,
            "parameters": self.parameters,
            "logs": self.logs,
            "health": self.health,
            "tokens": self.tokens,
        }
        routes: list[BaseRoute] = [Route(f"/api/{name}", page) for name, page in pages.items()]
        return [*routes, Route("/api/logs/{job}/{file}", self.log_file)]

    async def texts(self, request: Request) -> Response:
        language = request.query_params.get("lang", "en")
        return JSONResponse(texts(language if language in LANGUAGES else "en"))

    async def line(self, request: Request) -> Response:
        return JSONResponse(self._line)

    async def plan(self, request: Request) -> Response:
        return JSONResponse(self._records.planning.plan)

    async def crossings(self, request: Request) -> Response:
        return JSONResponse(self._records.planning.crossings)

    async def checks(self, request: Request) -> Response:
        newest = self._hub.robot.newest
        failing = newest.arming if newest else tuple(arming.CHECKS)
        automatic = [{"id": name, "ok": name not in failing} for name in arming.CHECKS]
        open_checks = self._records.open_checks
        plan = {"id": "plan", "ok": "plan" not in open_checks}
        page = {**self._records.checklist.page(), "open": open_checks, "complete": not open_checks}
        return JSONResponse({"automatic": automatic, "plan": plan, **page})

    async def alarms(self, request: Request) -> Response:
        return JSONResponse(self._records.alarms.page(time.monotonic_ns() // 1_000_000))

    async def trends(self, request: Request) -> Response:
        try:
            seconds = float(request.query_params.get("s", _TREND_S))
        except ValueError:
            seconds = _TREND_S
        return JSONResponse(self._records.trends.page(seconds if seconds > 0 else _TREND_S))

    async def parameters(self, request: Request) -> Response:
        try:
            return JSONResponse(self._records.settings.page())
        except Refused as refused:
            return JSONResponse({"why": refused.why, "detail": refused.detail}, 500)

    async def logs(self, request: Request) -> Response:
        return JSONResponse(self._records.logs.page(self._records.job))

    async def log_file(self, request: Request) -> Response:
        client: Client = request.state.client
        if client.role < Role.OPERATOR:
            return JSONResponse({"why": "role"}, 403)
        job, name = request.path_params["job"], request.path_params["file"]
        path = await self._records.logs.file(job, name, self._records.job)
        if path is None:
            return JSONResponse({"why": "no_item"}, 404)
        return FileResponse(path, filename=f"{job}-{name}", content_disposition_type="attachment")

    async def health(self, request: Request) -> Response:
        newest = self._hub.robot.newest
        robot = {
            "connected": self._hub.robot.connected,
            "up_s": round(newest.t_ns / 1e9) if newest else None,
            "age_ms": round(self._hub.robot.age_s * 1000) if newest else None,
            "frames_good": newest.link.frames_good if newest else None,
            "frames_bad": newest.link.frames_bad if newest else None,
            "boot_count": newest.safety.boot_count if newest else None,
        }
        return JSONResponse({**health(self._home, self._began_s), "robot": robot})

    async def tokens(self, request: Request) -> Response:
        client: Client = request.state.client
        if client.role < Role.ENGINEER:
            return JSONResponse({"why": "role"}, 403)
        return JSONResponse({"tokens": [_client_json(c) for c in self._access.clients]})

    def invitation(self, role: Role) -> dict[str, Any]:
        """What another device is paired with."""
        code = self._access.code(role)
        url, drawn = f"{self._url}#pair={code}", io.BytesIO()
        segno.make(url, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, scale=4, border=2)
        return {"code": shown_code(code), "url": url, "svg": drawn.getvalue().decode()}


def _client_json(client: Client) -> dict[str, Any]:
    role = client.role.name.lower()
    return {"client": client.id, "name": client.name, "role": role, "paired": client.paired}


def _line(job: Job) -> dict[str, Any]:
    line = job.line
    return {
        "name": line.name,
        "length_m": round(line.length_m, 2),
        "end_m": round(line.length_m - job.parameters.end_gap_m, 2),
        "poles": [{"id": p.id, "at_m": round(p.chainage_m, 2), "insulator": p.insulator} for p in line.poles],
        "features": [
            {"kind": f.kind, "at_m": round(f.at_m, 2), "crossable": f.crossable} for f in line.features
        ],
        "kinds": [{"kind": kind, "crossable": row.crossable} for kind, row in catalogue.KINDS.items()],
        "cable_loaded_m": round(line.cable_loaded_m, 1),
        "tension_n": line.tension_n,
        "pitch_m": line.pitch_m,
        "jog": {"travel_mps": job.parameters.jog_speed_mps, "life_ms": 200},
        "mass_max_kg": job.profile.limits.mass_max_kg,
    }
