"""`silkline drives`: talk to real motor controllers."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from missions.cli import DONE, STOPPED
from missions.cli.options import DIRECTORY, FILE, Number, as_json

if TYPE_CHECKING:
    from firmware_bridge.ports import SerialPort, Transport
    from missions.drive_bench import Bench

IDS = {"moteus": range(1, 128), "vesc": range(1), "cia402": range(1, 127)}  # that a scan asks
JOG_REV_S = {"moteus": 0.5, "vesc": 3.0, "cia402": 0.5}  # above the least speed of the usual configuration
BIT_RATES = ("125000", "250000", "500000", "800000", "1000000")
TICK_MS = 10.0  # of the run loop
HOLD_S = 0.6  # a terminal repeats a held key after up to half a second


@dataclass(frozen=True, slots=True)
class Whom:
    """Which controllers on which port."""

    port: str
    protocol: str
    id_: int | None
    baud: int
    adapter: str
    pole_pairs: int
    bit_rate: int
    counts_per_turn: int | None

    def batches(self) -> Iterator[Sequence[int]]:
        """Ids that can be asked at a time."""
        from missions.drive_bench import batches

        ids = list(IDS[self.protocol]) if self.id_ is None else [self.id_]
        return batches(ids, 1 if self.adapter == "uart" else None)

    @contextmanager
    def transport(self) -> Iterator[SerialPort]:
        from firmware_bridge.port_names import path_of
        from firmware_bridge.ports import PortError, SerialPort

        try:
            transport = SerialPort(path_of(self.port), self.baud)
        except PortError as error:
            raise click.ClickException(
                f"{error}; see which ports there are with: ls /dev/serial/by-id"
            ) from None
        try:
            yield transport
        finally:
            transport.close()

    def bench(self, transport: Transport, ids: Sequence[int], *, looks_on: bool = False) -> Bench:
        from firmware_bridge.drive_map import VescEntry
        from missions.drive_bench import Asked, Bench, Cia402Bench

        if self.protocol == "cia402":
            how = Cia402Bench(self.bit_rate, self.counts_per_turn, looks_on)
            return Bench(transport, Asked(self.protocol, ids, cia402=how))
        vesc = VescEntry(pole_pairs=self.pole_pairs, torque_per_a=1.0, brake_a=1.0)
        return Bench(transport, Asked(self.protocol, ids, vesc if self.protocol == "vesc" else None))

    def still_there(self, bench: Bench) -> None:
        if bench.lost:
            raise click.ClickException(f"port {self.port}: lost: {bench.lost}")


def _whom(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that name controllers, handed on as `Whom`."""

    @functools.wraps(command)
    def with_whom(
        port: str, protocol: str, id_: int | None, baud: int, adapter: str, pole_pairs: int, bit_rate: str,
        counts_per_turn: int | None, **rest: Any,
    ) -> Any:  # fmt: skip
        whom = Whom(port, protocol, id_, baud, adapter, pole_pairs, int(bit_rate), counts_per_turn)
        return command(whom, **rest)

    for option in (
        click.option(
            "--counts-per-turn", type=click.IntRange(1), help="Of a cia402 that does not tell its own."
        ),
        click.option(
            "--bit-rate",
            type=click.Choice(BIT_RATES),
            default=BIT_RATES[-1],
            show_default=True,
            help="Of a cia402's CAN bus.",
        ),
        click.option("--pole-pairs", type=click.IntRange(1, 50), default=7, help="Of a VESC's motor."),
        click.option(
            "--adapter", type=click.Choice(["fdcanusb", "uart"]), default="fdcanusb", help="Of moteus."
        ),
        click.option("--baud", type=click.IntRange(1200), default=921600, show_default=True),
        click.option("--id", "id_", type=click.IntRange(0, 254), help="Of one controller."),
        click.option("--protocol", type=click.Choice(list(IDS)), required=True),
        click.option(
            "--port", required=True, help="Device, VID:PID:SERIAL, or a URL such as socket://host:port."
        ),
    ):
        with_whom = option(with_whom)
    return with_whom


