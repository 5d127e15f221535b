"""The mode machine: every pair of mode and trigger is decided, and nothing else can happen."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from transitions import Machine

from robot.messages import Action, Mode
from robot.modes import pages
from robot.modes.events import EVENTS
from robot.modes.machine import (
    OPERATOR_TRIGGERS,
    REFUSED,
    STAY,
    TABLE,
    ModeMachine,
    Request,
    Trigger,
    transition_list,
)
from robot.safety import failsafe

ROOT = Path(__file__).parents[2]
NONE = frozenset[str]()
BY_OPERATOR = set(OPERATOR_TRIGGERS.values())
BY_FAILSAFE = {Trigger.FAIL_HOLD, Trigger.FAIL_STOP}

# A way to each mode from power-up.
WAYS = {
    Mode.SAFE: (),
    Mode.READY: ("arm",),
    Mode.MOUNTING: ("arm", "mount"),
    Mode.TRAVEL: ("arm", "mount", "mounted", "start"),
    Mode.WRAP: ("arm", "mount", "mounted", "start", "lay_begin"),
    Mode.CROSSING: ("arm", "mount", "mounted", "start", "lay_begin", "crossing_ahead"),
    Mode.HOLD: ("arm", "mount", "mounted", "start", "lay_begin", "hold"),
    Mode.RETREAT: ("arm", "mount", "mounted", "start", "lay_begin", "hold", "back_off"),
    Mode.MANUAL: ("arm", "manual"),
    Mode.STOPPED: ("stop",),
}


def step(machine: ModeMachine, trigger: str, active: frozenset[str] = NONE, inhibit: bool = False):
    return machine.step(Request(Trigger(trigger), trigger), active, inhibit)


def machine_after(*triggers: str) -> ModeMachine:
    machine = ModeMachine()
    for trigger in triggers:
        assert step(machine, trigger).refused == "", trigger
    return machine


def machine_in(mode: Mode) -> ModeMachine:
    machine = machine_after(*WAYS[mode])
    assert machine.mode is mode
    return machine


def test_power_up_is_safe() -> None:
    machine = ModeMachine()
    assert (machine.mode, machine.reason, machine.job) == (Mode.SAFE, "power_up", None)


def test_every_pair_is_decided() -> None:
    assert set(TABLE) == set(itertools.product(Mode, Trigger))


@pytest.mark.parametrize(("mode", "trigger"), list(itertools.product(Mode, Trigger)))
def test_each_pair_does_what_the_table_says(mode: Mode, trigger: Trigger) -> None:
    machine = machine_in(mode)
    job = machine.job
    cell = TABLE[mode, trigger]
    answer = step(machine, trigger.value)
    assert answer.mode is machine.mode
    assert not answer.failed
    if cell == STAY:
        assert (machine.mode, answer.changed, answer.refused) == (mode, False, "")
    elif cell == REFUSED:
        assert (machine.mode, answer.changed) == (mode, False)
        assert answer.refused == f"{trigger.value} is not possible in {mode.value}"
    elif trigger is Trigger.START:  # nothing was mounted on the way to READY
        assert (machine.mode, job) == (mode, None)
        assert answer.refused == "start: there is no mounted job to go on with"
    else:
        assert machine.mode in cell
        assert answer.changed
        assert machine.reason == trigger.value


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.STOPPED])
def test_stop_works_from_everywhere_whatever_is_wrong(mode: Mode) -> None:
    machine = machine_in(mode)
    assert step(machine, "stop", frozenset(failsafe.RULES)).mode is Mode.STOPPED


@pytest.mark.parametrize("mode", Mode)
def test_no_mode_is_without_a_way_to_safe(mode: Mode) -> None:
    machine = machine_in(mode)
    if mode is not Mode.SAFE:
        step(machine, "stop")
        assert step(machine, "reset").mode is Mode.SAFE
    assert machine.mode is Mode.SAFE


def test_only_an_operator_leaves_a_mode_that_waits() -> None:
    for (mode, trigger), cell in TABLE.items():
        if mode in (Mode.SAFE, Mode.READY, Mode.HOLD, Mode.STOPPED) and isinstance(cell, tuple):
            assert trigger in BY_OPERATOR or cell == (Mode.STOPPED,), (mode, trigger)


def test_a_stop_latches_until_it_is_reset_and_nothing_starts_by_that() -> None:
    for trigger in Trigger:
        machine = machine_after(*WAYS[Mode.WRAP], "stop")
        answer = step(machine, trigger.value)
        assert answer.mode is (Mode.SAFE if trigger is Trigger.RESET else Mode.STOPPED)
    for trigger in set(Trigger) - {Trigger.ARM, Trigger.STOP, Trigger.FAIL_STOP}:
        machine = machine_after("stop", "reset")
        step(machine, trigger.value)
        assert machine.mode is Mode.SAFE


def test_reset_waits_until_the_cause_is_gone() -> None:
    machine = machine_in(Mode.STOPPED)
    answer = step(machine, "reset", frozenset({"estop_open", "link_noisy"}))
    assert (answer.mode, answer.refused) == (Mode.STOPPED, "reset is forbidden by estop_open")
    assert step(machine, "reset", frozenset({"link_noisy"})).mode is Mode.SAFE


def test_no_mode_is_entered_that_would_end_at_once() -> None:
    ways = ((Mode.SAFE, "arm"), (Mode.READY, "mount"), (Mode.READY, "manual"), (Mode.HOLD, "resume"))
    for mode, trigger in ways:
        machine = machine_in(mode)
        answer = step(machine, trigger, frozenset({"drive_fault"}))
        assert (answer.mode, answer.changed) == (mode, False)
        assert answer.refused == f"{trigger} is forbidden by drive_fault"
    machine = machine_in(Mode.HOLD)
    assert step(machine, "back_off", frozenset({"imu_lost"})).refused == "back_off is forbidden by imu_lost"
    assert step(machine, "manual", frozenset({"imu_lost"})).mode is Mode.MANUAL


@pytest.mark.parametrize("mode", [Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING])
def test_a_held_job_goes_on_where_it_was_held(mode: Mode) -> None:
    machine = machine_after(*WAYS[mode], "fail_hold")
    assert (machine.mode, machine.job) == (Mode.HOLD, mode)
    assert step(machine, "resume").mode is mode


@pytest.mark.parametrize("mode", [Mode.TRAVEL, Mode.WRAP, Mode.CROSSING])
def test_a_stopped_job_goes_on_after_reset_arm_and_start(mode: Mode) -> None:
    machine = machine_after(*WAYS[mode], "fail_stop", "reset", "arm", "start")
    assert machine.mode is mode


def test_after_a_stop_while_mounting_it_is_mounted_again() -> None:
    machine = machine_after(*WAYS[Mode.MOUNTING], "stop", "reset", "arm")
    assert step(machine, "start").refused == "start: there is no mounted job to go on with"


@pytest.mark.parametrize("came_from", [Mode.TRAVEL, Mode.WRAP])
def test_a_crossing_returns_to_where_it_came_from(came_from: Mode) -> None:
    machine = machine_after(*WAYS[came_from], "crossing_ahead", "crossing_done")
    assert machine.mode is came_from


@pytest.mark.parametrize("mode", [Mode.TRAVEL, Mode.WRAP])
def test_no_crossing_begins_while_it_is_inhibited(mode: Mode) -> None:
    machine = machine_in(mode)
    assert step(machine, "crossing_ahead", inhibit=True).mode is Mode.HOLD
    assert machine.job is mode


@pytest.mark.parametrize(
    ("mode", "report", "goes_on"),
    [
        (Mode.MOUNTING, "mounted", Mode.TRAVEL),
        (Mode.TRAVEL, "lay_begin", Mode.WRAP),
        (Mode.CROSSING, "crossing_done", Mode.WRAP),
        (Mode.WRAP, "lay_end", None),
        (Mode.WRAP, "crossing_done", Mode.WRAP),
        (Mode.WRAP, "mounted", Mode.WRAP),
        (Mode.CROSSING, "lay_begin", Mode.CROSSING),
    ],
)
def test_a_report_that_comes_after_a_hold_still_counts(mode: Mode, report: str, goes_on: Mode | None) -> None:
    machine = machine_after(*WAYS[mode], "hold", report)
    assert (machine.mode, machine.job) == (Mode.HOLD, goes_on)


def test_a_finished_job_is_not_resumed() -> None:
    for trigger in ("lay_end", "hold"):
        machine = machine_after(*WAYS[Mode.WRAP], trigger)
        if trigger == "hold":
            assert step(machine, "end_job").mode is Mode.READY
            assert step(machine, "start").refused == "start: there is no mounted job to go on with"
        else:
            assert step(machine, "resume").refused == "resume: there is no mounted job to go on with"


def test_a_refused_end_of_job_ends_nothing() -> None:
    machine = machine_in(Mode.WRAP)
    assert step(machine, "end_job").refused == "end_job is not possible in WRAP"
    assert machine.job is Mode.WRAP


# ---------------------------------------------------------------- what comes first


def reaction(action: failsafe.Action, cause: str = "contact") -> failsafe.Reaction:
    return failsafe.Reaction(action, cause, False, False, None)


def test_the_gravest_of_a_tick_is_taken() -> None:
    machine = machine_in(Mode.WRAP)
    stop, hold = reaction(failsafe.Action.STOP), reaction(failsafe.Action.HOLD, "imu_lost")
    slow = reaction(failsafe.Action.SLOW, "wheel_slip")
    asked = (Action.HOLD, "crossing_ahead")
    assert machine.choose(True, stop, *asked) == Request(Trigger.STOP, "operator_stop")
    assert machine.choose(False, stop, *asked) == Request(Trigger.FAIL_STOP, "contact")
    assert machine.choose(False, hold, *asked) == Request(Trigger.FAIL_HOLD, "imu_lost")
    assert machine.choose(False, slow, *asked) == Request(Trigger.HOLD, "operator_hold")
    assert machine.choose(False, slow, Action.TAKE, "crossing_ahead") == Request(
        Trigger.CROSSING_AHEAD, "crossing_ahead"
    )
    assert machine.choose(False, failsafe.QUIET, None, None) is None


def test_what_changes_nothing_is_no_reason_to_leave_an_operator_without_answer() -> None:
    stopped, held = machine_in(Mode.STOPPED), machine_in(Mode.HOLD)
    stop, hold = reaction(failsafe.Action.STOP), reaction(failsafe.Action.HOLD)
    assert stopped.choose(False, stop, Action.RESET, None) == Request(Trigger.RESET, "operator_reset")
    assert stopped.choose(False, hold, Action.RESET, None) == Request(Trigger.RESET, "operator_reset")
    assert held.choose(False, hold, Action.RESUME, None) == Request(Trigger.RESUME, "operator_resume")


def test_a_stop_answers_everything_else_of_its_tick() -> None:
    assert machine_in(Mode.STOPPED).choose(True, failsafe.QUIET, Action.RESET, "lay_end") is None


def test_every_act_that_moves_the_machine_has_its_event() -> None:
    for action in OPERATOR_TRIGGERS:
        assert f"operator_{action.value}" in EVENTS
    for trigger in set(Trigger) - BY_OPERATOR - BY_FAILSAFE:
        assert trigger.value in EVENTS


# ---------------------------------------------------------------- when it breaks


def test_whatever_the_machine_raises_ends_in_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = machine_in(Mode.WRAP)

    def broken(*_: object) -> tuple[str, ...]:
        raise RuntimeError("broken guard")

    machine = machine_in(Mode.HOLD)
    monkeypatch.setattr(failsafe, "obstacles", broken)
    answer = step(machine, "resume")
    assert (answer.mode, answer.changed, answer.failed) == (Mode.STOPPED, True, True)
    assert (machine.mode, machine.reason) == (Mode.STOPPED, "internal_error")
    answer = step(machine, "reset")
    assert (answer.mode, answer.changed, answer.failed) == (Mode.STOPPED, False, True)
    monkeypatch.undo()
    assert step(machine, "reset").mode is Mode.SAFE


def test_a_forced_stop_needs_no_table() -> None:
    machine = machine_in(Mode.CROSSING)
    machine.force_stop("wish_garbage")
    assert (machine.mode, machine.reason) == (Mode.STOPPED, "wish_garbage")


def test_the_library_is_kept_on_its_short_lead() -> None:
    machine = ModeMachine()
    library = machine._machine
    assert isinstance(library, Machine)
    assert (library.auto_transitions, library.has_queue, library.send_event) == (False, False, True)
    assert library.ignore_invalid_triggers is False
    assert not [name for name in library.events if name.startswith("to_")]
    assert {str(row["trigger"]) for row in transition_list()} == {
        trigger.value for (_, trigger), cell in TABLE.items() if isinstance(cell, tuple)
    }


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    page = ROOT / "docs" / name
    expected = pages.PAGES[name]()
    assert page.exists(), "write it with: python tests/robot/write_pages.py"
    assert page.read_text(encoding="utf-8") == expected, "write it with: python tests/robot/write_pages.py"
