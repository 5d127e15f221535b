"""A snapshot as the page is told of it: plain values, SI but for what people read in degrees, null for unknown."""

from __future__ import annotations

import math
from typing import Any

from missions.console.snapshot import Snapshot
from robot.line.line import Line
from robot.messages import GRIP, Event, GuideSwitch, Mode
from robot.modes import choices
from robot.profile import Profile

_TURN_RPM = 60 / (2 * math.pi)
_PACE_MIN_M = 1.0  # from this way on the pace so far tells the time left
_POWER_MIN_W = 1.0


class View:
    """What of a snapshot is shown.

    Args:
        end_m: chainage at which the lay ends.
    """

    def __init__(self, line: Line, profile: Profile, end_m: float) -> None:
        self._line, self._profile, self._end_m = line, profile, end_m
        places = profile.carriages
        self._on_m = (places.clamped_m + places.open_m) / 2
        self._lifted_m = (places.open_m + places.lifted_m) / 2
        self._began: tuple[str, int, float] | None = (
            None  # log, robot time and chainage at which the work began
        )

    def state(self, s: Snapshot) -> dict[str, Any]:
        """Everything but what the server adds: clients, alarms, authority's questions."""
        command, estimate = s.command, s.command.estimate
        state: dict[str, Any] = {
            "mode": command.mode.value,
            "reason": command.reason,
            "mode_since_s": (s.t_ns - s.mode_since_ns) / 1e9,
            "stopped": command.mode is Mode.STOPPED,
            "stops": s.stops,
            "values": self._values(s),
            "carriages": [self._carriage(s, number) for number in range(3)],
            "guide": GuideSwitch(s.sensors.guide_switch).name.lower(),
            "job": self._job(s),
            "features": [
                {
                    "kind": f.kind,
                    "at_m": _round(f.at_m, 3),
                    "sigma_m": _round(f.sigma_m, 3),
                    "confirmed": f.confirmed,
                    "surveyed": f.surveyed,
                }
                for f in estimate.features[:8]
            ],
            "crossing": None,
            "choices": [],
            "wire": {
                "connected": s.link.connected,
                "round_trip_ms": _round(s.link.round_trip_ms, 1),
                "frames_bad": s.link.frames_bad,
                "frames_lost": s.link.frames_lost,
                "estop_closed": s.safety.estop_closed,
                "permitted": s.safety.permitted,
            },
            "arming": s.arming,
            "denied": command.denied,
            "events": [event_json(n, event) for n, event in enumerate(s.events, s.first_event)],
            "log": {"name": s.log, "ok": s.log_ok},
        }
        if command.crossing is not None:
            c = command.crossing
            state["crossing"] = {
                "step": c.step,
                "steps": c.steps,
                "action": c.action,
                "expects": c.expects,
                "reversible": c.reversible,
                "retries": c.retries,
            }
        if command.mode is Mode.HOLD:
            state["choices"] = [action.value for action in choices.choices(command.reason)]
        return state

    def _values(self, s: Snapshot) -> dict[str, Any]:
        e, camera, battery = s.command.estimate, s.camera, s.battery
        power_w = battery.voltage_v * battery.current_a
        minutes = e.battery_wh / power_w * 60 if power_w > _POWER_MIN_W else math.nan
        return {
            "chainage_m": _round(e.chainage_m, 3),
            "chainage_sigma_m": _round(e.chainage_sigma_m, 3),
            "speed_mps": _round(e.speed_mps, 3),
            "slope_deg": _round(math.degrees(e.slope_rad), 2),
            "roll_deg": _round(math.degrees(e.roll_rad), 2),
            "tension_n": _round(e.tension_n, 2),
            "tension_set_n": self._line.tension_n,
            "rotor_deg": _round(math.degrees(e.rotor_rad) % 360.0, 1),
            "rotor_rpm": _round(e.rotor_rate_rps * _TURN_RPM, 1),
            "coil_m": _round(e.coil_m, 2),
            "battery_v": _round(battery.voltage_v, 2),
            "battery_a": _round(battery.current_a, 2),
            "battery_wh": _round(e.battery_wh, 1),
            "battery_min": _round(minutes, 0),
            "distance_to_feature_m": _round(e.distance_to_feature_m, 2),
            "conductor_mm": _round(e.conductor_diameter_m * 1000, 2),
            "pitch_m": _round(camera.lay_pitch_m if camera else math.nan, 3),
            "trim_mm": _round(s.axes.position[8] * 1000, 1),
            "effort": [_round(effort, 2) for effort in s.axes.effort],
        }

    def _carriage(self, s: Snapshot, number: int) -> dict[str, Any]:
        grip_m = s.axes.position[GRIP[number]]
        state = "clamped" if grip_m < self._on_m else "open" if grip_m < self._lifted_m else "lifted"
        slip = s.command.estimate.slip
        return {
            "state": state if math.isfinite(grip_m) else None,
            "grip_mm": _round(grip_m * 1000, 1),
            "pinch_n": _round(s.sensors.pinch_n[number], 0),
            "load_n": _round(s.sensors.wheel_load_n[number], 0),
            "slip": _round(slip[number], 3) if slip else None,
        }

    def _job(self, s: Snapshot) -> dict[str, Any]:
        laid = s.laid
        return {
            "length_m": round(self._line.length_m, 2),
            "end_m": round(self._end_m, 2),
            "wrapped_from_m": _round(laid.from_m, 2),
            "wrapped_to_m": _round(laid.to_m, 2),
            "turns": laid.turns,
            "unwrapped_m": _round(laid.unwrapped_m, 2),
            "cable_used_m": _round(laid.cable_m, 2),
            "left_s": self._left_s(s),
            "finished": s.finished,
        }

    def _left_s(self, s: Snapshot) -> int | None:
        """Time left at the pace so far, stops and crossings included; None until there is one."""
        at_m = s.command.estimate.chainage_m
        if self._began is None or self._began[0] != s.log:
            working = s.command.mode in (Mode.TRAVEL, Mode.WRAP)
            self._began = (s.log, s.t_ns, at_m) if working else None
            return None
        _, t_ns, from_m = self._began
        if s.finished or not at_m - from_m >= _PACE_MIN_M:
            return 0 if s.finished else None
        return round((s.t_ns - t_ns) / 1e9 / (at_m - from_m) * max(self._end_m - at_m, 0.0))


def event_json(number: int, event: Event) -> dict[str, Any]:
    return {"n": number, "t_s": round(event.t_ns / 1e9, 2), "id": event.id, "detail": event.detail}


def _round(value: float, digits: int) -> float | None:
    """A number for people; JSON knows no NaN."""
    return round(value, digits) if math.isfinite(value) else None