@click.group()
def drives() -> None:
    """Motor controllers: find them, check them, watch them, move one."""


@drives.command()
@_whom
@as_json
def scan(whom: Whom, as_json: bool) -> int:
    """What answers on a port; nothing is moved or changed."""
    devices = []
    with whom.transport() as transport:
        for ids in whom.batches():
            bench = whom.bench(transport, ids, looks_on=True)
            devices += [bench.describe(found) for found in bench.meet()]
            whom.still_there(bench)
    return _answer(whom, devices, as_json, ok=bool(devices))


@drives.command()
@_whom
@as_json
def check(whom: Whom, as_json: bool) -> int:
    """Start-up checks and the watchdog test: commands are withheld, the time-out must come. Nothing is moved."""
    devices, trips_ms = [], []
    with whom.transport() as transport:
        for ids in whom.batches():
            bench = whom.bench(transport, ids)
            for found in bench.meet():
                checks = bench.checks(found)
                devices.append(bench.describe(found, checks))
            trips_ms.append(bench.round_trip_ms)
            bench.leave()
            whom.still_there(bench)
        line = _line(transport, min(trips_ms))
    good = bool(devices) and all(row["ok"] for device in devices for row in device["checks"])
    if not as_json and devices:
        click.echo(_line_text(line))
    return _answer(whom, devices, as_json, ok=good, line=line)


@drives.command()
@_whom
@click.option("--seconds", type=Number(0.1), help="For how long; until Ctrl-C unless given.")
@as_json
def monitor(whom: Whom, seconds: float | None, as_json: bool) -> int:
    """A live table; with --json one line ten times a second."""
    with whom.transport() as transport:
        bench = whom.bench(transport, next(whom.batches()), looks_on=True)
        present = bench.meet()
        if not present:
            return _answer(whom, [], as_json, ok=False)
        left = None if seconds is None else round(seconds * 10)
        with _live(as_json) as show:
            try:
                while left is None or left > 0:
                    bench.wait_for(lambda: False, 0.1)
                    whom.still_there(bench)
                    show(whom, [bench.describe(found) for found in present])
                    left = None if left is None else left - 1
            except KeyboardInterrupt:
                return DONE
    return DONE


@drives.command()
@_whom
@click.option("--speed", type=Number(-100.0, 100.0), help="rev/s, signed; slow unless given.")
@click.option(
    "--effort", type=Number(0, 5), default=0.2, show_default=True,
    help="N m at most; a VESC keeps to its own largest current.",
)  # fmt: skip
@click.option("--seconds", type=Number(0.1, 10), default=1.0, show_default=True)
@click.option("--hold", is_flag=True, help="Turn only while a key is held, for --seconds at most.")
@click.option("--yes", is_flag=True, help="The axis is free to turn; do not ask.")
@as_json
def jog(
    whom: Whom, speed: float | None, effort: float, seconds: float, hold: bool, yes: bool, as_json: bool
) -> int:
    """Turn one controller's motor for a time, after all checks. Ctrl-C stops it; silence stops it too."""
    if whom.id_ is None:
        raise click.UsageError("jog moves one controller; name it with --id")
    speed = JOG_REV_S[whom.protocol] if speed is None else speed
    with whom.transport() as transport:
        bench = whom.bench(transport, [whom.id_])
        if not bench.meet():
            return _answer(whom, [], as_json, ok=False)
        checks = bench.checks(whom.id_)
        if all(row["ok"] for row in checks):
            if yes or _confirmed(whom, speed, seconds, as_json):
                checks.append(_turn(bench, whom.id_, speed, effort, seconds, hold))
            else:
                checks.append(
                    {"name": "jog", "ok": False, "text": "not confirmed; say --yes if the axis is free"}
                )
        good = all(row["ok"] for row in checks)
        bench.leave()
        return _answer(whom, [bench.describe(whom.id_, checks)], as_json, ok=good)


