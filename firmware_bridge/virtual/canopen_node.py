"""A CANopen node as CiA 301 describes one: network state, object dictionary, SDO server, process data, heartbeats.

With what has hurt people: process data only in OPERATIONAL, mappings that may be changed only while their PDO is off, a
configuration that a restart takes away, a heartbeat consumer that waits only after the first beat, and silence
of who is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

INITIALISING, STOPPED, OPERATIONAL, PRE_OPERATIONAL = 0, 4, 5, 127
NO_OBJECT, NO_SUB, READ_ONLY, WRITE_ONLY = 0x06020000, 0x06090011, 0x06010002, 0x06010001
NOT_MAPPABLE, TOO_LONG, WRONG_SIZE, BAD_VALUE = 0x06040041, 0x06040042, 0x06070010, 0x06090030
NOT_NOW, BAD_COMMAND, BAD_TOGGLE = 0x08000022, 0x05040001, 0x05030000
_PDO_OFF = 1 << 31
_HEARTBEAT_LOST, _WRONG_LENGTH = 0x8130, 0x8210
_RECEIVED, _SENT = (0x1400, 0x1401, 0x1402, 0x1403), (0x1800, 0x1801, 0x1802, 0x1803)


@dataclass
class Entry:
    """One value of the dictionary."""

    size: int  # bytes
    value: int | bytes = 0
    signed: bool = False
    access: str = "rw"
    maps: str = ""  # r: may be received as process data, t: may be sent
    get: Callable[[], int] | None = None
    put: Callable[[int], None] | None = None

    def read(self) -> bytes:
        if isinstance(self.value, bytes):
            return self.value
        value = self.get() if self.get is not None else self.value
        return (value & (1 << 8 * self.size) - 1).to_bytes(self.size, "little")

    def write(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "little", signed=self.signed)
        if self.put is not None:
            self.put(self.value)


class CanopenNode:
    """One node; what it says collects in `outbox`.

    Attributes:
        state: of the network's state machine.
        entries: the dictionary, by (index, sub-index).
    """

    def __init__(self, node_id: int, now_us: Callable[[], int]) -> None:
        self.id = node_id
        self._now_us = now_us
        self.entries: dict[tuple[int, int], Entry] = {}
        self.outbox: list[tuple[int, bytes]] = []
        self.state = INITIALISING
        self._text, self._toggle = b"", 0

    def boot(self) -> None:
        """Communication as after switching on; says so."""
        self._define_communication()
        self._plan()
        self.state = PRE_OPERATIONAL
        self._beat_us = self._now_us()
        self._host_us: int | None = None  # when the host's heart beat last
        self._said: dict[int, bytes] = {}
        self._say(0x700, b"\0")

    def _define_communication(self) -> None:
        self.entries |= {
            (0x1001, 0): Entry(1, access="ro"),
            (0x1016, 0): Entry(1, 1, access="ro"),
            (0x1016, 1): Entry(4, 0),
            (0x1017, 0): Entry(2, 0),
        }
        mappings: dict[int, tuple[int, ...]] = {0x1A00: (0x60410010,), 0x1A01: (0x60410010, 0x60610008)}
        for number, index in enumerate((*_RECEIVED, *_SENT)):
            base = (0x200 if number < 4 else 0x180) + 0x100 * (number % 4)
            filled = mappings.get(index + 0x200, ())
            off = 0 if filled else _PDO_OFF
            self.entries[index, 0] = Entry(1, 2, access="ro")
            self.entries[index, 1] = Entry(4, base + self.id | off)
            self.entries[index, 2] = Entry(1, 255)
            self.entries[index + 0x200, 0] = Entry(1, len(filled))
            for sub in range(1, 9):
                value = filled[sub - 1] if sub <= len(filled) else 0
                self.entries[index + 0x200, sub] = Entry(4, value)

    def _say(self, function: int, data: bytes) -> None:
        self.outbox.append((function + self.id, data))

    def emergency(self, code: int) -> None:
        register = 0x11 if code >> 8 == 0x81 else int(code != 0)
        self.entries[0x1001, 0].value = register
        self._say(0x080, code.to_bytes(2, "little") + bytes((register, 0, 0, 0, 0, 0)))

    # ------------------------------------------------------------------ time

    def tick(self) -> None:
        """What is due by time."""
        now_us = self._now_us()
        period_us = 1000 * self._value(0x1017)
        if period_us and now_us - self._beat_us >= period_us:
            self._beat_us = now_us
            self._say(0x700, bytes((self.state,)))
        wait_us = 1000 * (self._value(0x1016, 1) & 0xFFFF)
        if wait_us and self._host_us is not None and now_us - self._host_us >= wait_us and self.waits():
            self._host_us = None
            self.emergency(_HEARTBEAT_LOST)
            behaviour = self._value(0x1029, 1)
            if behaviour == 2:
                self.state = STOPPED
            elif behaviour == 0 and self.state == OPERATIONAL:
                self.state = PRE_OPERATIONAL
            self.lose_host()
        if self.state == OPERATIONAL:
            for can_id, entries in self._on_change:
                data = _packed(entries)
                if self._said.get(can_id) != data:
                    self._said[can_id] = data
                    self.outbox.append((can_id, data))

    def waits(self) -> bool:
        """Whether its consumer works at all."""
        return True

    def lose_host(self) -> None:
        """What the device does then."""

    def written(self) -> None:
        """Something of the dictionary has been written, by process data or SDO."""

    def _value(self, index: int, sub: int = 0) -> int:
        entry = self.entries.get((index, sub))
        return entry.value if entry is not None and isinstance(entry.value, int) else 0

    # ------------------------------------------------------------------ frames

    def take(self, can_id: int, data: bytes) -> None:
        """A frame of the bus."""
        if can_id == 0x000:
            if len(data) == 2 and data[1] in (0, self.id):
                self._manage(data[0])
        elif can_id == 0x080:
            if self.state == OPERATIONAL and len(data) <= 1:
                self._report()
        elif can_id == 0x600 + self.id:
            if self.state in (PRE_OPERATIONAL, OPERATIONAL) and len(data) == 8:
                self._say(0x580, self._serve(data))
        elif can_id >> 7 == 0x700 >> 7:
            if len(data) == 1 and can_id & 0x7F == self._value(0x1016, 1) >> 16 & 0x7F:
                self._host_us = self._now_us()
                self.hear_host()
        elif self.state == OPERATIONAL and can_id in self._taken:
            self._receive(self._taken[can_id], data)

    def hear_host(self) -> None:
        """Its heart has beaten."""

    def _manage(self, command: int) -> None:
        if command in (0x81, 0x82):
            self.restart()
        elif command in (0x01, 0x02, 0x80):
            self.state = {0x01: OPERATIONAL, 0x02: STOPPED, 0x80: PRE_OPERATIONAL}[command]
            self._said = {}

    def restart(self) -> None:
        self.boot()

    # ------------------------------------------------------------------ process data

    def _plan(self) -> None:
        """What its PDOs carry, as they are set up now."""
        self._taken: dict[int, list[Entry]] = {}
        self._on_sync: list[tuple[int, list[Entry]]] = []
        self._on_change: list[tuple[int, list[Entry]]] = []
        for index in (*_RECEIVED, *_SENT):
            can_id, kind = self._value(index, 1), self._value(index, 2)
            if can_id & _PDO_OFF:
                continue
            numbers = [self._value(index + 0x200, sub + 1) for sub in range(self._value(index + 0x200))]
            entries = [self.entries[number >> 16, number >> 8 & 0xFF] for number in numbers]
            if index in _RECEIVED:
                self._taken[can_id & 0x7FF] = entries
            elif kind == 1:
                self._on_sync.append((can_id & 0x7FF, entries))
            elif kind >= 254:
                self._on_change.append((can_id & 0x7FF, entries))

    def _report(self) -> None:
        for can_id, entries in self._on_sync:
            self.outbox.append((can_id, _packed(entries)))

    def _receive(self, entries: list[Entry], data: bytes) -> None:
        if len(data) != sum([entry.size for entry in entries]):
            self.emergency(_WRONG_LENGTH)
            return
        for entry in entries:
            entry.write(data[: entry.size])
            data = data[entry.size :]
        self.written()

    # ------------------------------------------------------------------ SDO server

    def _serve(self, data: bytes) -> bytes:
        command, mux = data[0] >> 5, data[1:4]
        index, sub = int.from_bytes(mux[:2], "little"), mux[2]
        if command == 3:
            return self._next_segment(data[0] >> 4 & 1)
        self._text = b""
        entry = self.entries.get((index, sub))
        code = 0
        if command not in (1, 2):
            code = BAD_COMMAND
        elif entry is None:
            code = NO_SUB if any(known == index for known, _ in self.entries) else NO_OBJECT
        elif command == 1:
            code = self._store(index, sub, entry, data)
            if not code:
                return b"\x60" + mux + bytes(4)
        elif entry.access == "wo":
            code = WRITE_ONLY
        else:
            value = entry.read()
            if len(value) <= 4:
                return bytes((0x43 | (4 - len(value)) << 2,)) + mux + value.ljust(4, b"\0")
            self._text, self._toggle = value, 0
            return b"\x41" + mux + len(value).to_bytes(4, "little")
        return b"\x80" + mux + code.to_bytes(4, "little")

    def _next_segment(self, toggle: int) -> bytes:
        if toggle != self._toggle or not self._text:
            return b"\x80\0\0\0" + BAD_TOGGLE.to_bytes(4, "little")
        said, self._text = self._text[:7], self._text[7:]
        self._toggle ^= 1
        head = toggle << 4 | (7 - len(said)) << 1 | (not self._text)
        return bytes((head,)) + said.ljust(7, b"\0")

    def _store(self, index: int, sub: int, entry: Entry, data: bytes) -> int:
        """Abort code, 0 if it is stored."""
        size = 4 - (data[0] >> 2 & 3)
        if not data[0] & 2:
            return BAD_COMMAND  # nothing here is longer than four bytes
        if entry.access in ("ro", "const"):
            return READ_ONLY
        if size != entry.size:
            return WRONG_SIZE
        value = int.from_bytes(data[4 : 4 + size], "little")
        if 0x1600 <= index < 0x1800 or 0x1A00 <= index < 0x1C00:
            code = self._may_map(index, sub, value)
            if code:
                return code
        elif sub == 1 and (index in _RECEIVED or index in _SENT):
            if not (value | self._value(index, 1)) & _PDO_OFF:
                return NOT_NOW
            if (value ^ self._value(index, 1)) & 0x7FF:
                return BAD_VALUE  # it keeps to the predefined ids
        entry.write(data[4 : 4 + size])
        if 0x1400 <= index < 0x1C00:
            self._plan()
        self.written()
        return 0

    def _may_map(self, index: int, sub: int, value: int) -> int:
        if not self._value(index - 0x200, 1) & _PDO_OFF:
            return NOT_NOW
        if sub:
            if self._value(index):
                return NOT_NOW
            wanted = self.entries.get((value >> 16, value >> 8 & 0xFF))
            if wanted is None:
                return NO_OBJECT
            direction = "r" if index < 0x1800 else "t"
            return 0 if direction in wanted.maps and 8 * wanted.size == value & 0xFF else NOT_MAPPABLE
        if value > 8:
            return BAD_VALUE
        bits = sum(self._value(index, place) & 0xFF for place in range(1, value + 1))
        return TOO_LONG if bits > 64 else 0


def _packed(entries: list[Entry]) -> bytes:
    return b"".join([entry.read() for entry in entries])
