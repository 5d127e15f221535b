"""Bytes of slcan, CANopen and CiA 402 against `python-can` and `canopen`, which neither end here shares code with.

The packages' classes are fed by hand, so nothing waits: what they send is answered before they look for it.
"""

from __future__ import annotations

import random
import struct

import can
import canopen
import pytest
import serial
from board_rig import TICK_NS
from can.interfaces.slcan import slcanBus
from canopen.emcy import EmcyConsumer
from canopen.objectdictionary import ODArray, ODRecord, ODVariable, datatypes
from canopen.profiles.p402 import State402
from cia402_rig import CABLE, FEW, FRONT, ROTOR, CiaRig, driving
from fleet_rig import only

from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.canopen_sdo import Dialog, Read, Refused, Write
from firmware_bridge.drivers.slcan import BIT_RATES, LINE_MAX, Slcan
from firmware_bridge.ports import MemoryPair
from firmware_bridge.virtual import cia402 as virtual
from firmware_bridge.virtual.slcan import SPEEDS, VirtualSlcan
from robot.messages import Axis


def host(bit_rate: int = 1_000_000) -> tuple[Slcan, MemoryPair]:
    pair = MemoryPair()
    return Slcan(pair.host, bit_rate), pair


# ---------------------------------------------------------------- slcan


@pytest.fixture
def library():
    """python-can's adapter on a line that gives back what is written."""
    bus = slcanBus("loop://", bitrate=1_000_000, sleep_after_open=0.0)
    yield bus
    bus.shutdown()


def written(bus: slcanBus) -> bytes:
    port: serial.Serial = bus.serialPortOrig
    return port.read(port.in_waiting)


def test_opening_is_that_of_the_library(library: slcanBus):
    port, pair = host()
    port.open()
    port.flush()
    ours, theirs = (list(dict.fromkeys(d.split(b"\r"))) for d in (pair.device.read(), written(library)))
    assert [line for line in ours if line] == [line for line in theirs if line] == [b"C", b"S8", b"O"]


def test_frames_go_out_as_the_library_writes_them(library: slcanBus):
    written(library)
    port, pair = host()
    chance = random.Random(3)
    for size in range(9):
        data = chance.randbytes(size)
        can_id = chance.randrange(0x800)
        port.queue(can_id, data)
        port.flush()
        library.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=False))
        assert pair.device.read() == written(library)


def test_frames_come_in_as_the_library_reads_them(library: slcanBus):
    written(library)
    pair = MemoryPair()

    class Node:
        id, is_starting, outbox = 1, False, []

        def look(self) -> None:
            self.outbox.append((0x181, b"\x37\x12\x09\xff\xfe\xfd\xfc"))

        def take(self, can_id: int, data: bytes) -> None: ...

    far = VirtualSlcan(pair.device, [Node()], SPEEDS.index(1_000_000))
    pair.host.write(b"S8\rO\r")
    far.advance()
    pair.host.read()
    far.advance()
    line = pair.host.read()
    library.serialPortOrig.write(line)
    message = library.recv(0.1)
    (ours,) = Slcan(pair.host).parse(line)
    assert ours == (message.arbitration_id, bytes(message.data)) == (0x181, b"\x37\x12\x09\xff\xfe\xfd\xfc")


def test_bit_rates_are_those_of_the_library():
    for rate, name in slcanBus._BITRATES.items():
        if name not in ("S7", "S9"):  # 800 kbit/s in the protocol's manual; the library's own
            assert name == f"S{BIT_RATES[rate]}"
    assert tuple(BIT_RATES) == SPEEDS