def _confirmed(whom: Whom, speed: float, seconds: float, as_json: bool) -> bool:
    """A machine is not asked."""
    question = f"{whom.protocol} {whom.id_} will turn at {speed:g} rev/s for up to {seconds:g} s. Is it free?"
    return not as_json and click.confirm(question, err=True)


def _turn(bench: Bench, id_: int, speed: float, effort: float, seconds: float, hold: bool) -> dict[str, Any]:
    """Jog, and what came of it."""
    fastest = 0.0
    with _held_key() if hold else nullcontext(lambda: True) as wanted:
        motion = bench.jog(id_, speed, effort, seconds)
        try:
            for driver in motion:
                fastest = max(fastest, abs(driver.state.velocity))
                if not wanted():
                    break
        except KeyboardInterrupt:
            pass
        finally:
            motion.close()
    moved = fastest >= 0.2 * abs(speed)
    return {"name": "jog", "ok": moved, "text": f"fastest {fastest:.3f} rev/s of {abs(speed):g}"}


@drives.command()
@_whom
@click.option(
    "--drives", "file", metavar="NAME|FILE", help="The robot's controllers; its place there by --id."
)
@click.option("--robot", type=FILE, help="A robot profile; R1 unless given.")
@click.option(
    "--backup", type=DIRECTORY, default=Path("drive-backups"), show_default=True, help="Kept here before."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be changed.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@as_json
def setup(
    whom: Whom, file: str | None, robot: Path | None, backup: Path, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Set a controller up for its place: show the differences, keep a backup, write, read back and verify."""
    if whom.id_ is None:
        raise click.UsageError("setup writes to one controller; name it with --id")
    from missions.drive_setup import entry_of, moteus_setup, vesc_setup

    entry, profile = entry_of(file, whom.protocol, whom.id_, robot)
    with whom.transport() as transport:
        bench = whom.bench(transport, [whom.id_])
        if not bench.meet():
            return _answer(whom, [], as_json, ok=False)
        if whom.protocol == "moteus":
            wished = yes or not as_json
            confirm = (
                None if dry_run or not wished else (lambda: yes or click.confirm("Write this?", err=True))
            )
            result = moteus_setup(transport, bench, whom.id_, entry, backup, confirm, _note(as_json))
        else:
            result = vesc_setup(bench, whom.id_, entry, profile)
        device = bench.describe(whom.id_, result.checks)
    if as_json:
        click.echo(json.dumps({"port": whom.port, "devices": [device], **result.as_json()}))
    else:
        click.echo("\n".join(result.lines))
        click.echo(_text(device))
    return DONE if result.ok else STOPPED


def _note(as_json: bool) -> Callable[[str], None]:
    """Tells people what is about to be done."""
    return (lambda text: None) if as_json else click.echo


@drives.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", help="One port of the log: board, or a bus of its drives file; all unless given.")
@as_json
def decode(log: Path, port: str | None, as_json: bool) -> int:
    """Every frame that went over the ports of a job that was run with --record-bytes; with --json one line each."""
    from missions.port_log import PortLog
    from missions.recording import Log

    recorded = PortLog(Log(log), port)
    for frame in recorded.frames():
        if as_json:
            click.echo(json.dumps(frame.as_json()))
        else:
            values = " ".join(f"{name}={_short(value)}" for name, value in frame.said.values.items())
            arrow = ">" if frame.sent else "<"
            click.echo(f"{frame.t_ns / 1e9:10.3f} {frame.port} {arrow} {frame.said.what} {values}".rstrip())
    if not recorded.chunks:
        click.echo(f"{log}: no bytes in it; record them with: silkline run --record-bytes", err=True)
        return STOPPED
    for name, bad in recorded.bad.items():
        if bad:
            click.echo(f"{name}: {bad} frames or stretches of bytes say nothing", err=True)
    return DONE


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_short(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_short(one) for one in value) + "]"
    return str(value)


@contextmanager
def _held_key() -> Iterator[Callable[[], bool]]:
    """Whether a key has been held until now: a terminal repeats it."""
    import select
    import sys
    import termios
    import time
    import tty

    if not sys.stdin.isatty():
        raise click.UsageError(
            "--hold needs a terminal with a keyboard; leave it out, --seconds bounds the jog"
        )
    before = termios.tcgetattr(sys.stdin)
    click.echo("Hold any key to turn; let go to stop.", err=True)
    tty.setcbreak(sys.stdin)
    try:
        sys.stdin.read(1)
        last_s = time.monotonic()

        def held() -> bool:
            nonlocal last_s
            while select.select([sys.stdin], [], [], 0)[0]:
                sys.stdin.read(1)
                last_s = time.monotonic()
            return time.monotonic() - last_s < HOLD_S

        yield held
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


# ---------------------------------------------------------------- answers


def _line(transport: SerialPort, round_trip_ms: float) -> dict[str, Any]:
    """What decides whether a line is quick enough."""
    return {
        "round_trip_ms": round(round_trip_ms, 3) if math.isfinite(round_trip_ms) else None,
        "low_latency": transport.low_latency,
        "latency_ms": transport.latency_ms,
    }


def _line_text(line: dict[str, Any]) -> str:
    told = {None: "does not say how long it keeps bytes"}.get(
        line["latency_ms"], f"keeps bytes for {line['latency_ms']} ms"
    )
    mode = "on" if line["low_latency"] else "not offered"
    trip_ms = line["round_trip_ms"]
    text = f"line: answers in {trip_ms} ms; low-latency mode {mode}; its adapter {told}"
    slow = trip_ms is None or trip_ms > TICK_MS
    return f"{text}; too slow for 100 Hz: set its latency timer to 1 ms, see docs/serial.md" if slow else text


def _answer(
    whom: Whom, devices: list[dict[str, Any]], as_json: bool, *, ok: bool, line: dict[str, Any] | None = None
) -> int:
    if as_json:
        _as_line(whom, devices, line)
    elif not devices:
        click.echo(f"{whom.port}: nobody answers; check power, wiring, baud rate and id")
    else:
        for device in devices:
            click.echo(_text(device))
    return DONE if ok else STOPPED


def _as_line(whom: Whom, devices: list[dict[str, Any]], line: dict[str, Any] | None = None) -> None:
    beside = {"line": line} if line is not None else {}
    click.echo(json.dumps({"port": whom.port, **beside, "devices": devices}))


def _text(device: dict[str, Any]) -> str:
    rows = [f"  {'ok ' if row['ok'] else 'BAD'} {row['name']}: {row['text']}" for row in device["checks"]]
    return "\n".join([", ".join(_cells(device)), *rows])


def _cells(device: dict[str, Any]) -> list[str]:
    """What people want to know of a controller."""
    position, velocity = device["position_rev"], device["velocity_rev_s"]
    return [
        f"{device['protocol']} {device['id']}",
        device["model"],
        f"firmware {device['firmware']}",
        device["mode"],
        device["fault"] or "no fault",
        "no reading" if position is None or velocity is None else f"{position:.4f} rev, {velocity:.3f} rev/s",
    ]


@contextmanager
def _live(as_json: bool) -> Iterator[Callable[[Whom, list[dict[str, Any]]], None]]:
    """Shows readings one after the other: lines for machines, a table in place for people."""
    if as_json:
        yield _as_line
        return
    from rich.live import Live
    from rich.table import Table

    with Live(auto_refresh=False) as live:

        def show(whom: Whom, devices: list[dict[str, Any]]) -> None:
            table = Table(title=whom.port)
            for head in ("controller", "model", "firmware", "mode", "fault", "reading"):
                table.add_column(head)
            for device in devices:
                table.add_row(*_cells(device))
            live.update(table, refresh=True)

        yield show
