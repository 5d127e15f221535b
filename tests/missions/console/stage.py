"""A whole console to try: robot's software, server and pictures as the processes that they are for a crew."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from missions.codec import Codec
from missions.console import start
from missions.console.client import Console, ConsoleError, pair
from missions.console.setup import LOGS, Setup
from missions.console.supervisor import Supervisor
from missions.files import PACKAGED_LINES
from missions.recording import CODECS, Log
from robot.messages import Action, CommandFrame, Mode, OperatorMessage

# A bird's nest of an indicator close behind the begin of the lay: the first crossing comes after some seconds.
NEAR = '\n[[feature]]\nkind = "fault-indicator"\nspan = 1\nat_m = 9.0\n'
WEATHER = {"wind_mps": 3.0, "temperature_c": 18.0, "humidity_pct": 60.0}
PLAN_MAX_S = 120.0  # for a busy computer
JOG_MPS, JOG_EVERY_S, JOG_MAX_S = 0.10, 0.04, 5.0
FIGURES = {"mass_kg": 35.0, "coil_m": 68.0}


def near_line(folder: Path) -> Path:
    """The packaged short line with a feature near its begin."""
    path = folder / "near.toml"
    path.write_text((PACKAGED_LINES / "short-60m.toml").read_text(encoding="utf-8") + NEAR, encoding="utf-8")
    return path


class Stage:
    """One console, started as `silkline console` does; robot time is counted, so that a slow machine only takes
    longer."""

    def __init__(self, home: Path, line: str, **options: object) -> None:
        self.home = home
        self._names = itertools.count(1)
        self.setup = Setup(
            line=line,
            folder=str(Path(tempfile.mkdtemp(prefix="silkline-"))),
            home=str(start.made(home)),
            port=start.free_port("127.0.0.1"),
            codes=start.new_codes(),
            **{"counted": True, **options},  # type: ignore[arg-type]
        )
        self.url = start.url(self.setup)
        self.told: list[str] = []
        self.supervisor = Supervisor(self.setup, self.told.append)
        self._ending = threading.Event()
        self.code: int | None = None
        self.supervisor.start()
        assert self.supervisor.wait_until_served(self._ending)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.code = self.supervisor.run(self._ending)

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    # ------------------------------------------------------------------ clients

    def token(self, role: str = "operator") -> str:
        return pair(self.url, self.setup.codes[role], f"{role} {next(self._names)}")

    def enter(self, role: str = "operator") -> Console:
        """A new client, connected."""
        return Console(self.url, self.token(role))

    @contextmanager
    def driver(self, role: str = "operator") -> Iterator[Console]:
        """A client that drives, with the checklist done and the robot in SAFE."""
        with self.enter(role) as console:
            drive(console)
            check_all(console)
            safe(console)
            yield console

    # ------------------------------------------------------------------ the robot's own record

    @property
    def log(self) -> Path:
        """Of the job that runs, or the last."""
        newest = max((self.home / LOGS).iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return newest / "mission.mcap"


def drive(console: Console) -> None:
    """Take the authority: from a silent client by asking, else by force."""
    name = console.hello["client"]
    console.wait_for(lambda s: s["robot"]["connected"])
    for _ in range(20):
        if console.state["authority"]["holder"] == name:
            return
        console.say("ask")
        try:
            console.wait_for(lambda s: s["authority"]["holder"] == name, 0.5)
        except ConsoleError:
            continue
    raise AssertionError(f"{console.state['authority']['holder']} would not let go")


def check_all(console: Console) -> None:
    """What the crew sees to before arming."""
    checks = console.get("/api/checks")
    for item in checks["crew"]:
        if not item["done"]:
            console.say("check", item=item["id"], done=True)
    console.say("enter", values={**WEATHER, **FIGURES})
    until_s = time.monotonic() + PLAN_MAX_S
    while not console.get("/api/checks")["complete"]:
        assert time.monotonic() < until_s, console.get("/api/plan")
        time.sleep(0.2)


def safe(console: Console) -> None:
    """Into SAFE from wherever the robot is."""
    if console.state["mode"] != "SAFE":
        console.stop()
        console.wait_for_mode("STOPPED")
        console.reset()
        console.wait_for_mode("SAFE")
    console.wait_for(lambda s: not s["arming"])


def mounted(console: Console) -> None:
    """In READY, clamped on the line."""
    console.act("arm")
    console.wait_for_mode("READY")
    if not all(c["state"] == "clamped" and c["pinch_n"] > 50 for c in console.state["carriages"]):
        console.act("mount")
        console.wait_for_mode("MOUNTING")
        while console.wait_for_mode("READY", "HOLD", timeout_s=60.0)["mode"] == "HOLD":
            console.act("resume")  # this computer was too slow to keep the link alive
            console.wait_for_mode("MOUNTING")


def start_job(console: Console) -> None:
    """Start, again where something that passes forbids it yet."""
    for _ in range(20):
        console.act("start")
        try:
            console.wait_for(lambda s: s["mode"] in ("TRAVEL", "WRAP", "CROSSING"), 1.0)
        except ConsoleError:
            continue
        return
    raise AssertionError(f"it would not start: {console.events()[-3:]}")


def wrapping(console: Console) -> None:
    mounted(console)
    start_job(console)
    console.wait_for(lambda s: s["mode"] == "WRAP" and s["values"]["speed_mps"] > 0.05, 60.0)


def by_hand(console: Console) -> None:
    """Jogging at 0.10 m/s, with the button still down."""
    mounted(console)
    for _ in range(20):
        console.act("manual")
        console.wait_for_mode("MANUAL")
        if jogged(console):
            return
    raise AssertionError("this computer is too slow to hold a button down")


def jogged(console: Console) -> bool:
    """A button held until the robot has its speed; False: the link was lost on the way."""
    until_s = time.monotonic() + JOG_MAX_S
    while time.monotonic() < until_s and console.state["mode"] == "MANUAL":
        console.jog("travel", JOG_MPS)
        if console.state["values"]["speed_mps"] > 0.95 * JOG_MPS:
            return True
        time.sleep(JOG_EVERY_S)
    return False


# ---------------------------------------------------------------- what the log says


class Tick:
    """What went in and out in one tick."""

    def __init__(self, t_ns: int) -> None:
        self.t_ns = t_ns
        self.operator: list[OperatorMessage] = []
        self.data = b""

    @property
    def command(self) -> CommandFrame:
        command: CommandFrame = COMMAND.decode(self.data)
        return command


COMMAND: Codec = CODECS["/command"]


def ticks(log: Path) -> list[Tick]:
    """All that a log holds so far, whole ticks only."""
    found: list[Tick] = []
    for t_ns, topic, data in Log(log).messages_of(("/operator", "/command")):
        if not found or found[-1].t_ns != t_ns:
            found.append(Tick(t_ns))
        if topic == "/operator":
            found[-1].operator.append(CODECS[topic].decode(data))
        else:
            found[-1].data = data
    return [tick for tick in found if tick.data]


def began(ticks: list[Tick]) -> int:
    """Index of the tick in which the crew last armed, or reset."""
    opening = (Action.ARM, Action.RESET, Action.TAKE)
    marks = [i for i, tick in enumerate(ticks) if any(m.action in opening for m in tick.operator)]
    return marks[-1] if marks else 0


def speeds(log: Path) -> list[tuple[int, float]]:
    """The true speed, 20 times a second."""
    truths = Log(log).messages_of(("/truth",))
    return [(t_ns, CODECS["/truth"].decode(data).speed_mps) for t_ns, _, data in truths]


def modes_after(log: Path, t_ns: int) -> list[Mode]:
    """The modes entered after `t_ns`."""
    changes = (CODECS["/mode"].decode(data) for _, _, data in Log(log).messages_of(("/mode",)))
    return [change.mode for change in changes if change.t_ns > t_ns]
