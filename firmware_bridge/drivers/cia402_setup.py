"""Meeting a CiA 402 controller: who it is, what it does when it hears no more, and what it is to send and take.

What says who it is and how it reacts is read, and read again where it is not right, because the serial leg checks
nothing; then it is refused by name. What belongs to this host (heartbeats, process data) is lost whenever the
controller restarts, so it is written anew each time, and read back.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from firmware_bridge.axes import WATCHDOG_MS, AxisConfig
from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.axis import Found
from firmware_bridge.drivers.canopen_sdo import Read, Refused, Script, Write
from firmware_bridge.drivers.cia402_codes import Object, PdoObjects
from robot.messages import TRACTION, Axis, AxisMode

PRODUCER_MS = 100  # its own heartbeat
_TRIES = 3  # of writing what reads back wrong
_SCALE_OFF = 0.05  # by which a ramp or a torque may differ
_SPEED_MARGIN = (
    1.0  # of its own limit over the axis' largest speed: a target that was damaged on the line is held there
)
_OFF, _NO_REMOTE = 1 << 31, 1 << 30  # of a PDO's id: not used; not sent on request, which some always set
_SYNCHRONOUS, _AT_ONCE = 1, 255  # kinds of PDO
_UNITS = {0x00B50300: "counts/s", 0x00B40300: "rev/s", 0x00B44700: "rpm", 0xFDB44700: "mrpm"}
_PER_TURN = {"rev/s": 1.0, "rpm": 60.0, "mrpm": 60_000.0}  # velocity units of one turn a second

COMMANDS: tuple[tuple[Object, ...], ...] = (
    (codes.CONTROLWORD, codes.MODE),
    (codes.TARGET_VELOCITY, codes.TORQUE_AHEAD, codes.MAX_TORQUE),
    (codes.TARGET_POSITION, codes.SPEED_AHEAD),
    (codes.TARGET_TORQUE, codes.MAX_TORQUE),
)
REPORTS: tuple[tuple[Object, ...], ...] = (
    (codes.STATUSWORD, codes.MODE_SHOWN, codes.POSITION),
    (codes.VELOCITY, codes.TORQUE),
)
# No two neighbours of these have the same length: a flipped bit in an id then makes a frame of wrong length.
_TARGETS = {
    AxisMode.VELOCITY: codes.TARGET_VELOCITY,
    AxisMode.POSITION: codes.TARGET_POSITION,
    AxisMode.EFFORT: codes.TARGET_TORQUE,
}
_INDISPENSABLE = (
    codes.CONTROLWORD,
    codes.MODE,
    codes.STATUSWORD,
    codes.MODE_SHOWN,
    codes.POSITION,
    codes.VELOCITY,
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an axis asks of its controller; None = whatever it has."""

    id: int
    modes: frozenset[AxisMode]
    counts_per_turn: int | None = None
    rated_torque: float | None = None  # N m
    stop_ramp: float | None = None  # turns/s2 of its quick stop
    speed_max: float | None = None  # turns/s, at which its own limit must stand at most


def needs_of(entry: AxisEntry, config: AxisConfig) -> Needs:
    """Of an axis of the robot. Its controller must end a garbled speed by its own limit; the line checks nothing."""
    own = entry.cia402
    assert own is not None  # the file's schema sees to it
    modes = {AxisMode.VELOCITY}
    if entry.number == Axis.CABLE:
        modes.add(AxisMode.EFFORT)
    elif entry.number not in TRACTION:
        modes.add(AxisMode.POSITION)
    turns = abs(entry.turns_per_unit)
    ramp = entry.stop_accel * turns if entry.stop_accel is not None else None
    return Needs(
        entry.id, frozenset(modes), own.counts_per_turn, own.rated_torque, ramp,
        _SPEED_MARGIN * config.velocity_max * turns,
    )  # fmt: skip


@dataclass
class Card:
    """What a controller said of itself; None = it has no such object."""

    numbers: dict[Object, int | None] = field(default_factory=dict)
    name: str = ""
    software: str = ""

    def __getitem__(self, wanted: Object) -> int | None:
        return self.numbers.get(wanted)

    @property
    def counts_per_turn(self) -> float | None:
        """Position units of one turn of the motor: of its encoder, but where a feed constant gives them others."""
        feed, counts = self[codes.FEED], self[codes.COUNTS]
        if feed:
            gear = (self[codes.GEAR_MOTOR] or 1) / (self[codes.GEAR_SHAFT] or 1)
            return feed / (self[codes.FEED_TURNS] or 1) / gear
        return counts / (self[codes.TURNS] or 1) if counts else None

    @property
    def velocity_unit(self) -> str:
        unit = self[codes.VELOCITY_UNIT]
        return _UNITS.get(unit, f"unknown, {unit:#010x}") if unit else "counts/s"

    @property
    def modes(self) -> int:
        """Those of 0x6502; one that does not tell them must show at its watchdog test whether it has them."""
        modes = self[codes.SUPPORTED_MODES]
        return codes.ALL_MODES if modes is None else modes


