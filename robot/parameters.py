"""Parameters: every figure a user may tune, in one table with unit, range and meaning.

A parameter that is not in the table, or outside its range, is refused (`with_values`). Figures of the robot itself are
in its profile, figures of the line in its survey.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robot.line.catalogue import nearest


def _parameter(default: float, unit: str, low: float, high: float, doc: str) -> Any:
    return field(default=default, metadata={"unit": unit, "low": low, "high": high, "doc": doc})


class ParameterError(ValueError):
    """A parameter is unknown, not a number or out of range; the text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """All parameters with their defaults."""

    # --- travel and wrap
    wrap_speed_mps: float = _parameter(0.40, "m/s", 0.01, 0.60, "Cruise speed while wrapping.")
    travel_speed_mps: float = _parameter(0.30, "m/s", 0.01, 0.60, "Cruise speed without wrapping.")
    wrap_pinch_n: float = _parameter(100.0, "N", 0.0, 400.0, "Pinch force of every roller while wrapping.")
    resonance_pinch_n: float = _parameter(
        400.0, "N", 0.0, 400.0, "Pinch force while the rotor passes the roll resonance."
    )
    resonance_low_rpm: float = _parameter(28.0, "rpm", 0.0, 60.0, "Lower edge of the rotor speeds to avoid.")
    resonance_high_rpm: float = _parameter(48.0, "rpm", 0.0, 60.0, "Upper edge of the rotor speeds to avoid.")
    rotor_accel_factor: float = _parameter(
        0.14, "1/s2", 0.01, 0.5, "Largest acceleration over pitch while wrapping."
    )
    lay_begin_m: float = _parameter(
        2.5, "m", 0.0, 20.0, "Chainage at which the lay begins, behind the first pole."
    )
    end_gap_m: float = _parameter(
        1.5, "m", 1.0, 20.0, "Distance from the last pole at which the robot ends its job."
    )
    jog_speed_mps: float = _parameter(0.10, "m/s", 0.01, 0.20, "Largest travel speed when driven by hand.")
    retreat_m: float = _parameter(
        0.30, "m", 0.0, 0.30, "How far RETREAT goes back; beyond 0.30 m lies laid cable."
    )
    trim_gain: float = _parameter(
        0.012, "m/rad/s", 0.0, 0.1, "Correction of the counterweight by the once-per-turn component of roll."
    )
    rotor_effort_nm: float = _parameter(
        5.0,
        "N m",
        1.0,
        20.0,
        "Largest torque of the rotor: what turns it, and not what throws the body about.",
    )
    # --- crossing
    crossing_pinch_n: float = _parameter(
        400.0, "N", 0.0, 400.0, "Pinch force of clamped carriages while crossing."
    )
    crossing_lean_deg: float = _parameter(
        2.0, "deg", 0.5, 3.0, "Largest lean with which a crossing is begun."
    )
    crossing_gusty_mps: float = _parameter(
        0.05, "m/s", 0.01, 0.15, "Largest speed while crossing after gusts that lean the body much."
    )
    sway_speed_mps: float = _parameter(
        0.03, "m/s", 0.01, 0.05, "Speed of rolling to and fro before a crossing, until the body hangs level."
    )
    upright_gain: float = _parameter(
        0.33,
        "1/rad",
        0.0,
        6.0,
        "Counterweight against a lasting lean while crossing, by the integral of roll over the way.",
    )
    slack_per_pole_m: float = _parameter(0.30, "m", 0.0, 1.0, "Cable paid out on purpose at every pole.")
    clearance_m: float = _parameter(
        0.015, "m", 0.0, 0.10, "Margin along the conductor between any part and any feature."
    )
    # --- risks that a plan weighs against time, as seconds of equal worth
    risk_unwrapped_s_per_m: float = _parameter(
        24.0, "s/m", 0.0, 100.0, "Worth of a metre travelled with the rotor parked: cable laid straight."
    )
    risk_open_s_per_m: float = _parameter(
        0.10, "s/m", 0.0, 100.0, "Worth of a metre travelled with a carriage open, each."
    )
    risk_lifted_s_per_m: float = _parameter(
        0.30, "s/m", 0.0, 100.0, "Worth of a metre travelled with a carriage lifted, each."
    )
    risk_rear_hanging_s_per_m: float = _parameter(
        0.50, "s/m", 0.0, 100.0, "Worth of a metre travelled with the rear lifted, held by the front roller."
    )
    risk_lone_clamp_s_per_m: float = _parameter(
        1.00, "s/m", 0.0, 100.0, "Worth of a metre travelled with one carriage clamped only."
    )
    # --- safety
    degraded_speed_mps: float = _parameter(
        0.10, "m/s", 0.01, 0.30, "Travel speed while something is degraded."
    )
    travel_accel_mps2: float = _parameter(
        1.0, "m/s2", 0.1, 3.0, "Largest change of wheel speed that leaves the gate."
    )
    ramp_down_mps2: float = _parameter(
        0.05, "m/s2", 0.01, 1.0, "Slowest ramp to rest once motion is not allowed."
    )
    rotor_accel_rps2: float = _parameter(
        3.0, "rad/s2", 0.1, 20.0, "Largest change of rotor speed by a speed setpoint."
    )
    cable_accel_mps2: float = _parameter(60.0, "m/s2", 1.0, 100.0, "Largest change of pay-out speed.")
    tension_rate_nps: float = _parameter(
        500.0, "N/s", 10.0, 5000.0, "Largest change of the cable drive's effort."
    )
    support_pinch_n: float = _parameter(
        50.0, "N", 10.0, 400.0, "Pinch from which a clamped carriage counts as loaded."
    )
    support_load_n: float = _parameter(
        20.0, "N", 1.0, 200.0, "Wheel load from which a carriage counts as loaded."
    )
    contact_force_n: float = _parameter(
        100.0, "N", 20.0, 500.0, "Unexplained force along the conductor that is a contact, all clamped."
    )
    contact_climbing_n: float = _parameter(
        180.0, "N", 20.0, 500.0, "The same while an open carriage may climb a tie."
    )
    contact_torque_nm: float = _parameter(4.5, "N m", 1.0, 20.0, "Rotor torque that is a contact.")
    coupling_limit_deg: float = _parameter(
        12.0, "deg", 1.0, 45.0, "Rotor error at which carriages and rotor count as apart."
    )
    slip_limit: float = _parameter(0.15, "1", 0.02, 1.0, "Slip of a wheel that is too much.")
    snag_factor: float = _parameter(2.5, "1", 1.3, 10.0, "Tension over its set point that is a snag.")
    break_factor: float = _parameter(
        0.2, "1", 0.0, 0.8, "Tension over its set point below which the cable is broken."
    )
    battery_reserve_wh: float = _parameter(
        60.0, "Wh", 0.0, 500.0, "Energy kept for the way to where the robot can be taken off."
    )
    coil_reserve_m: float = _parameter(1.0, "m", 0.0, 50.0, "Cable left on board at which the robot holds.")
    position_sigma_max_m: float = _parameter(
        3.0, "m", 0.1, 20.0, "Uncertainty of chainage beyond which the robot goes slowly."
    )
    # --- estimate
    survey_sigma_m: float = _parameter(0.3, "m", 0.01, 5.0, "Assumed 1 sigma of the survey's chainages.")
    mount_sigma_m: float = _parameter(0.05, "m", 0.001, 5.0, "1 sigma of the place where the robot was hung.")
    scale_sigma: float = _parameter(0.003, "1", 1e-4, 0.05, "1 sigma of the scale of odometer and wheels.")
    input_age_ms: float = _parameter(
        100.0, "ms", 20.0, 500.0, "Age from which an input of the board counts as lost."
    )
    camera_age_ms: float = _parameter(300.0, "ms", 100.0, 2000.0, "Age from which the camera counts as lost.")
    camera_trust: float = _parameter(0.4, "1", 0.0, 1.0, "Confidence below which a picture is not used.")
    # --- setpoints
    setpoint_life_ms: float = _parameter(150.0, "ms", 20.0, 500.0, "Life time of every setpoint.")


def with_values(base: Parameters, values: Mapping[str, float]) -> Parameters:
    """`base` with some values replaced.

    Raises:
        ParameterError: unknown name, not a finite number, or outside the parameter's range.
    """
    table = {f.name: f for f in dataclasses.fields(Parameters)}
    for name, value in values.items():
        if name not in table:
            near = ", ".join(nearest(name, table)) or "none"
            raise ParameterError(f"parameter {name[:80]!r} is unknown; nearest: {near}")
        meta = table[name].metadata
        if not meta["low"] <= value <= meta["high"]:  # no NaN is
            raise ParameterError(
                f"parameter {name} = {value} is outside {meta['low']} to {meta['high']} {meta['unit']}"
            )
    return dataclasses.replace(base, **values)
