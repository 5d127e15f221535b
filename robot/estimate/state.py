"""The estimator's memory and the layout of what goes into and comes out of its compiled core.

Records instead of attributes of objects: the core is compiled (numba), and one record is one argument.
All records are packed little-endian 8-byte fields, so that `struct` can fill and read them in one call.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robot.line.line import Line
from robot.messages import Axis
from robot.parameters import Parameters
from robot.profile import Profile

GRAVITY_MPS2 = 9.80665

Record = NDArray[np.void]  # one element
Vector = NDArray[np.float64]

# What is fused or checked; `Estimate.innovation` is measurement minus expectation over sigma, in this order.
CHANNELS: tuple[str, ...] = (
    "odometer",  # against the wheels, over the last comparison stretch
    "wheel_front",  # against the odometer, over the last comparison stretch
    "wheel_middle",
    "wheel_rear",
    "speed",  # mean of the wheels against the speed
    "roll",  # accelerometer against roll
    "slope",  # accelerometer against slope
    "yaw_rate",  # there is none on a conductor
    "gravity",  # length of the measured acceleration
    "rotor_abs",  # absolute sensor against encoder
    "cable_tension",  # load cell against tension
    "dancer",
    "cable_effort",
    "weight",  # sum of the wheel loads against mass
    "pinch_front",  # sensor against the grip's own effort
    "pinch_middle",
    "pinch_rear",
    "guide",  # switch against position
    "trim",  # counterweight against what balances the coil
    "rotor_effort",  # share of the drive's largest
    "trim_effort",
    "guide_effort",
    "battery_voltage",
    "battery_energy",  # meter against voltage times current
    *(f"{axis.name.lower()}_motion" for axis in Axis),  # step of position against velocity
    "camera_range",  # newest detection against its landmark
    "camera_confidence",  # missing share
    "conductor_diameter",
    "lay_pitch",  # rear camera against the ordered pitch
    "lay_gap",
    "survey",  # newest landmark against its surveyed place
)
CHANNEL = {name: index for index, name in enumerate(CHANNELS)}

# What `Estimator.health` may name. Those of the core are bits that it sets, in this order
CORE_HEALTH: tuple[str, ...] = (
    "axes",  # no axis states for too long
    "sensors",  # no board sensors for too long
    "odometer",  # the undriven roller is stuck, jumps or disagrees with all wheels
    "odometry",  # neither roller nor wheels can be trusted: distance is unknown
    "imu",
    "rotor_abs",  # absolute sensor and encoder of the rotor disagree
    "cable_tension",  # load cell
    "dancer",
    "tension",  # neither load cell nor dancer can be trusted
    "battery",
    *(f"{axis.name.lower()}.encoder" for axis in Axis),
)
CAMERA_HEALTH: tuple[str, ...] = (
    "camera",  # no new picture for too long, or always the same
    "camera_unsure",  # the newest picture is not to be relied upon (glare)
)
HEALTH: tuple[str, ...] = CORE_HEALTH + CAMERA_HEALTH
BIT = {name: 1 << index for index, name in enumerate(CORE_HEALTH)}

INPUT = np.dtype(
    [
        ("t_ns", "<i8"),
        ("axes_ns", "<i8"),
        ("board_ns", "<i8"),
        ("imu_ns", "<i8"),
        ("battery_ns", "<i8"),
        ("on", "<i8", 3),  # per carriage: 0 lifted, 1 open, 2 clamped
        ("position", "<f8", 10),
        ("velocity", "<f8", 10),
        ("effort", "<f8", 10),
        ("odometer_m", "<f8"),
        ("rotor_abs_rad", "<f8"),
        ("pinch_n", "<f8", 3),
        ("wheel_load_n", "<f8", 3),
        ("dancer_m", "<f8"),
        ("cable_tension_n", "<f8"),
        ("guide_switch", "<f8"),
        ("accel_mps2", "<f8", 3),
        ("gyro_rps", "<f8", 3),
        ("voltage_v", "<f8"),
        ("current_a", "<f8"),
        ("used_wh", "<f8"),
    ]
)
INPUT_FORMAT = "<8q50d"

OUTPUT = np.dtype(
    [
        ("bits", "<i8"),
        ("scalars", "<f8", 20),  # as `Estimate` has them, without slip, diameter and distances
        ("slip", "<f8", 3),
        ("since_feature_m", "<f8"),
        ("innovation", "<f8", len(CHANNELS)),
    ]
)
OUTPUT_FORMAT = f"<q20d3dd{len(CHANNELS)}d"

HISTORY = 64  # ticks of travelled distance that are kept, to place a picture taken a moment ago

STATE = np.dtype(
    [
        # clocks: stamp of the newest message used
        ("t_ns", "<i8"),
        ("axes_ns", "<i8"),
        ("board_ns", "<i8"),
        ("imu_ns", "<i8"),
        ("battery_ns", "<i8"),
        ("bits", "<i8"),
        # distance and speed
        ("odometer_m", "<f8"),  # last reading, NaN = none to count from
        ("odometer_mps", "<f8"),
        ("odometer_same", "<i8"),  # equal readings in a row
        ("slower_count", "<i8"),  # readings at which it was slower than the wheels, since they last agreed
        ("odometer_bad_s", "<f8"),
        ("wheel_mps", "<f8", 3),
        ("wheel_good", "<i8", 3),
        ("wheel_same", "<i8", 3),
        ("wheel_bad_s", "<f8", 3),
        ("pressed_n", "<f8", 3),  # of each wheel on the conductor: load and pinch
        ("pending_m", "<f8"),  # by the wheels since the last odometer reading
        ("path_m", "<f8"),  # all distance, best knowledge at its time
        ("travel_m", "<f8"),
        ("travel_scale", "<f8"),  # scale in use for travel, follows the learnt one slowly
        ("speed_mps", "<f8"),
        ("speed_var", "<f8"),
        ("smooth_mps", "<f8"),  # speed, as smoothed as the wheels'
        ("accel_mps2", "<f8"),
        ("slip", "<f8", 3),
        ("stretch_odometer_m", "<f8"),  # comparison stretch: odometer
        ("stretch_wheel_m", "<f8", 3),
        ("stretch_creep_m", "<f8", 3),  # part of it that was taken for creep
        ("stretch_good", "<i8", 3),
        ("history_ns", "<i8", HISTORY),
        ("history_m", "<f8", HISTORY),
        ("history_next", "<i8"),
        # attitude: angle, gyro bias and their covariance
        ("roll", "<f8", 5),
        ("slope", "<f8", 5),
        ("roll_rate_rps", "<f8"),
        ("imu_last", "<f8", 6),
        ("imu_same", "<i8"),
        ("gravity_mps2", "<f8"),
        ("imu_bad_s", "<f8"),
        ("rotor_rad", "<f8"),
        ("rotor_rate_rps", "<f8"),
        ("rotor_guessed", "<i8"),  # its encoder jumped: the absolute sensor alone tells
        ("rotor_bad_s", "<f8"),
        ("roll_mean", "<f8"),
        ("imbalance_sin", "<f8"),
        ("imbalance_cos", "<f8"),
        # cable and power
        ("tension_n", "<f8"),
        ("tension_var", "<f8"),
        ("cell_n", "<f8"),
        ("cell_same", "<i8"),
        ("cell_bad_s", "<f8"),
        ("dancer_m", "<f8"),
        ("dancer_same", "<i8"),
        ("dancer_bad_s", "<f8"),
        ("paid_out_m", "<f8"),
        ("used_wh", "<f8"),
        ("energy_wh", "<f8"),  # voltage times current, since the meter's last step
        ("position", "<f8", 10),  # last of every axis, NaN = none
        ("encoder_bad_s", "<f8", 10),
        ("last_slot", "<i8"),  # landmark last passed, -1 = none
        ("innovation", "<f8", len(CHANNELS)),
    ]
)

CONFIG = np.dtype(
    [
        ("wheel_radius_m", "<f8"),
        ("speed_max_mps", "<f8"),
        ("creep", "<f8"),
        ("rolling", "<f8"),
        ("mass_empty_kg", "<f8"),
        ("cable_kg_per_m", "<f8"),
        ("cable_loaded_m", "<f8"),
        ("dancer_preload_n", "<f8"),
        ("dancer_n_per_m", "<f8"),
        ("dancer_travel_m", "<f8"),
        ("tension_max_n", "<f8"),
        ("effort_max", "<f8", 10),
        ("velocity_max", "<f8", 10),
        ("trim_kg", "<f8"),
        ("cradle_kgm", "<f8"),
        ("coil_r_m", "<f8"),
        ("guide_middle_m", "<f8"),
        ("battery_v", "<f8"),
        ("battery_wh", "<f8"),
        ("stale_s", "<f8"),
    ]
)


def new_state() -> Record:
    """Nothing known yet."""
    state = np.zeros(1, STATE)
    for name in ("odometer_m", "cell_n", "dancer_m", "position", "imu_last", "rotor_rad", "used_wh"):
        state[name] = np.nan
    state["tension_n"] = np.nan
    state["tension_var"] = 1e4
    state["speed_var"] = 0.01
    state["gravity_mps2"] = GRAVITY_MPS2
    for name in ("roll", "slope"):
        state[name][0, 2] = 0.1**2  # variance of the angle
        state[name][0, 4] = 0.005**2  # of the gyro's bias
    state["last_slot"] = -1
    return state


def new_config(profile: Profile, line: Line, parameters: Parameters) -> Record:
    """Figures of robot and line that the core needs."""
    config = np.zeros(1, CONFIG)
    carriages, rotor = profile.carriages, profile.rotor
    values = {
        "wheel_radius_m": carriages.wheel_radius_m,
        "speed_max_mps": profile.limits.speed_max_mps,
        "creep": carriages.creep_longitudinal,
        "rolling": carriages.rolling,
        "mass_empty_kg": profile.mass_kg(0.0),
        "cable_kg_per_m": line.cable.mass_kg_per_m,
        "cable_loaded_m": line.cable_loaded_m,
        "dancer_preload_n": profile.dancer.preload_n,
        "dancer_n_per_m": profile.dancer.stiffness_n_per_m,
        "dancer_travel_m": profile.dancer.travel_m,
        "tension_max_n": 5.0 * profile.drive[Axis.CABLE].effort_max,
        "effort_max": tuple(drive.effort_max for drive in profile.drive),
        "velocity_max": tuple(drive.velocity_max for drive in profile.drive),
        "trim_kg": profile.trim.mass_kg,
        "cradle_kgm": rotor.cradle_mass_kg * rotor.cradle_center_r_m,
        "coil_r_m": rotor.coil_center_r_m,
        "guide_middle_m": (profile.guide.out_m + profile.guide.retracted_m) / 2,
        "battery_v": profile.power.voltage_v,
        "battery_wh": profile.power.capacity_wh,
        "stale_s": parameters.input_age_ms * 1e-3,
    }
    for name, value in values.items():
        config[name] = value
    return config


def new_input() -> Record:
    return np.zeros(1, INPUT)


def new_output() -> Record:
    return np.zeros(1, OUTPUT)
