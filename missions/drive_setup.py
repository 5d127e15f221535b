"""What has to be set in a controller for its place in a robot; and compared, kept aside, written and read back.

Of a moteus the whole configuration is text. A VESC's is a block of bytes whose meaning changes from firmware to
firmware: what must be set in it is told, for a person to set with its own tool, and then tested by its effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_bridge.axes import WATCHDOG_MS, axis_configs
from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers.moteus_console import ConsoleError, MoteusConsole
from firmware_bridge.drivers.vesc_feedback import wiring_of
from firmware_bridge.ports import Transport
from missions.drive_bench import Bench
from missions.files import InputError, read_drives, read_profile
from robot.messages import AxisFault
from robot.profile import Profile

TIMEOUT_S = 0.1  # of a moteus that has none; each command carries its own
BRAKING = ("10", "12", "15")  # time-out modes of a moteus that do not coast
DIGITAL_OUT = 15  # mode of a pin
_SAME = 1e-4  # relative difference of two numbers that are one


@dataclass(frozen=True, slots=True)
class Need:
    """One setting, as it must be."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that is not as it must be; `present` is None if the controller has no such setting."""

    name: str
    present: str | None
    needed: str
    why: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "present": self.present, "needed": self.needed, "why": self.why}


def moteus_needs(present: Mapping[str, str], entry: AxisEntry | None) -> list[Need]:
    """What a moteus must have; without its place in a robot what every one must have.

    What may have several values stays as it is if it has one of them.
    """
    needs = []
    if not 0.0 < _number(present.get("servo.default_timeout_s")) < math.inf:
        needs.append(Need("servo.default_timeout_s", str(TIMEOUT_S), "no watchdog without it"))
    if entry is None:
        if present.get("servo.timeout_mode") not in BRAKING:
            needs.append(Need("servo.timeout_mode", "12", "a motor must not coast when nobody commands it"))
        return needs
    needs += [
        Need("servo.timeout_mode", str(entry.timeout_mode), "what it does when nobody commands it"),
        Need("aux1.pins.1.mode", str(DIGITAL_OUT), "the pin that feeds the brake's coil"),
    ]
    if entry.stop_accel is not None:
        ramp = entry.stop_accel * abs(entry.turns_per_unit)
        needs.append(Need("servo.default_accel_limit", f"{ramp:.6g}", "its ramp to rest after a time-out"))
    return needs


def changes(present: Mapping[str, str], needs: Sequence[Need]) -> list[Change]:
    """Which of the needs are not met."""
    return [
        Change(need.name, present.get(need.name), need.value, need.why)
        for need in needs
        if not _same(present.get(need.name), need.value)
    ]


