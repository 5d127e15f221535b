"""`silkline drives`: talk to real motor controllers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from missions.cli import DONE, STOPPED
from missions.cli.options import as_json

if TYPE_CHECKING:
    from missions.drive_bench import Bench

PROTOCOLS = {"moteus": range(1, 128), "vesc": range(1)}


@click.group()
def drives() -> None:
    """Motor controllers: find them, check them, watch them, move one."""


def _whom(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--pole-pairs", type=click.IntRange(1, 50), default=7, help="Of a VESC's motor."),
        click.option("--baud", type=click.IntRange(1200), default=921600, show_default=True),
        click.option("--id", "id_", type=click.IntRange(0, 254), help="Of one controller."),
        click.option("--protocol", type=click.Choice(list(PROTOCOLS)), required=True),
        click.option("--port", required=True, help="Device, or a URL such as socket://host:port."),
    ):
        command = option(command)
    return command


@drives.command()
@_whom
@as_json
def scan(port: str, protocol: str, id_: int | None, baud: int, pole_pairs: int, as_json: bool) -> int:
    """What answers on a port; nothing is moved or changed."""
    devices = []
    with _transport(port, baud) as transport:
        for ids in _batches(protocol, id_):
            bench = _bench(transport, protocol, ids, pole_pairs)
            devices += [bench.describe(found) for found in bench.meet()]
            _still_there(port, bench)
    return _answer(port, devices, as_json, ok=bool(devices))


@drives.command()
@_whom
@as_json
def check(port: str, protocol: str, id_: int | None, baud: int, pole_pairs: int, as_json: bool) -> int:
    """Start-up checks and the watchdog test: commands are withheld, the time-out must come. Nothing is moved."""
    devices = []
    with _transport(port, baud) as transport:
        for ids in _batches(protocol, id_):
            bench = _bench(transport, protocol, ids, pole_pairs)
            for found in bench.meet():
                checks = bench.checks(found)
                devices.append(bench.describe(found, checks))
            _still_there(port, bench)
    good = bool(devices) and all(row["ok"] for device in devices for row in device["checks"])
    return _answer(port, devices, as_json, ok=good)


@drives.command()
@_whom
@click.option("--seconds", type=click.FloatRange(0.1), help="For how long; until Ctrl-C unless given.")
@as_json
def monitor(
    port: str,
    protocol: str,
    id_: int | None,
    baud: int,
    pole_pairs: int,
    seconds: float | None,
    as_json: bool,
) -> int:
    """A live table; with --json one line ten times a second."""
    with _transport(port, baud) as transport:
        ids = next(iter(_batches(protocol, id_)))
        bench = _bench(transport, protocol, ids, pole_pairs)
        present = bench.meet()
        if not present:
            return _answer(port, [], as_json, ok=False)
        left = None if seconds is None else round(seconds * 10)
        try:
            while left is None or left > 0:
                bench.wait_for(lambda: False, 0.1)
                _still_there(port, bench)
                _tell(port, [bench.describe(found) for found in present], as_json)
                left = None if left is None else left - 1
        except KeyboardInterrupt:
            return DONE
    return DONE


@drives.command()
@_whom
@click.option("--speed", type=float, required=True, help="rev/s, signed.")
@click.option(
    "--effort",
    type=click.FloatRange(0, 5),
    default=0.2,
    show_default=True,
    help="N m at most; a VESC keeps to its own largest current.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 10), default=1.0, show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask whether the axis is free to turn.")
@as_json
def jog(
    port: str,
    protocol: str,
    id_: int | None,
    baud: int,
    pole_pairs: int,
    speed: float,
    effort: float,
    seconds: float,
    yes: bool,
    as_json: bool,
) -> int:
    """Turn one controller's motor for a time, after all checks. Ctrl-C stops it; silence stops it too."""
    if id_ is None:
        raise click.UsageError("jog moves one controller; name it with --id")
    with _transport(port, baud) as transport:
        bench = _bench(transport, protocol, [id_], pole_pairs)
        if not bench.meet():
            return _answer(port, [], as_json, ok=False)
        checks = bench.checks(id_)
        if not all(row["ok"] for row in checks):
            return _answer(port, [bench.describe(id_, checks)], as_json, ok=False)
        if not yes:
            click.confirm(
                f"{protocol} {id_} will turn at {speed:g} rev/s for {seconds:g} s. Is it free?", abort=True
            )
        fastest = 0.0
        motion = bench.jog(id_, speed, effort, seconds)
        try:
            for driver in motion:
                fastest = max(fastest, abs(driver.state.velocity))
        except KeyboardInterrupt:
            pass
        finally:
            motion.close()
        moved = fastest >= 0.2 * abs(speed)
        checks.append({"name": "jog", "ok": moved, "text": f"fastest {fastest:.3f} rev/s of {abs(speed):g}"})
        return _answer(port, [bench.describe(id_, checks)], as_json, ok=moved)


# ---------------------------------------------------------------- port and answer


@contextmanager
def _transport(port: str, baud: int) -> Iterator[Any]:
    from firmware_bridge.ports import PortError, SerialPort

    try:
        transport = SerialPort(port, baud)
    except PortError as error:
        raise click.ClickException(f"{error}; see which ports there are with: ls /dev/serial/by-id") from None
    try:
        yield transport
    finally:
        transport.close()


def _batches(protocol: str, id_: int | None) -> Iterator[Any]:
    from missions.drive_bench import batches

    return batches(list(PROTOCOLS[protocol]) if id_ is None else [id_])


def _bench(transport: Any, protocol: str, ids: Any, pole_pairs: int) -> Bench:
    from firmware_bridge.drive_map import VescEntry
    from missions.drive_bench import Asked, Bench

    vesc = VescEntry(pole_pairs=pole_pairs, torque_per_a=1.0, brake_a=1.0) if protocol == "vesc" else None
    return Bench(transport, Asked(protocol, ids, vesc))


def _still_there(port: str, bench: Bench) -> None:
    if bench.lost:
        raise click.ClickException(f"port {port}: lost: {bench.lost}")


def _answer(port: str, devices: list[dict[str, Any]], as_json: bool, *, ok: bool) -> int:
    _tell(port, devices, as_json)
    return DONE if ok else STOPPED


def _tell(port: str, devices: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"port": port, "devices": devices}))
        return
    if not devices:
        click.echo(f"{port}: nobody answers; check power, wiring, baud rate and id")
    for device in devices:
        place = device["position_rev"], device["velocity_rev_s"]
        where = "no reading" if None in place else f"{place[0]:.4f} rev, {place[1]:.3f} rev/s"
        click.echo(
            f"{device['protocol']} {device['id']}: {device['model']}, firmware {device['firmware']}, "
            f"{device['mode']}, {device['fault'] or 'no fault'}, {where}"
        )
        for row in device["checks"]:
            click.echo(f"  {'ok  ' if row['ok'] else 'BAD '} {row['name']}: {row['text']}")
