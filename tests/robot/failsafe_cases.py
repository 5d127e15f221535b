"""Statements about the failsafe table and its reaction, each a function of the module under test."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any

from robot.messages import Mode

NONE = frozenset[str]()
SECOND_NS = 1_000_000_000
MOVING = (Mode.MANUAL, Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT)
RESTING = (Mode.SAFE, Mode.READY, Mode.HOLD, Mode.STOPPED)

# The promises' own words on what may wait, and on what never does.
MAY_WAIT = {"camera_lost", "console_lost", "battery_low", "coil_end"}
NEVER_WAITS = {"estop_open", "contact", "drive_fault", "support_unmeasured", "feedback_lost", "loop_stalled"}


def react(failsafe: ModuleType, mode: Mode, *active: str, **more: Any) -> Any:
    return failsafe.react(
        mode, frozenset(active), more.get("stable", True), more.get("t_ns", 0), more.get("deferred")
    )


def every_cell_has_an_action(failsafe: ModuleType) -> None:
    for name, rule in failsafe.RULES.items():
        assert set(rule.actions) == set(Mode), name
        assert all(isinstance(action, failsafe.Action) for action in rule.actions.values()), name
    assert set(failsafe.STOP_CATEGORY) == set(Mode)


def the_table_is_the_one_that_is_published(failsafe: ModuleType) -> None:
    """A second copy of the policy, by gravity; a changed cell must be changed here, too, and be meant."""
    letters = "-WILHS"
    found = {
        name: "".join(letters[rule.actions[mode]] for mode in Mode) for name, rule in failsafe.RULES.items()
    }
    assert found == PUBLISHED
    assert {name for name, rule in failsafe.RULES.items() if rule.deferrable} == MAY_WAIT


PUBLISHED = {
    # SAFE READY MANUAL MOUNTING TRAVEL WRAP CROSSING HOLD RETREAT STOPPED
    "estop_open": "WSSSSSSSSS",
    "board_stopped": "-SSSSSSSS-",
    "board_rebooted": "-SSSSSSSS-",
    "drive_reset": "-SSSSSSSS-",
    "drive_fault": "WSSSSSSSSW",
    "drive_overheated": "WSSSSSSSSS",
    "drive_hot": "WWLLLLLWLW",
    "link_lost": "WSSSSSSSSS",
    "link_bad": "WSSSSSSSSS",
    "link_noisy": "WWWWWWWWWW",
    "feedback_lost": "WSSSSSSSSS",
    "feedback_stale": "WWLLLLLWLW",
    "feedback_garbage": "WSSSSSSSSS",
    "identity_mismatch": "WSSSSSSSSS",
    "axis_stalled": "-SSSSSSSS-",
    "encoder_wrong": "-SSSSSSSS-",
    "rotor_disagrees": "WSSSSSSSS-",
    "wheel_slip": "--LLLLL-L-",
    "wheel_slip_long": "--HHHHH-H-",
    "odometer_lost": "WWWWWWWWWW",
    "odometry_lost": "WWWWHHHWHW",
    "imu_lost": "WWLHHHHWHW",
    "slope_unknown": "WWLWLLLWLW",
    "roll_high": "WWLWLLLWLW",
    "roll_limit": "WWLHHHHWHW",
    "tension_sensor_lost": "WWWHWSSWSW",
    "tension_off": "-----WW-W-",
    "cable_snag": "WWSSSSSSSW",
    "dancer_lost": "WWWWWHHWHW",
    "cable_break": "WWWWWSSWSW",
    "coupling_error": "-----SSSS-",
    "contact": "--SSSSSSS-",
    "overspeed": "WSSSSSSSS-",
    "runaway": "WS-----S-W",
    "grip_unloaded": "-WWWHHHWH-",
    "support_unmeasured": "WWWWSSSWSW",
    "grip_sensor_lost": "WWWWIIHWIW",
    "camera_lost": "WWWWHHHWHW",
    "camera_unsure": "WWWWIIIWIW",
    "position_unsure": "WWWWLLLWLW",
    "battery_low": "WWWHHHHWHW",
    "battery_critical": "WSSSSSSSSW",
    "battery_unknown": "WWWWWWWWWW",
    "coil_end": "WWWWHHHWHW",
    "console_lost": "--HHHHH-W-",
    "loop_stalled": "WSSSSSSSS-",
    "log_failed": "WWWWWWWWWW",
    "estimate_invalid": "WSSSSSSSSS",
    "wish_garbage": "WSSSSSSSS-",
    "internal_error": "WSSSSSSSS-",
}


def what_never_waits_stops_in_every_mode_that_moves_along_the_line(failsafe: ModuleType) -> None:
    for name in NEVER_WAITS:
        rule = failsafe.RULES[name]
        assert not rule.deferrable
        for mode in (Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT):
            assert rule.actions[mode] is failsafe.Action.STOP, (name, mode)


def losing_the_console_has_the_promised_reaction_in_every_mode(failsafe: ModuleType) -> None:
    rule = failsafe.RULES["console_lost"]
    for mode in set(MOVING) - {Mode.RETREAT}:
        assert rule.actions[mode] is failsafe.Action.HOLD
    assert rule.actions[Mode.RETREAT] is failsafe.Action.WARN  # it ends its manoeuvre, which leads to HOLD
    for mode in RESTING:
        assert rule.actions[mode] is failsafe.Action.NONE


def nothing_stops_a_robot_that_has_not_been_armed(failsafe: ModuleType) -> None:
    for rule in failsafe.RULES.values():
        assert rule.actions[Mode.SAFE] <= failsafe.Action.WARN


def stop_categories_follow_the_promise(failsafe: ModuleType) -> None:
    ones = {mode for mode, category in failsafe.STOP_CATEGORY.items() if category == 1}
    assert ones == {Mode.MANUAL, Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.RETREAT}
    twos = {mode for mode, category in failsafe.STOP_CATEGORY.items() if category == 2}
    assert twos == set(Mode) - ones


def actions_stand_in_order_of_gravity(failsafe: ModuleType) -> None:
    assert [action.name for action in failsafe.Action] == ["NONE", "WARN", "INHIBIT", "SLOW", "HOLD", "STOP"]
    assert [int(action) for action in failsafe.Action] == [0, 1, 2, 3, 4, 5]


def how_a_reaction_ends_follows_from_its_gravity(failsafe: ModuleType) -> None:
    clear = failsafe.Clear
    assert failsafe.RULES["contact"].clear is clear.ON_RESET
    assert failsafe.RULES["camera_lost"].clear is clear.ON_RESUME
    assert failsafe.RULES["wheel_slip"].clear is clear.WITH_CONDITION
    assert failsafe.RULES["link_noisy"].clear is clear.WITH_CONDITION


def the_operator_may_take_over_where_manual_is_not_ended(failsafe: ModuleType) -> None:
    taken = {name for name, rule in failsafe.RULES.items() if rule.takeover}
    for name in failsafe.RULES:
        assert (name in taken) is (PUBLISHED[name][2] in "-WIL")


def nothing_wrong_is_nothing_to_do(failsafe: ModuleType) -> None:
    for mode in Mode:
        quiet = failsafe.Reaction(failsafe.Action.NONE, "", False, False, None)
        assert react(failsafe, mode) == quiet
        assert react(failsafe, mode, stable=False) == quiet


def each_condition_alone_gets_its_action(failsafe: ModuleType) -> None:
    action = failsafe.Action
    for name, mode in itertools.product(failsafe.RULES, Mode):
        reaction = react(failsafe, mode, name)
        wanted = action("-WILHS".index(_cell(name, mode)))
        assert reaction.action is wanted, (name, mode)
        assert reaction.cause == (name if wanted else "")
        assert reaction.slow is (wanted is action.SLOW)
        assert reaction.inhibit is (wanted is action.INHIBIT)
        assert reaction.deferred is None


def _cell(name: str, mode: Mode) -> str:
    return PUBLISHED[name][list(Mode).index(mode)]


def the_gravest_counts_and_the_lighter_ones_are_kept(failsafe: ModuleType) -> None:
    reaction = react(failsafe, Mode.WRAP, "contact", "camera_unsure", "wheel_slip", "link_noisy")
    assert reaction == failsafe.Reaction(failsafe.Action.STOP, "contact", True, True, None)
    reaction = react(failsafe, Mode.WRAP, "camera_unsure", "wheel_slip")
    assert reaction == failsafe.Reaction(failsafe.Action.SLOW, "wheel_slip", True, True, None)
    # Of equals the one that stands higher in the table, as the cause of the others.
    assert react(failsafe, Mode.WRAP, "overspeed", "board_stopped", "estop_open").cause == "estop_open"
    assert react(failsafe, Mode.WRAP, "contact", "axis_stalled", "encoder_wrong").cause == "encoder_wrong"


def what_may_wait_waits_for_a_stable_stance(failsafe: ModuleType) -> None:
    for name in sorted(MAY_WAIT):
        reaction = react(failsafe, Mode.CROSSING, name, stable=False, t_ns=7)
        deferred = failsafe.Deferred(name, 7)
        assert reaction == failsafe.Reaction(failsafe.Action.SLOW, name, True, True, deferred)
        again = react(failsafe, Mode.CROSSING, name, stable=False, t_ns=9, deferred=deferred)
        assert again.deferred == deferred
        there = react(failsafe, Mode.CROSSING, name, stable=True, t_ns=11, deferred=deferred)
        assert there == failsafe.Reaction(failsafe.Action.HOLD, name, False, False, None)
        assert react(failsafe, Mode.CROSSING, name, stable=True).action is failsafe.Action.HOLD


def what_must_not_wait_does_not(failsafe: ModuleType) -> None:
    reaction = react(failsafe, Mode.CROSSING, "imu_lost", stable=False)
    assert reaction == failsafe.Reaction(failsafe.Action.HOLD, "imu_lost", False, False, None)
    deferred = failsafe.Deferred("camera_lost", 0)
    reaction = react(failsafe, Mode.CROSSING, "contact", stable=False, t_ns=1, deferred=deferred)
    assert (reaction.action, reaction.cause) == (failsafe.Action.STOP, "contact")
    reaction = react(failsafe, Mode.CROSSING, "camera_lost", "imu_lost", stable=False)
    assert (reaction.action, reaction.cause) == (failsafe.Action.HOLD, "imu_lost")


def waiting_ends_after_thirty_seconds(failsafe: ModuleType) -> None:
    deferred = failsafe.Deferred("camera_lost", 5 * SECOND_NS)
    assert failsafe.DEFERRAL_MAX_NS == 30 * SECOND_NS
    for name in (("camera_lost",), ()):
        before = react(
            failsafe, Mode.CROSSING, *name, stable=False, t_ns=35 * SECOND_NS - 1, deferred=deferred
        )
        assert before.action < failsafe.Action.HOLD
        assert before.deferred == deferred
        assert before.inhibit
        at = react(failsafe, Mode.CROSSING, *name, stable=False, t_ns=35 * SECOND_NS, deferred=deferred)
        assert (at.action, at.cause, at.deferred) == (failsafe.Action.HOLD, "camera_lost", None)


def a_hold_once_put_off_comes_although_its_cause_flickers(failsafe: ModuleType) -> None:
    deferred = failsafe.Deferred("console_lost", 0)
    waiting = react(failsafe, Mode.CROSSING, stable=False, t_ns=1, deferred=deferred)
    assert waiting == failsafe.Reaction(failsafe.Action.NONE, "", False, True, deferred)
    other = react(failsafe, Mode.CROSSING, "camera_lost", stable=False, t_ns=2, deferred=deferred)
    assert other.deferred == deferred
    there = react(failsafe, Mode.CROSSING, stable=True, t_ns=3, deferred=deferred)
    assert there == failsafe.Reaction(failsafe.Action.HOLD, "console_lost", False, False, None)
    grave = react(failsafe, Mode.CROSSING, "imu_lost", stable=True, t_ns=3, deferred=deferred)
    assert (grave.action, grave.cause, grave.deferred) == (failsafe.Action.HOLD, "imu_lost", None)


def a_robot_that_waits_already_has_nothing_put_off(failsafe: ModuleType) -> None:
    deferred = failsafe.Deferred("camera_lost", 0)
    for mode in Mode:
        reaction = react(failsafe, mode, stable=True, t_ns=1, deferred=deferred)
        expected = failsafe.Action.HOLD if mode in MOVING else failsafe.Action.NONE
        assert (reaction.action, reaction.deferred) == (expected, None), mode
        unstable = react(failsafe, mode, stable=False, t_ns=1, deferred=deferred)
        assert unstable.deferred == (deferred if mode in MOVING else None)


def what_would_end_a_mode_at_once_forbids_entering_it(failsafe: ModuleType) -> None:
    for mode in Mode:
        everything = frozenset(failsafe.RULES)
        expected = tuple(name for name in failsafe.RULES if _cell(name, mode) in "HS")
        assert failsafe.obstacles(mode, everything) == expected
    assert failsafe.obstacles(Mode.WRAP, NONE) == ()


def an_unknown_condition_is_an_error(failsafe: ModuleType) -> None:
    for call in (
        lambda: react(failsafe, Mode.WRAP, "nonsense"),
        lambda: failsafe.obstacles(Mode.WRAP, {"x"}),
    ):
        try:
            call()
        except KeyError:
            continue
        raise AssertionError("an unknown condition went unnoticed")


_HELPERS = ("react",)
FAILSAFE_CASES = {
    name: case
    for name, case in list(globals().items())
    if callable(case)
    and getattr(case, "__module__", "") == __name__
    and not name.startswith("_")
    and name not in _HELPERS
}