def save(folder: Path, name: str, settings: Mapping[str, str]) -> Path:
    """Write a configuration beside those that were saved before; the controller's own tool restores it."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = folder / f"{name}-{number}.cfg"
        try:
            with path.open("x", encoding="ascii", errors="replace") as file:
                file.writelines(f"{setting} {value}\n" for setting, value in settings.items())
        except FileExistsError:
            number += 1
            continue
        return path


def apply(console: MoteusConsole, before: Mapping[str, str], wanted: Sequence[Change]) -> None:
    """Make the changes, read everything back, and keep it for good only if it is as it should be.

    Raises:
        ConsoleError: something went wrong; what was changed is as before, as far as it could be put back.
    """
    try:
        for change in wanted:
            console.change(change.name, change.needed)
        _verify(console.settings(), before, wanted)
        console.keep()
        _verify(console.settings(), before, wanted)
    except ConsoleError as error:
        _put_back(console, before, wanted)
        raise ConsoleError(f"{error}; put back as it was") from None


def _verify(now: Mapping[str, str], before: Mapping[str, str], wanted: Sequence[Change]) -> None:
    should_be = {**before, **{change.name: change.needed for change in wanted}}
    for name, value in should_be.items():
        if not _same(now.get(name), value):
            raise ConsoleError(f"{name}: read back {now.get(name, 'nothing')}, expected {value}")


def _put_back(console: MoteusConsole, before: Mapping[str, str], wanted: Sequence[Change]) -> None:
    try:
        for change in wanted:
            if change.name in before:
                console.change(change.name, before[change.name])
        console.keep()
    except ConsoleError as error:
        raise ConsoleError(f"{error}; could not be put back: restore it from the backup") from None


def vesc_needs(entry: AxisEntry, profile: Profile) -> list[Need]:
    """What has to be set in a VESC by hand, in the words of its own tool."""
    config = axis_configs(profile)[entry.number]
    wiring = wiring_of(entry, config.effort_max, config.velocity_max)
    return [
        Need("VESC ID", str(wiring.id), "it is refused under another one"),
        Need("Timeout", f"{WATCHDOG_MS} ms", "its watchdog; tested below"),
        Need("Timeout Brake Current", f"{wiring.brake_a:g} A", "0 coasts; not visible while it stands"),
        Need("Motor Current Max", f"{wiring.current_max_a:.1f} A", "the axis' largest effort"),
        Need("Minimum ERPM", f"{wiring.erpm_min:g}", "of its speed loop; slower speeds are held"),
        Need("Max ERPM", f"at least {math.ceil(wiring.erpm_max)}", "the axis' largest speed"),
        Need("CAN Mode", "VESC", "if others are behind it, or it is behind another"),
    ]


def _same(one: str | None, other: str) -> bool:
    if one is None:
        return False
    a, b = _number(one), _number(other)
    if math.isnan(a) or math.isnan(b):
        return one.strip().lower() == other.strip().lower()
    return a == b or abs(a - b) <= _SAME * max(abs(a), abs(b))


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else math.nan
    except ValueError:
        return math.nan


# ---------------------------------------------------------------- at the bench


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    ok: bool
    changes: Sequence[Change]
    lines: Sequence[str]  # for people
    checks: list[dict[str, Any]]
    backup: Path | None = None
    written: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "changes": [change.as_json() for change in self.changes],
            "backup": str(self.backup) if self.backup is not None else None,
            "written": self.written,
        }


def entry_of(
    file: str | None, protocol: str, id_: int, robot: Path | None
) -> tuple[AxisEntry | None, Profile]:
    """A controller's place in a drives file, None without one.

    Raises:
        InputError: a file is wrong, or has no such controller.
    """
    profile = read_profile(robot)
    if file is None:
        return None, profile
    drives = read_drives(file)
    there = [e for bus in drives.bus if bus.protocol == protocol for e in drives.on(bus) if e.id == id_]
    if len(there) != 1:
        known = ", ".join(str(e.id) for bus in drives.bus if bus.protocol == protocol for e in drives.on(bus))
        many = "no" if not there else "more than one"
        raise InputError(f"{file}: {many} {protocol} with id {id_}; it has: {known or 'none'}")
    return there[0], profile


def moteus_setup(
    transport: Transport,
    bench: Bench,
    id_: int,
    entry: AxisEntry | None,
    folder: Path,
    confirm: Callable[[], bool] | None,
    tell: Callable[[str], None],
) -> Result:
    """Compare, keep a backup, write and verify.

    Args:
        confirm: asked before anything is written; None = nothing is to be written.
        tell: says to people what is about to be done.
    """
    state, found = bench.drivers[id_].state, bench.drivers[id_].found
    if state.text != "stopped" and state.fault == AxisFault.NONE:
        return _refused(f"it is in mode {state.text or 'unknown'}; stop whoever commands it, then set it up")
    console = MoteusConsole(transport, id_)
    written, saved = False, None
    try:
        before = console.settings()
        wanted = changes(before, moteus_needs(before, entry))
        lines = [f"  {c.name}: {c.present or 'not there'} -> {c.needed}  ({c.why})" for c in wanted]
        tell("\n".join(lines or ["nothing to change"]))
        if wanted and confirm is not None:
            serial = found.serial_number if found is not None else "unknown"
            saved = save(folder, f"moteus-{id_}-{serial}", before)
            tell(f"configuration kept in {saved}")
            if not confirm():
                return Result(False, wanted, ["nothing was written"], [], saved)
            apply(console, before, wanted)
            written = True
    except ConsoleError as error:
        return _refused(str(error), saved)
    except OSError as error:
        return _refused(f"{folder}: no backup ({error.strerror}), so nothing was written")
    if not written:
        told = "nothing was written" if wanted else "it is as it should be"
        return Result(True, wanted, [told], [])
    return Result(
        True, wanted, ["written, read back and kept"], [_row("setup", True, "as it should be")], saved, True
    )


def vesc_setup(bench: Bench, id_: int, entry: AxisEntry | None, profile: Profile) -> Result:
    """What a person has to set, and the test of what of it has an effect that can be seen."""
    if entry is None:
        lines = [
            "give its robot's controllers with --drives: what has to be set follows from its place there"
        ]
        return Result(False, [], lines, [])
    needs = vesc_needs(entry, profile)
    lines = ["To be set by hand, with the controller's own tool; nothing was written:"]
    lines += [f"  {need.name}: {need.value}  ({need.why})" for need in needs]
    checks = bench.checks(id_)
    changed = [Change(need.name, None, need.value, need.why) for need in needs]
    return Result(all(row["ok"] for row in checks), changed, lines, checks)


def _refused(text: str, backup: Path | None = None) -> Result:
    return Result(False, [], [text], [_row("setup", False, text)], backup)


def _row(name: str, ok: bool, text: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "text": text}
