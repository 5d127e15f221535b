"""The monitor: which conditions hold now, judged from what is measured and what was commanded.

Every row of the fault matrix that the brain can notice ends in a condition of the event table, within that
row's deadline. Losses of single inputs are found by the estimator, which names them in its `health`; here
they become conditions. A condition begins after it was true for its time to trip and ends after it was
false for its time to clear, so that a flickering cause is one condition and not many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from robot.messages import (
    GRIP,
    TRACTION,
    Axis,
    AxisFault,
    AxisLimit,
    AxisMode,
    CommandFrame,
    Estimate,
    Link,
    Mode,
    SensorFrame,
    Setpoints,
)
from robot.parameters import Parameters
from robot.profile import Profile
from robot.safety import support

STALE_NS = 30_000_000
LOST_NS = 100_000_000
_STATUS_LOST_NS = 500_000_000  # safety status comes at 10 Hz
_PERMISSION_NS = 500_000_000  # from asking for permission to having it
_LINK_WINDOW_NS = 500_000_000
_NOISY_SHARE, _BAD_SHARE = 0.01, 0.30
_STALL_NS = 200_000_000
_BRAKING_NS = 1_500_000_000  # from the end of driving to rest: the board's ramp, then brakes
_FEEDING_NS = 1_500_000_000  # tension has this long to come back after slack was paid out on purpose
_STANDSTILL_MPS = 0.03
_AT_REST_MPS = 0.005
_OVERSPEED = 1.05
_ROLL_WARNING = 0.7  # of the limit
_SLOPE_SIGMA_RAD = math.radians(3.0)
_ON_THE_WAY_M = 0.004  # this far from its target, a grip, counterweight or guide must be moving
_FIGHT = 0.35  # force of a wheel beside the others', over what presses on it: unlike wheels come to a quarter
_FIGHT_N = 75.0  # and at least this
_FIGHT_NS = 100_000_000
_TENSION_BAND = 0.2
_UNLOADED = 0.3  # of the commanded pinch
_LOW_CELL, _EMPTY_CELL = 0.875, 0.80  # of the nominal voltage, under load
_GRAVITY_MPS2 = 9.81
_CABLE_MODES = frozenset({Mode.WRAP, Mode.CROSSING, Mode.RETREAT})
_ON_LINE_MODES = frozenset({Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT})

_HOLD, _VELOCITY, _POSITION, _EFFORT = (int(mode) for mode in AxisMode)
_UNJUDGED = (_HOLD, _EFFORT)
_ROTOR, _CABLE = int(Axis.ROTOR), int(Axis.CABLE)
_NO_FAULT = (int(AxisFault.NONE),) * len(Axis)
_NOTHING: frozenset[str] = frozenset()

# What the estimator (`robot.estimate`) and the operators' authority may report, and the condition that it is.
HEALTH: Mapping[str, str] = {
    "axes": "feedback_lost",
    "sensors": "feedback_lost",
    "odometer": "odometer_lost",
    "odometry": "odometry_lost",
    "imu": "imu_lost",
    "rotor_abs": "rotor_disagrees",
    "cable_tension": "tension_sensor_lost",
    "tension": "tension_sensor_lost",
    "dancer": "dancer_lost",
    "battery": "battery_unknown",
    "camera": "camera_lost",
    "camera_unsure": "camera_unsure",
    "console": "console_lost",
    **{f"{axis.name.lower()}.encoder": "encoder_wrong" for axis in Axis},
}

# Times to trip and to clear, in ms; what is not listed trips at once and clears after `_CLEAR_MS`.
TRIP_MS: Mapping[str, int] = {
    "wheel_slip": 150,
    "wheel_slip_long": 300,
    "drive_overheated": 800,
    "coupling_error": 100,
    "contact": 50,
    "overspeed": 50,
    "runaway": 50,
    "roll_high": 50,
    "roll_limit": 200,
    "slope_unknown": 200,
    "cable_snag": 40,
    "cable_break": 120,
    "tension_off": 1000,
    "grip_unloaded": 800,
    "support_unmeasured": 50,
    "battery_low": 1000,
    "battery_critical": 300,
}
CLEAR_MS: Mapping[str, int] = {"roll_high": 2000, "wheel_slip": 1000, "drive_hot": 5000, "link_noisy": 2000}
_CLEAR_MS = 500


class Debounce:
    """Turns what is true now into what holds, by the times above."""

    def __init__(self) -> None:
        self._first_ns: dict[str, int] = {}
        self._seen_ns: dict[str, int] = {}  # of active conditions
        self._active = _NOTHING

    def update(self, t_ns: int, true_now: list[str]) -> frozenset[str]:
        if not true_now and not self._first_ns and not self._seen_ns:
            return self._active
        for name in true_now:
            first_ns = self._first_ns.setdefault(name, t_ns)
            if t_ns - first_ns >= TRIP_MS.get(name, 0) * 1_000_000:
                self._seen_ns[name] = t_ns
        for name in [name for name in self._first_ns if name not in true_now]:
            del self._first_ns[name]
        for name, seen_ns in list(self._seen_ns.items()):
            if t_ns - seen_ns >= CLEAR_MS.get(name, _CLEAR_MS) * 1_000_000:
                del self._seen_ns[name]
        if self._seen_ns.keys() != self._active:
            self._active = frozenset(self._seen_ns)
        return self._active


class Monitor:
    """Keeps what is needed to judge over time.

    Args:
        profile, parameters: of the robot.
        tension_n: set point of the cable's tension.
    """

    def __init__(self, profile: Profile, parameters: Parameters, tension_n: float = 10.0) -> None:
        self._parameters = parameters
        self._tension_n = tension_n
        self._limits = support.SupportLimits.of(profile, parameters)
        self._wheel_radius_m = profile.carriages.wheel_radius_m
        self._rolling = profile.carriages.rolling
        self._mass_kg = (profile.mass_kg(0.0) + profile.limits.mass_max_kg) / 2
        self._overspeed_mps = _OVERSPEED * profile.limits.speed_max_mps
        self._roll_rad = math.radians(profile.limits.roll_max_deg)
        self._roll_crossing_rad = math.radians(profile.limits.roll_crossing_max_deg)
        self._voltage_v = profile.power.voltage_v
        self._coupling_rad = math.radians(parameters.coupling_limit_deg)
        # Slowest command that is judged, and the way that counts as having moved, per axis.
        self._slow = tuple(0.03 * drive.velocity_max for drive in profile.drive)
        self._self_locking = tuple(drive.self_locking for drive in profile.drive)
        self._moved = tuple(0.002 * drive.velocity_max for drive in profile.drive)
        self._debounce = Debounce()
        self._anchor: list[tuple[float, int] | None] = [None] * len(Axis)
        self._boot_count = -1
        self._unpermitted_ns = 0
        self._standing_ns = 0
        self._fed_ns = 0
        self._fighting_ns = 0
        self._window = (-1, 0, 0, 0)  # time; good, bad and lost frames at its start
        self._link: tuple[str, ...] = ()

    def update(
        self,
        frame: SensorFrame,
        estimate: Estimate,
        health: frozenset[str],
        last: CommandFrame | None,
        mode: Mode,
    ) -> frozenset[str]:
        """Ids of all conditions that hold in this tick.

        Args:
            frame: what is measured.
            estimate: what is believed of it.
            health: inputs that the estimator has lost, and "console" when the holder of authority is silent.
            last: the answer of the tick before.
            mode: mode in force.
        """
        found: list[str] = []
        self._messages(found, frame, estimate)
        self._board(found, frame, last)
        self._body(found, frame, estimate, mode)
        if last is not None:
            self._drives(found, frame, last)
            self._motion(found, frame, estimate, last)
            self._rotor_and_grips(found, frame, last.setpoints)
        self._cable(found, frame, estimate, last, mode)
        if not support.all_closed(frame, self._limits):
            self._support(found, frame, mode)
        for name in health:
            found.append(HEALTH[name])
        return self._debounce.update(frame.t_ns, found)

    # ------------------------------------------------------------------ wire and board

    def _messages(self, found: list[str], frame: SensorFrame, estimate: Estimate) -> None:
        """Age, sense and count of what came over the wire."""
        t_ns, axes, link = frame.t_ns, frame.axes, frame.link
        age_ns = t_ns - min(axes.t_ns, frame.sensors.t_ns)
        if age_ns > STALE_NS or t_ns - frame.safety.t_ns > _STATUS_LOST_NS:
            lost = age_ns > LOST_NS or t_ns - frame.safety.t_ns > _STATUS_LOST_NS
            found.append("feedback_lost" if lost else "feedback_stale")
        if not math.isfinite(sum(axes.position) + sum(axes.velocity)):
            found.append("feedback_garbage")
        if not math.isfinite(
            estimate.travel_m + estimate.chainage_m + estimate.speed_mps + estimate.rotor_abs_rad
        ):
            found.append("estimate_invalid")
        if not link.connected:
            found.append("link_lost")
        elif not link.identity_ok:
            found.append("identity_mismatch")
        if t_ns - self._window[0] >= _LINK_WINDOW_NS:
            self._judge_link(link)
            self._window = (t_ns, link.frames_good, link.frames_bad, link.frames_lost)
        if self._link:
            found.extend(self._link)
        if frame.stalled:
            found.append("loop_stalled")
        if not frame.log_ok:
            found.append("log_failed")

    def _judge_link(self, link: Link) -> None:
        """Many frames lost since the window began are a bad link; dropped copies only a noisy one."""
        begun_ns, good, bad, lost = self._window
        good, bad, lost = link.frames_good - good, link.frames_bad - bad, link.frames_lost - lost
        self._link = ()
        if begun_ns < 0 or good < 0:  # the first window, or counters that started again
            return
        if lost > _BAD_SHARE * (good + lost):
            self._link = ("link_bad",)
        elif max(bad, lost) > _NOISY_SHARE * (good + bad):
            self._link = ("link_noisy",)

    def _board(self, found: list[str], frame: SensorFrame, last: CommandFrame | None) -> None:
        """The board's permission and its drives' own complaints."""
        safety, axes = frame.safety, frame.axes
        armed = last is not None and last.armed
        if not safety.estop_closed:
            found.append("estop_open")
        if safety.permitted or not armed:
            self._unpermitted_ns = frame.t_ns
        elif safety.latched_stop or frame.t_ns - self._unpermitted_ns > _PERMISSION_NS:
            found.append("board_stopped")
        if safety.boot_count != self._boot_count:
            if self._boot_count >= 0:
                found.append("board_rebooted")
            self._boot_count = safety.boot_count
        if axes.fault != _NO_FAULT:
            if AxisFault.RESET in axes.fault:
                found.append("drive_reset")
            if any(
                fault != AxisFault.RESET and (armed or fault > AxisFault.TIMEOUT)
                for fault in axes.fault
                if fault
            ):
                found.append("drive_fault")
        if AxisLimit.TEMPERATURE in axes.limit:
            found += ("drive_hot", "drive_overheated")

    # ------------------------------------------------------------------ motion

    def _drives(self, found: list[str], frame: SensorFrame, last: CommandFrame) -> None:
        """An axis that is told to move and does not: stalled, or its encoder is stuck."""
        setpoints, axes, t_ns = last.setpoints, frame.axes, frame.t_ns
        for axis, kind in enumerate(setpoints.mode):
            if kind in _UNJUDGED or axes.mode[axis] != kind:  # the board may have put it on its brake
                self._anchor[axis] = None
                continue
            position = axes.position[axis]
            rate = setpoints.target[axis] if kind == _VELOCITY else setpoints.feedforward[axis]
            if self._self_locking[axis] and abs(setpoints.target[axis] - position) > _ON_THE_WAY_M:
                rate = math.inf  # it is on its way to a place
            anchor = self._anchor[axis]
            if (
                abs(rate) < self._slow[axis]
                or anchor is None
                or abs(position - anchor[0]) > self._moved[axis]
            ):
                self._anchor[axis] = (position, t_ns)
            elif t_ns - anchor[1] > _STALL_NS:
                found.append("axis_stalled")

    def _motion(self, found: list[str], frame: SensorFrame, estimate: Estimate, last: CommandFrame) -> None:
        """Travel against what is commanded: slip, contact, running away."""
        parameters, axes = self._parameters, frame.axes
        if _VELOCITY in axes.mode[:3]:
            self._standing_ns = frame.t_ns
            slip = estimate.slip
            if max(slip) > parameters.slip_limit or min(slip) < -parameters.slip_limit:
                self._slipping(found, frame, estimate)
            closed = support.all_closed(frame, self._limits)
            most_n = parameters.contact_force_n if closed else parameters.contact_climbing_n
            if abs(self._unexplained_n(frame, estimate, last.setpoints.feedforward[0])) > most_n:
                found.append("contact")
            if not self._wheels_fight(frame):
                self._fighting_ns = frame.t_ns
            elif frame.t_ns - self._fighting_ns > _FIGHT_NS:
                found.append("encoder_wrong")
        elif abs(estimate.speed_mps) > _STANDSTILL_MPS and frame.t_ns - self._standing_ns > _BRAKING_NS:
            found.append("runaway")

    def _rotor_and_grips(self, found: list[str], frame: SensorFrame, setpoints: Setpoints) -> None:
        """The rotor where it was told to be and turning freely; what is to pinch, pinching."""
        axes = frame.axes
        if abs(axes.effort[_ROTOR]) > self._parameters.contact_torque_nm:
            found.append("contact")
        apart_rad = abs(setpoints.target[_ROTOR] - axes.position[_ROTOR])
        if setpoints.mode[_ROTOR] == _POSITION and apart_rad > self._coupling_rad:
            found.append("coupling_error")
        for carriage, axis in enumerate(GRIP):
            wanted_n = setpoints.limit[axis]
            if (
                setpoints.mode[axis] == _POSITION
                and frame.sensors.pinch_n[carriage] < _UNLOADED * wanted_n
                and wanted_n >= self._limits.pinch_n
                and max(setpoints.target[axis], axes.position[axis]) <= self._limits.closed_m
            ):
                found.append("grip_unloaded")

    def _support(self, found: list[str], frame: SensorFrame, mode: Mode) -> None:
        """A stance other than all closed needs forces that are measured."""
        if not math.isfinite(sum(frame.sensors.pinch_n) + sum(frame.sensors.wheel_load_n)):
            found.append("grip_sensor_lost")
        if mode in _ON_LINE_MODES and not support.holds(frame, self._limits):
            found.append("support_unmeasured")

    def _slipping(self, found: list[str], frame: SensorFrame, estimate: Estimate) -> None:
        """Only a driven wheel that stands on the conductor slips."""
        for carriage, axis in enumerate(TRACTION):
            on = frame.axes.position[GRIP[carriage]] <= self._limits.on_m
            driven = frame.axes.mode[axis] == _VELOCITY
            if on and driven and abs(estimate.slip[carriage]) > self._parameters.slip_limit:
                found += ("wheel_slip", "wheel_slip_long")
                return

    def _wheels_fight(self, frame: SensorFrame) -> bool:
        """Whether one of the wheels, all told the same speed, pushes against the others more than creep explains:
        it misreads its own speed and drags. One that pushes the same way, only less, has no better grip: an open
        carriage that climbs a tie on a slope does."""
        effort = frame.axes.effort
        if max(effort[:3]) - min(effort[:3]) < _FIGHT_N * self._wheel_radius_m:
            return False
        sensors, pushes_n, pressed_n = frame.sensors, [], []
        for carriage, axis in enumerate(TRACTION):
            if (
                frame.axes.position[GRIP[carriage]] <= self._limits.on_m
                and frame.axes.mode[axis] == _VELOCITY
            ):
                pushes_n.append(effort[axis] / self._wheel_radius_m)
                pressed_n.append(sensors.wheel_load_n[carriage] + sensors.pinch_n[carriage])
        total_n, others = sum(pushes_n), len(pushes_n) - 1
        for push_n, pressing_n in zip(pushes_n, pressed_n, strict=True):
            rest_n = (total_n - push_n) / max(others, 1)
            helps = push_n * rest_n > 0.0 and abs(push_n) < abs(rest_n)
            if others > 0 and not helps and abs(push_n - rest_n) > max(_FIGHT * pressing_n, _FIGHT_N):
                return True
        return False

    def _unexplained_n(self, frame: SensorFrame, estimate: Estimate, acceleration_rps2: float) -> float:
        """Force of the wheels along the conductor that gravity, acceleration and rolling do not explain."""
        effort, sensors = frame.axes.effort, frame.sensors
        pushed_n = (effort[0] + effort[1] + effort[2]) / self._wheel_radius_m
        acceleration_mps2 = acceleration_rps2 * self._wheel_radius_m
        carried_n = self._mass_kg * (_GRAVITY_MPS2 * math.sin(estimate.slope_rad) + acceleration_mps2)
        on_wheels_n, on_rollers_n = sum(sensors.wheel_load_n), 2 * sum(sensors.pinch_n)
        rolling_n = self._rolling * (on_wheels_n + on_rollers_n)
        left_n = pushed_n - carried_n
        if abs(estimate.speed_mps) < _AT_REST_MPS:  # before it rolls, what resists is as large as what pushes
            return left_n - min(max(left_n, -rolling_n), rolling_n)
        return left_n - math.copysign(rolling_n, estimate.speed_mps)

    # ------------------------------------------------------------------ cable and body

    def _cable(
        self,
        found: list[str],
        frame: SensorFrame,
        estimate: Estimate,
        last: CommandFrame | None,
        mode: Mode,
    ) -> None:
        """Snag, break and quality of tension; slack paid out on purpose is none of them."""
        tension_n, set_n = estimate.tension_n, self._tension_n
        if last is None or last.setpoints.mode[_CABLE] != _EFFORT:
            self._fed_ns = frame.t_ns
        if tension_n > self._parameters.snag_factor * set_n:
            found.append("cable_snag")
        elif frame.t_ns - self._fed_ns > _FEEDING_NS:
            if tension_n < self._parameters.break_factor * set_n:
                found.append("cable_break")
            if mode in _CABLE_MODES and abs(tension_n - set_n) > _TENSION_BAND * set_n:
                found.append("tension_off")

    def _body(self, found: list[str], frame: SensorFrame, estimate: Estimate, mode: Mode) -> None:
        """Speed, roll and stores."""
        parameters = self._parameters
        if abs(estimate.speed_mps) > self._overspeed_mps:
            found.append("overspeed")
        roll_rad = abs(estimate.roll_rad)
        limit_rad = self._roll_crossing_rad if mode is Mode.CROSSING else self._roll_rad
        if roll_rad > _ROLL_WARNING * limit_rad:
            found.append("roll_high")
            if roll_rad > limit_rad:
                found.append("roll_limit")
        if not estimate.slope_sigma_rad <= _SLOPE_SIGMA_RAD:
            found.append("slope_unknown")
        if estimate.chainage_sigma_m > parameters.position_sigma_max_m:
            found.append("position_unsure")
        if estimate.coil_m < parameters.coil_reserve_m:
            found.append("coil_end")
        voltage_v = frame.battery.voltage_v
        if estimate.battery_wh < parameters.battery_reserve_wh or voltage_v < _LOW_CELL * self._voltage_v:
            found.append("battery_low")
            if voltage_v < _EMPTY_CELL * self._voltage_v:
                found.append("battery_critical")