class Setup:
    """One meeting.

    Attributes:
        card: what is known of it.
        commands, reports: objects of each PDO, those that it has.
        modes: of operation, for each of ours that it can do.
        consumer: what its heartbeat consumer was before.
        restarted: what was set at an earlier meeting is gone.
        known: who it is has been read.
    """

    def __init__(self, needs: Needs, *, looks_on: bool = False, met_before: bool = False) -> None:
        self._needs = needs
        self._looks_on, self._met_before = looks_on, met_before
        self.card = Card()
        self.commands: list[tuple[Object, ...]] = []
        self.reports: list[tuple[Object, ...]] = []
        self.modes: dict[AxisMode, int] = {}
        self.consumer = 0
        self._indispensable = {*_INDISPENSABLE, *(_TARGETS[mode] for mode in needs.modes)}
        self.known = self.restarted = False
        self._wrong: list[str] = []
        self.mismatch = f"no answer from CANopen node {needs.id}"

    # ------------------------------------------------------------------ script

    def script(self) -> Script:
        yield from _number(codes.DEVICE_TYPE)
        self.known = True
        judged: list[str] | None = None
        while True:
            before = judged
            yield from self._identify()
            judged = self._judged()
            if not judged or judged == before:
                break
        if not self._looks_on:
            yield from self._configure()
        self.mismatch = "; ".join((*judged, *self._wrong))

    def _identify(self) -> Script:
        for wanted in (
            codes.DEVICE_TYPE, codes.REVISION, codes.SUPPORTED_MODES, codes.CONSUMER, codes.PRODUCER,
            codes.ERROR_BEHAVIOUR, codes.ABORT_OPTION, codes.QUICK_STOP_OPTION, codes.FAULT_OPTION,
            codes.COUNTS, codes.TURNS, codes.FEED, codes.FEED_TURNS, codes.GEAR_MOTOR, codes.GEAR_SHAFT,
            codes.VELOCITY_UNIT, codes.RATED_TORQUE, codes.MAX_SPEED, codes.STOP_RAMP, codes.ERROR_CODE,
        ):  # fmt: skip
            self.card.numbers[wanted] = yield from _number(wanted)
        for wanted in (codes.VENDOR, codes.PRODUCT, codes.SERIAL):
            self.card.numbers[wanted] = yield from _certain(wanted)
        self.card.name = yield from _text(codes.NAME)
        self.card.software = yield from _text(codes.SOFTWARE)
        self.modes = codes.chosen(self.card.modes)
        self.mismatch = "its process data are not set up yet"

    def _configure(self) -> Script:
        self.restarted = self._met_before and self.card[codes.PRODUCER] != PRODUCER_MS
        self.consumer = self.card[codes.CONSUMER] or 0
        yield from self._set(codes.CONSUMER, codes.HOST_ID << 16 | WATCHDOG_MS)
        self.card.numbers[codes.CONSUMER] = yield from _number(codes.CONSUMER)
        yield from self._set(codes.PRODUCER, PRODUCER_MS)
        for wanted, value in ((codes.PERIOD, 10), (codes.PERIOD_POWER, -3)):
            if (yield from _number(wanted)) not in (None, value):
                yield from self._set(wanted, value)
        for number, wished in enumerate(COMMANDS):
            place = codes.pdo_objects(0x1400 + number, f"RPDO {number + 1}")
            self.commands.append((yield from self._map(place, codes.RPDO[number], _AT_ONCE, wished)))
        for number, wished in enumerate(REPORTS):
            place = codes.pdo_objects(0x1800 + number, f"TPDO {number + 1}")
            self.reports.append((yield from self._map(place, codes.TPDO[number], _SYNCHRONOUS, wished)))
        taken = {wanted for found in self.commands for wanted in found}
        if self._needs.rated_torque is not None and codes.MAX_TORQUE not in taken:
            self._wrong.append(f"{codes.MAX_TORQUE}: it has none that can be mapped")
        self.modes = {mode: code for mode, code in self.modes.items() if _TARGETS[mode] in taken}
        for number in (2, 3):  # what it might send besides
            unused = codes.pdo_objects(0x1800 + number, "").can_id
            can_id = yield from _number(unused)
            if can_id is not None and not can_id & _OFF:
                yield from _write(unused, can_id | _OFF)

    def _map(
        self, place: PdoObjects, function: int, kind: int, wished: tuple[Object, ...]
    ) -> Generator[Read | Write, bytes, tuple[Object, ...]]:
        """Set up one PDO with those of these objects that it has and maps; says which."""
        mapped = []
        for wanted in wished:
            if wanted in self._indispensable or (yield from _number(wanted)) is not None:
                mapped.append(wanted)
        refused = ""
        while mapped:
            refused, culprit = yield from self._fill(place, function + self._needs.id, kind, mapped)
            if culprit is None or culprit in self._indispensable:
                break
            mapped.remove(culprit)
        if not refused or not mapped:
            return tuple(mapped)
        if self._indispensable.intersection(mapped):
            pdo = place.count.name.partition(",")[0]
            self._wrong.append(f"{pdo}{f', {culprit}' if culprit else ''}: {refused}")
        return ()

    def _fill(
        self, place: PdoObjects, can_id: int, kind: int, mapped: list[Object]
    ) -> Generator[Read | Write, bytes, tuple[str, Object | None]]:
        """Switch it off, fill it, switch it on, read it all back; why not, and because of which object."""
        entries = list(zip(place.entries, [wanted.mapping for wanted in mapped], strict=False))
        rows = [(place.kind, kind), *entries, (place.count, len(mapped))]
        for _ in range(_TRIES):
            if (yield from self._reads([*rows, (place.can_id, can_id)])):
                return "", None
            steps = [(place.can_id, can_id | _OFF), (place.count, 0), *rows, (place.can_id, can_id)]
            for wanted, value in steps:
                refused = yield from _write(wanted, value)
                if refused:
                    places = [entry for entry, _ in entries]
                    return refused, mapped[places.index(wanted)] if wanted in places else None
        return "it does not keep what is written", None

    def _reads(self, rows: list[tuple[Object, int]]) -> Generator[Read | Write, bytes, bool]:
        """Whether all of them have these values."""
        for wanted, value in rows:
            got = yield from _number(wanted)
            if got is not None and wanted.name.endswith(", id"):
                got &= ~_NO_REMOTE
            if got != value:
                return False
        return True

    def _set(self, wanted: Object, value: int) -> Script:
        refused = ""
        for _ in range(_TRIES):
            refused = yield from _write(wanted, value)
            if refused or (yield from _number(wanted)) == value:
                break
        else:
            refused = "does not keep what is written"
        if refused:
            self._wrong.append(f"{wanted}: {refused}")

    # ------------------------------------------------------------------ judgement

    def _judged(self) -> list[str]:
        """What is not as it must be (promise S14)."""
        card, needs, wrong = self.card, self._needs, []

        def allow(wanted: Object, allowed: tuple[int, ...], why: str) -> None:
            value = card[wanted]
            if value is not None and value not in allowed:
                good = " or ".join(map(str, allowed))
                wrong.append(f"{wanted}: controller {value}, host needs {good}; {why}")

        device = card[codes.DEVICE_TYPE]
        if device is None or device & 0xFFFF != codes.PROFILE:
            profile = "none" if device is None else str(device & 0xFFFF)
            wrong.append(f"{codes.DEVICE_TYPE}: controller has profile {profile}, host {codes.PROFILE}")
        lacking = needs.modes - set(codes.chosen(card.modes))
        for mode in sorted(lacking):
            names = " or ".join(codes.MODE_NAMES[m] for m in codes.CHOICES[mode])
            wrong.append(f"{codes.SUPPORTED_MODES}: it has none for {mode.name.lower()}; host needs {names}")
        allow(codes.ERROR_BEHAVIOUR, (0, 2), "1 goes on without a host")
        allow(codes.ABORT_OPTION, (1, 3), "0 goes on without a host, 2 coasts")
        allow(codes.QUICK_STOP_OPTION, (1, 2, 5, 6), "others coast or stop without a ramp")
        if card[codes.ABORT_OPTION] == 1:
            allow(codes.FAULT_OPTION, (1, 2), "0 coasts")
        wrong += self._judged_units()
        return wrong

    def _judged_units(self) -> list[str]:
        card, needs, wrong = self.card, self._needs, []
        counts = card.counts_per_turn
        if needs.counts_per_turn is not None and counts not in (None, needs.counts_per_turn):
            wrong.append(f"{codes.COUNTS}: controller {counts:g} per turn, host {needs.counts_per_turn}")
        if needs.counts_per_turn is None and counts is None:
            wrong.append(f"{codes.COUNTS}: not told, so its turns are not known")
        if card.velocity_unit not in _UNITS.values():
            wrong.append(
                f"{codes.VELOCITY_UNIT}: {card.velocity_unit}; host knows {', '.join(_UNITS.values())}"
            )
        rated = card[codes.RATED_TORQUE]
        if needs.rated_torque is not None and rated and _differ(rated * 1e-3, needs.rated_torque):
            wrong.append(
                f"{codes.RATED_TORQUE}: controller {rated * 1e-3:g} N m, host {needs.rated_torque:g}"
            )
        per_turn = counts or needs.counts_per_turn or 0
        ramp = card[codes.STOP_RAMP]
        if needs.stop_ramp is not None and _differ(ramp or 0, needs.stop_ramp * per_turn):
            wrong.append(f"{codes.STOP_RAMP}: controller {ramp}, host {needs.stop_ramp * per_turn:.0f}")
        speed = card[codes.MAX_SPEED]
        if needs.speed_max is not None and speed is not None and speed > 60 * needs.speed_max:
            wrong.append(
                f"{codes.MAX_SPEED}: controller {speed} rpm, host {60 * needs.speed_max:.0f} at most"
            )
        return wrong

    # ------------------------------------------------------------------ what it is

    @property
    def serial_number(self) -> str:
        parts = (codes.VENDOR, codes.PRODUCT, codes.SERIAL)
        return "-".join(f"{self.card[part] or 0:08x}" for part in parts)

    def velocity_per_turn(self, counts_per_turn: float) -> float:
        """Its velocity units of one turn a second."""
        return _PER_TURN.get(self.card.velocity_unit, counts_per_turn)

    @property
    def found(self) -> Found | None:
        if not self.known:
            return None
        card = self.card
        details = {
            "register map": str((card[codes.DEVICE_TYPE] or 0) & 0xFFFF),
            "watchdog_ms": str((card[codes.CONSUMER] or 0) & 0xFFFF),
            "modes": ", ".join(n for m, n in codes.MODE_NAMES.items() if codes.supports(card.modes, m)),
            "velocity unit": card.velocity_unit,
            **{
                str(wanted): "not told" if card[wanted] is None else str(card[wanted])
                for wanted in (codes.ERROR_BEHAVIOUR, codes.ABORT_OPTION, codes.QUICK_STOP_OPTION)
            },
        }
        vendor, product = card[codes.VENDOR] or 0, card[codes.PRODUCT] or 0
        revision = card[codes.REVISION] or 0
        return Found(
            "cia402",
            self._needs.id,
            card.name or f"vendor {vendor:#x}, product {product:#x}",
            card.software or f"revision {revision >> 16}.{revision & 0xFFFF}",
            self.serial_number,
            details,
        )


def _differ(value: float, wanted: float) -> bool:
    return not abs(value - wanted) <= _SCALE_OFF * wanted


def _number(wanted: Object) -> Generator[Read | Write, bytes, int | None]:
    """Its value, None if there is no such object."""
    try:
        return wanted.decode((yield Read(wanted.mux)))
    except Refused:
        return None


def _certain(wanted: Object) -> Generator[Read | Write, bytes, int | None]:
    """As `_number`, of which two in a row were alike; of something that does not change."""
    last = yield from _number(wanted)
    while True:
        value = yield from _number(wanted)
        if value == last:
            return value
        last = value


def _text(index: int) -> Generator[Read | Write, bytes, str]:
    try:
        data = yield Read(index.to_bytes(2, "little") + b"\0")
    except Refused:
        return ""
    text = data.rstrip(b"\0").decode("ascii", "replace")
    return "".join(c for c in text if c.isprintable()).strip()


def _write(wanted: Object, value: int) -> Generator[Read | Write, bytes, str]:
    """Why it was refused; empty if it was not."""
    try:
        yield Write(wanted.mux, wanted.encode(value))
    except Refused as refusal:
        return codes.abort_text(refusal.code)
    return ""
