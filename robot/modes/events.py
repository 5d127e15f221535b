"""The event table: everything that can change or be wrong, with its severity and what to tell people.

One row says what an event is called in code, log and console, how grave it is, and its cause and remedy in
English and Chinese (`robot.modes.texts`). What the robot does about it stands in `robot.safety.failsafe`;
when a condition is held to be true stands in `robot.modes.monitor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from robot.messages import Event
from robot.modes.texts import TEXTS

LANGUAGES = ("en", "zh")


class Severity(IntEnum):
    """How grave an event is. ALARM and SAFETY cannot be muted."""

    INFO = 0  # something happened as it should
    WARNING = 1  # the job goes on, perhaps more slowly
    ALARM = 2  # the job waits for a person
    SAFETY = 3  # the robot stops and the stop latches


@dataclass(frozen=True, slots=True)
class Text:
    """What happened, and what a person can do about it."""

    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class EventKind:
    """One row of the table."""

    id: str
    severity: Severity
    texts: Mapping[str, Text]  # by language, see LANGUAGES

    def text(self, language: str = "en") -> str:
        """Cause and remedy in one line."""
        text = self.texts[language]
        return f"{text.cause} {text.remedy}".strip()


_SEVERITIES: Mapping[Severity, str] = {
    Severity.SAFETY: """
        estop_open board_stopped board_rebooted drive_reset drive_fault drive_overheated link_lost link_bad
        feedback_lost feedback_garbage identity_mismatch axis_stalled encoder_wrong rotor_disagrees
        tension_sensor_lost cable_snag cable_break coupling_error contact overspeed runaway support_unmeasured
        battery_critical loop_stalled estimate_invalid wish_garbage internal_error operator_stop
    """,
    Severity.ALARM: """
        imu_lost odometry_lost dancer_lost camera_lost grip_sensor_lost wheel_slip_long roll_limit
        grip_unloaded battery_low coil_end console_lost feature_blocked feature_not_seen crossing_failed
        retreat_blocked
    """,
    Severity.WARNING: """
        feedback_stale link_noisy drive_hot wheel_slip odometer_lost slope_unknown roll_high tension_off
        camera_unsure position_unsure battery_unknown log_failed command_refused command_old authority_refused
        gate_denied arm_link arm_identity arm_feedback arm_estop arm_latched arm_drive_fault arm_watchdog
        arm_watchdog_unseen arm_parameters arm_log arm_battery arm_estimate arm_coil arm_condition
    """,
    Severity.INFO: """
        power_up operator_arm operator_disarm operator_mount operator_start operator_hold operator_resume
        operator_reset operator_manual operator_treat_as operator_look_again operator_back_off
        operator_end_job authority_taken authority_granted mounted lay_begin lay_end crossing_ahead
        crossing_done retreated
    """,
}

EVENTS: Mapping[str, EventKind] = {
    name: EventKind(name, severity, {lang: Text(*TEXTS[name][lang]) for lang in LANGUAGES})
    for severity, names in _SEVERITIES.items()
    for name in names.split()
}


def severity(event_id: str) -> Severity:
    """Severity of an event.

    Raises:
        KeyError: the id is not in the table.
    """
    return EVENTS[event_id].severity


def changes(t_ns: int, before: frozenset[str], now: frozenset[str]) -> tuple[Event, ...]:
    """Events for the conditions that began or ended between two ticks; a lasting condition is told once."""
    if before is now or before == now:
        return ()
    began = [Event(t_ns, name) for name in sorted(now - before)]
    ended = [Event(t_ns, name, "cleared") for name in sorted(before - now)]
    return tuple(began + ended)