@pytest.mark.parametrize(
    "line",
    [
        b"t18", b"t1811", b"t181100FF", b"t1818001122334455667", b"t18190011223344556677AA", b"t181:1122", b"tZZZ100",
        b"t+811AA", b"t 811AA", b"t1_11AA", b"t1812A A", b"t1811G0", b"t9991AA", "t1811ü".encode("latin-1"), b"x",
        b"t181200AA00FF", b"t18110x",
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_frame_is_dropped_and_counted(line: bytes):
    port, _ = host()
    assert port.parse(line + b"\rt1811AA\r") == [(0x181, b"\xaa")]
    assert port.bad == 1


def test_a_bell_is_an_answer_of_its_own():
    port, _ = host()
    assert port.parse(b"\a\az\rt1811AA\r\a\r") == [(0x181, b"\xaa")]
    assert port.refused == 3
    assert port.bad == 0


def test_closing_what_is_not_open_is_no_fault():
    pair = MemoryPair()
    port = Slcan(pair.host)
    port.open()
    port.flush()
    VirtualSlcan(pair.device, [], 8).advance()
    port.receive()
    assert (port.refused, port.bad) == (0, 0)


def test_frames_come_in_whatever_pieces():
    port, _ = host()
    stream = b"z\r" + b"t1817371209FFFEFDFC\r" * 5 + b"\at0810\r"
    whole = [frame for byte in stream for frame in port.parse(bytes((byte,)))]
    assert whole == [(0x181, b"\x37\x12\x09\xff\xfe\xfd\xfc")] * 5 + [(0x081, b"")]


def fuzz_line(count: int, seed: int) -> None:
    """Noise of bytes that frames are made of, and of any; the second good frame after it is taken."""
    port, _ = host()
    chance = random.Random(seed)
    alphabet = b"tT0123456789ABCDEFabcdef\r\r\azS\x00\xff\n "
    for turn in range(count):
        size = chance.randrange(40)
        noise = bytes(chance.choices(alphabet, k=size)) if turn % 2 else chance.randbytes(size)
        port.parse(noise)
        assert len(port._rest) <= LINE_MAX
        if turn % 16 == 0:
            assert (0x7AB, b"\x12\x34") in port.parse(b"t7AB21234\rt7AB21234\r")


def test_noise_does_not_deafen_the_line():
    fuzz_line(4000, seed=1)


@pytest.mark.acceptance
@pytest.mark.timeout(1200)
def test_a_million_pieces_of_noise_do_not_deafen_the_line():
    fuzz_line(1_000_000, seed=2)


def fuzz_virtual_line(count: int, seed: int) -> None:
    pair = MemoryPair()
    far = VirtualSlcan(pair.device, [], 8)
    chance = random.Random(seed)
    for turn in range(count):
        pair.host.write(chance.randbytes(chance.randrange(60)))
        far.advance()
        assert len(far._buffer) <= 32
        if turn % 16 == 0:
            pair.host.read()
            pair.host.write(b"\rC\rV\r")
            far.advance()
            assert b"V1013\r" in pair.host.read()


def test_noise_does_not_deafen_the_virtual_adapter():
    fuzz_virtual_line(4000, seed=1)


@pytest.mark.acceptance
@pytest.mark.timeout(1200)
def test_a_million_pieces_of_noise_do_not_deafen_the_virtual_adapter():
    fuzz_virtual_line(1_000_000, seed=2)


# ---------------------------------------------------------------- SDO: our client, the package's server


class Wire:
    """A bus for the package's network that hands over at once what it sends."""

    def __init__(self, deliver) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self._deliver = deliver

    channel_info = "wire"

    def send(self, message: can.Message, timeout: float | None = None) -> None:
        self.sent.append((message.arbitration_id, bytes(message.data)))
        self._deliver(message.arbitration_id, bytes(message.data))


def dictionary() -> canopen.ObjectDictionary:
    """The objects that the tests ask for."""
    od = canopen.ObjectDictionary()
    for wanted in (codes.DEVICE_TYPE, codes.PRODUCER, codes.POSITION, codes.VELOCITY, codes.STATUSWORD, codes.MODE,
                   codes.CONTROLWORD, codes.MODE_SHOWN, codes.TORQUE, codes.TARGET_VELOCITY, codes.TORQUE_AHEAD,
                   codes.MAX_TORQUE, codes.TARGET_POSITION, codes.SPEED_AHEAD, codes.TARGET_TORQUE):  # fmt: skip
        variable = ODVariable(wanted.name, wanted.index, wanted.sub)
        variable.data_type = wanted.type.data_type
        variable.value = 0x1234 if wanted is codes.PRODUCER else 0
        od.add_object(variable)
    name = ODVariable("name", 0x1008, 0)
    name.data_type, name.value = datatypes.VISIBLE_STRING, "a drive with quite a long name"
    od.add_object(name)
    for index, title in [(0x1400 + n, f"RPDO{n}") for n in range(4)] + [
        (0x1800 + n, f"TPDO{n}") for n in range(4)
    ]:
        record, mapping = ODRecord(title, index), ODArray(f"{title} map", index + 0x200)
        kinds = (datatypes.UNSIGNED8, datatypes.UNSIGNED32, datatypes.UNSIGNED8, datatypes.UNSIGNED16)
        for sub, kind in enumerate(kinds):
            member = ODVariable(f"sub {sub}", index, sub)
            member.data_type = kind
            record.add_member(member)
        for sub in range(5):
            member = ODVariable(f"entry {sub}", index + 0x200, sub)
            member.data_type = datatypes.UNSIGNED32 if sub else datatypes.UNSIGNED8
            mapping.add_member(member)
        od.add_object(record)
        od.add_object(mapping)
    return od


def carry_out(script_of) -> list:
    """Our script against the package's node."""
    got: list = []
    network = canopen.Network()
    dialog = Dialog(script_of(got))
    answers: list[bytes] = []
    network.bus = Wire(lambda can_id, data: answers.append(data))
    network.add_node(canopen.LocalNode(7, dictionary()))
    for turn in range(200):
        frame = dialog.next_frame(turn * 10_000_000)
        if frame is not None:
            network.notify(0x607, bytearray(frame), 0.0)
        for answer in answers:
            dialog.hear(answer)
        answers.clear()
    assert dialog.over
    assert not dialog.failed
    return got


def test_numbers_are_read_and_written_as_the_package_serves_them():
    def script(got):
        got.append(codes.PRODUCER.decode((yield Read(codes.PRODUCER.mux))))
        yield Write(codes.TARGET_POSITION.mux, codes.TARGET_POSITION.encode(-70000))
        got.append(codes.TARGET_POSITION.decode((yield Read(codes.TARGET_POSITION.mux))))
        yield Write(codes.MODE.mux, codes.MODE.encode(-1))
        got.append(codes.MODE.decode((yield Read(codes.MODE.mux))))

    assert carry_out(script) == [0x1234, -70000, -1]


def test_texts_are_read_in_segments():
    def script(got):
        got.append((yield Read(b"\x08\x10\x00")))

    assert carry_out(script) == [b"a drive with quite a long name"]


def test_a_refusal_is_told_with_the_packages_text():
    def script(got):
        for mux in (b"\x99\x60\x00", b"\x18\x14\x00", b"\x00\x14\x09"):
            try:
                yield Read(mux)
            except Refused as refusal:
                got.append(codes.abort_text(refusal.code))

    assert carry_out(script) == ["object does not exist", "object does not exist", "subindex does not exist"]


def test_garbled_answers_are_no_answers():
    chance = random.Random(5)
    got: list[bytes] = []

    def script():
        got.append((yield Read(b"\x00\x10\x00")))

    dialog = Dialog(script())
    dialog.next_frame(0)
    for _ in range(5000):
        noise = bytearray(chance.randbytes(chance.choice((0, 4, 8, 8, 8))))
        if noise[1:4] == b"\x00\x10\x00":
            continue
        dialog.hear(bytes(noise))
    dialog.hear(b"\x43\x00\x10\x00\x92\x01\x02\x00")
    assert got == [b"\x92\x01\x02\x00"]


# ---------------------------------------------------------------- the package's client, our virtual drive


@pytest.fixture
def rig() -> CiaRig:
    return driving(CiaRig(only(FRONT, ROTOR, CABLE, drives=FEW)))


@pytest.fixture
def remote(rig: CiaRig) -> canopen.RemoteNode:
    """The package's view of the front wheel's drive, while our host drives it."""
    device = rig.device(FRONT)
    network = canopen.Network()

    def deliver(can_id: int, data: bytes) -> None:
        device.take(can_id, data)
        said, device.outbox[:] = list(device.outbox), []
        for answer_id, answer in said:
            network.notify(answer_id, bytearray(answer), 0.0)

    network.bus = Wire(deliver)
    return network.add_node(canopen.RemoteNode(device.id, dictionary()))


def test_the_package_reads_what_the_drive_is(remote: canopen.RemoteNode):
    assert remote.sdo[0x1000].raw == 0x00020192
    assert remote.sdo[0x1008].raw == "Virtual CiA 402 drive"
    assert remote.sdo[0x1017].raw == 100
    assert State402.SW_MASK["OPERATION ENABLED"][1] == remote.sdo[0x6041].raw & 0x6F
    with pytest.raises(canopen.SdoAbortedError, match="read only"):
        remote.sdo[0x1000].raw = 1


def test_the_package_finds_the_process_data_that_we_have_set_up(rig: CiaRig, remote: canopen.RemoteNode):
    remote.rpdo.read()
    remote.tpdo.read()
    device = rig.device(FRONT)
    assert [entry.index for entry in remote.tpdo[1].map] == [0x6041, 0x6061, 0x6064]
    assert [entry.index for entry in remote.tpdo[2].map] == [0x606C, 0x6077]
    assert (remote.tpdo[1].cob_id, remote.tpdo[1].trans_type) == (0x181, 1)
    device.outbox.clear()
    device.take(0x080, b"")
    for can_id, data in device.outbox:
        remote.network.notify(can_id, bytearray(data), 0.0)
    counts = rig.axis(FRONT).feedback._scale.counts_per_turn
    turns = rig.mechanics.position[FRONT] * 1.432394
    assert remote.tpdo[1]["position"].raw / counts == pytest.approx(turns, abs=0.3)
    assert remote.tpdo[1]["mode of operation display"].raw == 9
    assert remote.tpdo[2]["velocity"].raw == pytest.approx(6.0 * 1.432394 * counts, rel=0.05)


def test_our_commands_are_what_the_package_packs(rig: CiaRig, remote: canopen.RemoteNode):
    remote.rpdo.read()
    commands = rig.axis(FRONT)._motion._commands
    counts, rated = 65536, 1.7
    cases = (
        (1, commands.control(0x0F, 9), {"controlword": 0x0F, "mode of operation": 9}),
        (2, commands.velocity(-2.5, 0.17, 1.7),
         {"target velocity": -163840, "torque offset": 100, "largest torque": 1000}),
        (3, commands.position(1.5, 0.25), {"target position": 98304, "velocity offset": 16384}),
        (4, commands.torque(-0.85, 0.34), {"target torque": -500, "largest torque": 200}),
    )  # fmt: skip
    assert (counts, rated) == (commands._scale.counts_per_turn, commands._scale.rated_torque)
    for number, (can_id, data), values in cases:
        pdo = remote.rpdo[number]
        for name, value in values.items():
            pdo[name].raw = value
        assert (can_id, data) == (pdo.cob_id, bytes(pdo.data))


def test_emergencies_and_heartbeats_are_what_the_package_reads(rig: CiaRig, remote: canopen.RemoteNode):
    rig.line.host.read()
    for _ in range(30):  # the host neither speaks nor listens
        rig.t_ns += TICK_NS
        rig.far.advance()
        rig.board.advance(rig.t_ns)
    emergency = EmcyConsumer()
    for can_id, data in spoken(rig):
        if can_id == 0x081:
            emergency.on_emcy(can_id, data, 0.0)
        elif can_id == 0x701:
            remote.nmt.on_heartbeat(can_id, data, 0.0)
    assert [(e.code, e.register) for e in emergency.log] == [(codes.HEARTBEAT_LOST, 0x11)]
    assert rig.device(FRONT).error == codes.HEARTBEAT_LOST
    assert remote.nmt.state == "PRE-OPERATIONAL"


def spoken(rig: CiaRig) -> list[tuple[int, bytes]]:
    """What has come over the line and nobody has read."""
    return Slcan(MemoryPair().host).parse(rig.line.host.read())


def test_the_host_sends_what_the_package_would(rig: CiaRig):
    rig.line.device.read()
    rig.bus.send(rig.t_ns + 20_000_000)
    said = dict(Slcan(MemoryPair().host).parse(rig.line.device.read()))
    assert said[0x080] == b""  # SYNC without a counter
    assert said[0x77F] == bytes((5,))  # NMT_STATES: operational
    questions = [data for can_id, data in said.items() if can_id >> 7 == 0x600 >> 7]
    assert [data[0] for data in questions] == [0x40]


# ---------------------------------------------------------------- state machine

STATES = {
    "SWITCH ON DISABLED": virtual.SWITCH_ON_DISABLED, "READY TO SWITCH ON": virtual.READY_TO_SWITCH_ON,
    "SWITCHED ON": virtual.SWITCHED_ON, "OPERATION ENABLED": virtual.OPERATION_ENABLED,
    "QUICK STOP ACTIVE": virtual.QUICK_STOP_ACTIVE, "FAULT": virtual.FAULT,
}  # fmt: skip


def test_a_statusword_is_the_packages_state():
    for word in range(0x80):
        state = next((s for s, (mask, bits) in State402.SW_MASK.items() if word & mask == bits), None)
        assert codes.STATES[word] == state
    for name, word in STATES.items():
        assert codes.STATES[word] == name


@pytest.mark.parametrize(
    ("change", "word"),
    [(change, word) for change, word in State402.TRANSITIONTABLE.items() if change[0] in STATES],
    ids=str,
)
def test_the_virtual_drive_changes_its_state_as_the_packages_table(change: tuple[str, str], word: int):
    before, after = change
    rig = CiaRig(only(Axis.ROTOR, drives=FEW))
    device = rig.device(Axis.ROTOR)
    if before == "QUICK STOP ACTIVE":
        device.entries[0x605A, 0].value = 6
    device.drive_state = STATES[before]
    device._control(word)
    assert device.drive_state == STATES[after]


def test_a_fault_is_reset_by_an_edge_and_not_by_a_level():
    rig = CiaRig(only(Axis.ROTOR, drives=FEW))
    device = rig.device(Axis.ROTOR)
    device._control(0x80)
    device._fail(0x2310, virtual.FAULT)
    device._control(0x80)
    assert device.drive_state == virtual.FAULT
    device._control(0x00)
    device._control(0x80)
    assert device.drive_state == virtual.SWITCH_ON_DISABLED


# ---------------------------------------------------------------- process data of the node


def node() -> tuple[CiaRig, virtual.VirtualCia402]:
    rig = CiaRig(only(Axis.ROTOR, drives=FEW))
    return rig, rig.device(Axis.ROTOR)


def written_to(device, index: int, sub: int, value: int, size: int) -> int:
    """Abort code of a write, 0 if it was taken."""
    device.outbox.clear()
    head = 0x23 | (4 - size) << 2
    device.take(0x600 + device.id, struct.pack("<BHBI", head, index, sub, value))
    answer = device.outbox[-1][1]
    return struct.unpack("<I", answer[4:])[0] if answer[0] == 0x80 else 0


def test_a_mapping_changes_only_while_its_pdo_is_off():
    _, device = node()
    assert written_to(device, 0x1A00, 0, 0, 1) == 0x08000022
    assert written_to(device, 0x1800, 1, 0x80000187, 4) == 0
    assert written_to(device, 0x1A00, 1, 0x60640020, 4) == 0x08000022  # while it counts
    assert written_to(device, 0x1A00, 0, 0, 1) == 0
    assert written_to(device, 0x1A00, 1, 0x60640020, 4) == 0
    assert written_to(device, 0x1A00, 2, 0x12340020, 4) == 0x06020000
    assert written_to(device, 0x1A00, 2, 0x60400010, 4) == 0x06040041  # is only received
    assert written_to(device, 0x1A00, 2, 0x606C0020, 4) == 0
    assert written_to(device, 0x1A00, 3, 0x60770010, 4) == 0
    assert written_to(device, 0x1A00, 0, 3, 1) == 0x06040042
    assert written_to(device, 0x1A00, 0, 2, 1) == 0
    assert written_to(device, 0x1017, 0, 100, 4) == 0x06070010


def test_process_data_flow_in_operational_only():
    _, device = node()
    device.outbox.clear()
    written_to(device, 0x1801, 2, 1, 1)
    device.take(0x080, b"")
    assert not [i for i, _ in device.outbox if i == 0x287]
    device.take(0x000, bytes((0x01, device.id)))
    device.take(0x080, b"")
    assert [i for i, _ in device.outbox if i == 0x287]


def test_the_watchdog_begins_with_the_first_beat():
    rig, device = node()
    written_to(device, 0x1016, 1, 127 << 16 | 150, 4)
    rig.board.drives.uptime_us += 1_000_000
    device.tick()
    assert not device.error
    device.take(0x77F, b"\x05")
    rig.board.drives.uptime_us += 160_000
    device.outbox.clear()
    device.tick()
    assert (0x087, b"\x30\x81\x11\0\0\0\0\0") in device.outbox
    assert device.error == 0x8130
