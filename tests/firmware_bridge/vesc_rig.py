"""VESCs on one port with their motors on trivial mechanics, the host's bus, and the line between, in lockstep."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from board_rig import PROFILE, TICK_NS, SpringMass

from firmware_bridge.axes import axis_configs
from firmware_bridge.drivers.axis import AxisSetpoint, AxisState
from firmware_bridge.drivers.vesc import VescBus
from firmware_bridge.drivers.vesc_axis import VescDriver
from firmware_bridge.drivers.vesc_codec import Comm
from firmware_bridge.drivers.vesc_feedback import VescAxis
from firmware_bridge.ports import MemoryPair, Transport
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from firmware_bridge.virtual.vesc import VescPort, VirtualVesc, _Received
from robot.messages import Axis, AxisFault, AxisMode

FRONT, MIDDLE, REAR, CABLE = Axis.TRACTION_FRONT, Axis.TRACTION_MIDDLE, Axis.TRACTION_REAR, Axis.CABLE


def wheel(id_: int, can: bool) -> VescAxis:
    return VescAxis(
        id=id_, pole_pairs=7, travel_per_turn=2 * math.pi / 60, effort_per_a=1.2, current_max_a=12.5, brake_a=5.0,
        erpm_max=56_000.0, can=can,
    )  # fmt: skip


WIRING = {
    FRONT: wheel(1, can=False),
    MIDDLE: wheel(2, can=True),
    REAR: wheel(3, can=True),
    CABLE: VescAxis(
        id=4, pole_pairs=7, travel_per_turn=0.018, effort_per_a=-6.7, current_max_a=6.0, brake_a=3.0,
        erpm_max=37_000.0, can=True,
    ),
}  # fmt: skip
EFFORT_MAX = WIRING[FRONT].effort_max

TREMBLE = 0.3  # rad/s or m/s, by which a reading may differ from what was

HOLD = AxisSetpoint(AxisMode.HOLD, 0.0, 0.0, EFFORT_MAX)


def velocity(target: float, limit: float = EFFORT_MAX) -> AxisSetpoint:
    return AxisSetpoint(AxisMode.VELOCITY, target, 0.0, limit)


def effort(target: float, limit: float = 40.0) -> AxisSetpoint:
    return AxisSetpoint(AxisMode.EFFORT, target, 0.0, limit)


class Witness:
    """Between the host and its end of the line: what the host says, before anything spoils it."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.payloads: list[bytes] = []
        self.newest: list[bytes] = []

    def read(self) -> bytes:
        return self._inner.read()

    def write(self, data: bytes) -> None:
        said = _Received().take(data)
        self.newest = [payload[2:] if payload[0] == Comm.FORWARD_CAN else payload for payload in said]
        self.payloads += self.newest
        self._inner.write(data)

    def close(self) -> None:
        self._inner.close()


def moves(payloads: list[bytes]) -> list[bytes]:
    """Orders that move something."""
    return [p for p in payloads if p[0] in (Comm.SET_RPM, Comm.SET_CURRENT) and any(p[1:])]


class VescRig:
    """`wrap` may put something between the host and its end of the line, `pair` may be any two ends."""

    def __init__(
        self,
        wiring: dict[Axis, VescAxis] = WIRING,
        wrap: Callable[[Transport], Transport] = lambda port: port,
        pair: MemoryPair | None = None,
    ) -> None:
        self.t_ns = 0
        self.pair = pair or MemoryPair()
        self.mechanics = SpringMass(PROFILE)
        self.bank = DriveBank(axis_configs(PROFILE), self.mechanics, PROFILE.power.brake_s, tuple(wiring))
        self.bank.relay = True
        self.vescs = {axis: VirtualVesc(self.bank, axis, built) for axis, built in wiring.items()}
        self.port = VescPort(self.pair.device, list(self.vescs.values()))
        self.witness = Witness(wrap(self.pair.host))
        self.bus = VescBus(self.witness, wiring)
        self._truth: dict[Axis, deque[float]] = {axis: deque(maxlen=1000) for axis in wiring}
        self.setpoints: dict[Axis, AxisSetpoint] = {}
        self.life_ns = 150_000_000

    @property
    def front(self) -> VescDriver:
        return self.bus.axes[FRONT]

    def state(self, axis: Axis = FRONT) -> AxisState:
        return self.bus.axes[axis].state

    def speed(self, axis: Axis = FRONT) -> float:
        """What the axis really does."""
        return float(self.mechanics.velocity[axis])

    def advance_world(self) -> None:
        self.t_ns += TICK_NS
        self.port.advance()
        while self.bank.now_us + STEP_US <= self.t_ns // 1000:
            self.bank.step(self.bank.now_us)

    def tick(self, silent: bool = False) -> None:
        """One period: the controllers run, the host reads, wishes and sends."""
        self.advance_world()
        if silent:
            return
        self.witness.newest = []
        self.bus.poll(self.t_ns)
        for axis, setpoint in self.setpoints.items():
            self.bus.axes[axis].command(setpoint, self.t_ns + self.life_ns)
        self.bus.send(self.t_ns)
        self.judge()

    def judge(self) -> None:
        """What holds under every fault: no wild reading is taken, and what has a fault is not told to move."""
        for axis, driver in self.bus.axes.items():
            truth, state = self._truth[axis], driver.state
            truth.append(self.speed(axis))
            recent = [*truth][-2 - (self.t_ns - state.t_ns) // TICK_NS :]
            if state.t_ns and len(recent) > 1:
                assert min(recent) - TREMBLE <= state.velocity <= max(recent) + TREMBLE
        if all(driver.state.fault != AxisFault.NONE for driver in self.bus.axes.values()):
            assert not moves(self.witness.newest)

    def run(self, seconds: float, silent: bool = False) -> None:
        for _ in range(round(seconds * 100)):
            self.tick(silent)

    def wish(self, **axes: AxisSetpoint) -> None:
        self.setpoints = {Axis[name.upper()]: setpoint for name, setpoint in axes.items()}

    def prepare(self) -> None:
        """Meet everybody and see every watchdog act."""
        self.run(0.15)
        for driver in self.bus.axes.values():
            driver.test_watchdog()
        self.run(0.55 if any(vesc.settings.timeout_ms != 150 for vesc in self.vescs.values()) else 0.25)

    def arm(self) -> None:
        self.prepare()
        for driver in self.bus.axes.values():
            driver.arm()
        self.run(0.1)

    def drive(self, speed: float = 6.0) -> None:
        """Armed, the wheels turning, the cable pulled."""
        self.arm()
        wheels = {
            axis.name.lower(): velocity(speed) for axis in (FRONT, MIDDLE, REAR) if axis in self.bus.axes
        }
        cable = {"cable": effort(0.5)} if CABLE in self.bus.axes else {}
        self.wish(**wheels, **cable)
        self.run(0.5)
