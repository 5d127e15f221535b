"""What the console's processes are told at their start: one file in the folder of their sockets."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from missions import files
from missions.job import Job, read_job

FILE = "setup.json"
PARAMETERS = "parameters.toml"
LOGS = "logs"  # folder of the jobs' logs in the home
FINISHED = 10  # exit code of the runtime: its job's log is closed, another may begin


@dataclass(frozen=True, slots=True)
class Setup:
    """One console's job and places.

    Attributes:
        line: path or packaged name of a line or scenario.
        folder: of the sockets; only this user may enter it.
        home: what outlives the console: tokens, parameters, certificate, logs.
        device: port of a robot, "" = the simulated one.
        counted: simulated time waits for a computer that is too slow.
        speed: of simulated time while the robot works by itself.
        codes: of pairing, by role.
    """

    line: str
    folder: str
    home: str
    device: str = ""
    section: int | None = None
    robot: str | None = None
    parameters: str | None = None
    settings: dict[str, float] = field(default_factory=dict)
    seed: int | None = None
    drives: str | None = None
    counted: bool = False
    speed: float = 1.0
    host: str = "127.0.0.1"
    port: int = 8470
    tls: bool = False
    names: tuple[str, ...] = ()  # by which the server may be called beside its address
    codes: dict[str, str] = field(default_factory=dict)

    @property
    def parameter_file(self) -> Path:
        """Where saved parameters are kept."""
        return Path(self.parameters) if self.parameters else Path(self.home) / PARAMETERS

    def job(self) -> Job:
        """Raises InputError and ParameterError as `read_job`."""
        path = self.parameter_file
        wanted = self.parameters is not None or path.exists()
        return read_job(
            self.line,
            self.section,
            Path(self.robot) if self.robot else None,
            path if wanted else None,
            self.settings,
            self.seed,
            self.drives,
        )

    def write(self) -> Path:
        """Into its folder; returns the file."""
        path = Path(self.folder) / FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")
        return path


def read_setup(path: Path) -> Setup:
    """Raises InputError if it is no such file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Setup(**{**data, "names": tuple(data["names"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise files.InputError(f"{path}: {error}; it is made by `silkline console`") from None
