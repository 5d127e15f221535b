"""The jobs' logs: listed, and given out. A name is looked up in the list, never put together to a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from missions.console.planning import silkline

FILES = ("mission.mcap", "summary.json", "report.html")
_SHOWN = 200


class Logs:
    """The folder of logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self, running: str) -> dict[str, Any]:
        """Newest first."""
        rows = []
        for job in sorted(self._jobs().values(), key=lambda path: path.name, reverse=True)[:_SHOWN]:
            files = [
                {"name": name, "bytes": (job / name).stat().st_size}
                for name in FILES
                if (job / name).is_file()
            ]
            rows.append({"name": job.name, "files": files, "running": job.name == running})
        return {"logs": rows}

    async def file(self, job: str, name: str, running: str) -> Path | None:
        """A file of a job, None = there is none. A report is made when it is first asked for."""
        folder = self._jobs().get(job)
        if folder is None or name not in FILES:
            return None
        path = folder / name
        if name == "report.html" and not path.exists() and job != running:
            await silkline(["report", str(folder / "mission.mcap"), "--out", str(path)])
        return path if path.is_file() else None

    def _jobs(self) -> dict[str, Path]:
        if not self._folder.is_dir():
            return {}
        return {path.name: path for path in self._folder.iterdir() if path.is_dir() and not path.is_symlink()}
