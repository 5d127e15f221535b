"""A job as it should be breaks no promise; every broken promise is noticed, and nothing else is."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import math
import time
from pathlib import Path

import pytest
import stage

import hil
from hil.passages import REFUSALS, Passages
from hil.referee import Referee
from hil.violations import RULES
from hil.world.truth import Contact, TruthState
from missions.summary import Summary
from robot.messages import CommandFrame, LayRecord, Mode
from robot.modes.events import EVENTS

AFTER_S, BEFORE_S = 6.0, 7.0  # an altered second on the open span
Instant = tuple[TruthState, CommandFrame]


def during(
    from_s: float = AFTER_S, to_s: float = BEFORE_S, mode: Mode | None = None, **changes: object
) -> stage.Alter:
    """Alter the truth in these seconds of the job (and the robot's mode)."""

    def alter(truth: TruthState, command: CommandFrame) -> Instant:
        if from_s <= truth.t_s < to_s:
            truth = dataclasses.replace(truth, **changes)  # type: ignore[arg-type]
            command = command if mode is None else dataclasses.replace(command, mode=mode)
        return truth, command

    return alter


def rules(referee: Referee) -> set[str]:
    return {v["rule"] for v in referee.verdict("completed")["violations"]}


# ---------------------------------------------------------------- as it should be


@pytest.fixture(scope="module")
def clean() -> dict:
    return stage.run().verdict("completed", "job_done", seed=3)


def test_a_job_as_it_should_be_breaks_no_promise(clean: dict) -> None:
    assert clean["violations"] == []


def test_the_verdict_is_a_summary_without_any_nan(clean: dict) -> None:
    summary = Summary.model_validate(clean)
    assert summary.exit_code == 0
    json.dumps(clean, allow_nan=False)


def test_figures_of_a_job_as_it_should_be(clean: dict) -> None:
    assert clean["travelled_m"] == pytest.approx(18.75)
    assert clean["turns"] == 18
    assert clean["pitch_error_pct"]["max"] < 0.3
    assert clean["tension_in_band_pct"] == 100.0
    assert clean["tension_n"] == {"setpoint": 10.0, "p05": 10.0, "p95": 10.0, "max": 10.0}
    assert clean["unwrapped_m"] == pytest.approx(0.54, abs=0.02)
    assert clean["wrapped_m"] + clean["unwrapped_m"] == pytest.approx(18.75, abs=0.02)
    assert clean["cable_used_m"] == pytest.approx(clean["cable_ideal_m"] + 0.30, abs=0.01)
    assert clean["peak_mass_kg"] == pytest.approx(3 * 2.2 + 17.0 + 1.5 + 3.0 + 6.5 + 0.4)
    assert clean["position_error_m"]["max"] == pytest.approx(0.02)
    assert clean["approach_error_m"]["max"] == pytest.approx(0.01)
    assert clean["chainage_error_m"]["max"] == pytest.approx(0.10)
    assert clean["chainage_in_3sigma_pct"] == 100.0
    (crossing,) = clean["crossings"]
    assert crossing["features"] == ["pin-10"]
    assert crossing["outcome"] == "done"
    assert crossing["at_m"] == stage.PIN_M
    assert 25.0 < crossing["duration_s"] < 40.0
    assert 0.0 < crossing["min_clearance_mm"] <= 15.0


@pytest.mark.parametrize("job", [stage.Job(hand=-1), stage.Job(pitch_m=0.5), stage.Job(pitch_m=0.3, hand=-1)])
def test_every_hand_and_pitch_is_judged_alike(job: stage.Job) -> None:
    verdict = stage.run(job=job).verdict("completed")
    assert verdict["violations"] == []
    assert verdict["pitch_error_pct"]["max"] < 1.0


def test_a_referee_that_saw_nothing_says_so() -> None:
    referee = Referee(stage.PROFILE, stage.Job(), [], stage.CONDUCTOR_M, stage.CABLE_M)
    summary = Summary.model_validate(referee.verdict("refused", "plan"))
    assert summary.tension_in_band_pct is None
    assert summary.pitch_error_pct.max is None
    assert summary.exit_code == 1


# ---------------------------------------------------------------- features elsewhere, parts in the way


@pytest.mark.parametrize("shift_m", [0.020, -0.020])
def test_a_feature_shifted_by_20_mm_is_noticed(shift_m: float) -> None:
    violations = stage.run(pin_m=stage.PIN_M + shift_m).verdict("completed")["violations"]
    assert {v["rule"] for v in violations} == {"overlap"}
    assert {v["feature"] for v in violations} == {"pin-10"}
    assert min(v["value"] for v in violations) == pytest.approx(-0.005, abs=1e-6)
    assert all(v["at_m"] == pytest.approx(stage.PIN_M + shift_m) for v in violations)


@pytest.mark.parametrize("shift_m", [0.010, -0.010])
def test_a_feature_shifted_within_the_margin_is_no_violation(shift_m: float) -> None:
    verdict = stage.run(pin_m=stage.PIN_M + shift_m).verdict("completed")
    assert verdict["violations"] == []


def test_a_slot_at_the_wrong_place_is_noticed() -> None:
    def half_a_turn(truth: TruthState, command: CommandFrame) -> Instant:
        return dataclasses.replace(truth, rotor_rad=truth.rotor_rad + math.pi), command

    violations = stage.run(half_a_turn).verdict("completed")["violations"]
    assert {(v["rule"], v["part"]) for v in violations} == {("overlap", "ring"), ("overlap", "guide")}


def test_a_guide_left_out_is_noticed() -> None:
    def out(truth: TruthState, command: CommandFrame) -> Instant:
        return dataclasses.replace(truth, guide_r_m=0.012), command

    violations = stage.run(out).verdict("completed")["violations"]
    assert {(v["rule"], v["part"]) for v in violations} == {("overlap", "guide")}


def test_a_carriage_left_clamped_is_noticed() -> None:
    def never_open(truth: TruthState, command: CommandFrame) -> Instant:
        return dataclasses.replace(truth, grip_m=(0.0, truth.grip_m[1], truth.grip_m[2])), command

    violations = stage.run(never_open).verdict("completed")["violations"]
    assert {(v["rule"], v["part"]) for v in violations} == {
        ("overlap", "front wheel"),
        ("overlap", "front roller"),
    }


def test_contact_seen_by_the_physics_engine_is_noticed() -> None:
    contact = Contact("ring", "pin-10", 0.002)
    referee = stage.run(during(contacts=(contact,)))
    (violation,) = referee.verdict("completed")["violations"]
    assert violation["rule"] == "contact"
    assert violation["value"] == -0.002


# ---------------------------------------------------------------- rules of every instant

N = len(stage.NONE)
PROMISES = [
    ("speed", {"speed_mps": 0.61}, {"speed_mps": 0.60}),
    ("speed", {"speed_mps": -0.61}, {"speed_mps": -0.60}),
    ("roll", {"roll_rad": math.radians(-10.1)}, {"roll_rad": math.radians(9.9)}),
    ("rotor_speed", {"rotor_rate_rps": -6.5}, {"rotor_rate_rps": 6.28}),
    ("mass", {"coil_kg": 5.5}, {"coil_kg": 5.3}),
    ("pinch", {"pinch_n": (100.0, 450.0, 100.0)}, {"pinch_n": (100.0, 400.0, 100.0)}),
    ("range", {"trim_r_m": 0.25}, {"trim_r_m": 0.24}),
    ("range", {"guide_r_m": 0.006}, {"guide_r_m": 0.050}),
    ("range", {"grip_m": (-0.01, 0.0, 0.0)}, {"grip_m": (-0.001, 0.0, 0.0)}),
    ("effort", {"effort": (16.0, *[0.0] * (N - 1))}, {"effort": (15.0, *[0.0] * (N - 1))}),
    ("rate", {"velocity": (-14.0, *[0.0] * (N - 1))}, {"velocity": (-13.0, *[0.0] * (N - 1))}),
    ("tension", {"tension_n": 60.0}, {"tension_n": 40.0}),
    ("support", {"grip_m": (0.12, 0.12, 0.0)}, {"grip_m": (0.0, 0.12, 0.0)}),
    ("support", {"grip_m": (0.04, 0.04, 0.04)}, {"grip_m": (0.0, 0.04, 0.04)}),
    ("support", {"grip_m": (0.02, 0.02, 0.0)}, {"grip_m": (0.02, 0.0, 0.0)}),
    ("support", {"grip_m": (0.04, 0.0, 0.12)}, {"grip_m": (0.0, 0.04, 0.12)}),
    (
        "support",
        {"grip_m": (0.0, 0.04, 0.0), "wheel_load_n": (0.0, 300.0, 0.0), "pinch_n": (0.0, 0.0, 0.0)},
        {"grip_m": (0.0, 0.04, 0.0), "wheel_load_n": (0.0, 300.0, 50.0), "pinch_n": (0.0, 0.0, 0.0)},
    ),
    ("wheel_on_cable", {"lay_s_m": 20.0}, {}),
    ("lost", {"roll_rad": math.radians(80.0)}, {}),
    ("lost", {"s_m": math.nan}, {}),
    ("lost", {"held": False}, {}),
    ("end_pole", {"s_m": 23.5}, {}),
    ("end_pole", {"s_m": 1.0}, {}),
]


def instant(**changes: object) -> Referee:
    """A referee that saw the lay begin and then one second of an altered truth, far from any feature."""
    referee = Referee(stage.PROFILE, stage.Job(length_m=24.0), [], stage.CONDUCTOR_M, stage.CABLE_M)
    robot = stage.Robot(stage.Job(length_m=24.0))
    for truth, command in robot.drive(5.5, 0.4):
        referee.observe(truth, command, truth.t_s)
    for _ in range(100):
        truth, command = robot.tick(**changes)  # type: ignore[arg-type]
        referee.observe(truth, command, truth.t_s)
    return referee


@pytest.mark.parametrize(("rule", "broken", "kept"), PROMISES)
def test_each_broken_rule_is_noticed_alone_and_once_and_a_kept_one_is_not(
    rule: str, broken: dict[str, object], kept: dict[str, object]
) -> None:
    found = [
        v for v in instant(**broken).violations.entries if not (rule == "lost" or v.rule == "wheel_on_cable")
    ]
    if rule in ("lost", "wheel_on_cable"):
        assert rule in rules(instant(**broken))
    else:
        assert {v.rule for v in found} == {rule}
        assert len({(v.part, v.feature) for v in found}) == len(found)
        assert all(v.t_s == pytest.approx(4.4, abs=0.05) for v in found)
    assert rules(instant(**kept)) == set()


def test_every_rule_is_explained() -> None:
    sources = [Path(hil.__file__).with_name(name).read_text("utf-8") for name in ("rules.py", "referee.py")]
    calls = [node for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = {c.func.attr: [] for c in calls if isinstance(c.func, ast.Attribute)}
    for call in calls:
        if isinstance(call.func, ast.Attribute):
            names[call.func.attr] += [a.value for a in call.args if isinstance(a, ast.Constant)]
    reported = {r for name in ("report", "_report", "_at_most") for r in names[name] if isinstance(r, str)}
    assert reported == set(RULES)


def test_roll_while_crossing_has_a_limit_of_its_own() -> None:
    lean = math.radians(3.2)
    assert rules(stage.run(during(roll_rad=lean))) == set()
    verdict = stage.run(during(30.0, 31.0, roll_rad=lean)).verdict("completed")
    assert {v["rule"] for v in verdict["violations"]} == {"roll_crossing"}
    assert verdict["roll_crossing_deg"]["max"] == pytest.approx(3.2)
    assert verdict["roll_deg"]["max"] == pytest.approx(3.2)


def test_a_robot_that_creeps_in_a_mode_that_must_stand_is_noticed() -> None:
    assert rules(stage.run(during(5.0, 11.0, mode=Mode.HOLD))) == {"standstill"}
    assert rules(stage.run(during(5.0, 8.0, mode=Mode.STOPPED))) == set()


def test_a_torn_cable_is_noticed_when_the_robot_drives_on() -> None:
    assert rules(stage.run(during(6.0, 12.0, tension_n=0.0))) == {"tension_lost"}
    assert rules(stage.run(during(6.0, 7.0, tension_n=0.0))) == set()


def test_before_the_job_the_crew_may_do_what_it_likes() -> None:
    assert (
        rules(stage.run(during(0.0, 1.0, mode=Mode.MOUNTING, grip_m=(0.04, 0.04, 0.04), roll_rad=0.5)))
        == set()
    )


def test_an_episode_is_one_entry_with_its_worst_value() -> None:
    def wild(truth: TruthState, command: CommandFrame) -> Instant:
        speed = {600: 0.65, 601: 0.70, 650: 0.66, 900: 0.62}.get(round(truth.t_s * 100), truth.speed_mps)
        return dataclasses.replace(truth, speed_mps=speed), command

    violations = stage.run(wild).verdict("completed")["violations"]
    assert [(v["t_s"], v["value"]) for v in violations] == [(6.0, 0.70), (9.0, 0.62)]


# ---------------------------------------------------------------- the cable


def without_records(truth: TruthState, command: CommandFrame) -> Instant:
    return truth, dataclasses.replace(command, records=())


def test_an_unwrapped_length_that_is_not_recorded_is_noticed_and_not_excused() -> None:
    verdict = stage.run(without_records).verdict("completed")
    assert {v["rule"] for v in verdict["violations"]} == {"unrecorded"}
    assert verdict["pitch_error_pct"]["max"] > 40.0


def test_a_record_that_would_excuse_the_whole_job_is_noticed() -> None:
    def generous(truth: TruthState, command: CommandFrame) -> Instant:
        records = tuple(dataclasses.replace(r, from_m=r.from_m - 1.0) for r in command.records)
        return truth, dataclasses.replace(command, records=records)

    violations = stage.run(generous).verdict("completed")["violations"]
    assert {(v["rule"], v["part"]) for v in violations} == {("unwrapped", "record")}


def test_more_than_a_metre_unwrapped_at_a_pole_is_noticed() -> None:
    class Early(stage.Robot):
        def cross(self):  # type: ignore[no-untyped-def]
            self.geared, early_m = False, self.truth.lay_s_m
            yield from super().cross()
            self.records.append(LayRecord("unwrapped", early_m + 0.1, self.truth.lay_s_m + 0.2, 10.0, 1.5))

    verdict = stage.run(robot=Early(stage.Job())).verdict("completed")
    assert ("unwrapped", "cable") in {(v["rule"], v["part"]) for v in verdict["violations"]}
    assert verdict["unwrapped_m"] > 1.0


def test_cable_that_lies_straight_over_two_places_is_shared_by_them() -> None:
    """A deterrent is no place of its own: it is part of its pole."""
    beside = [dataclasses.replace(stage.pin(), at_m=at_m) for at_m in (stage.PIN_M, stage.PIN_M + 0.3)]
    deterrent = dataclasses.replace(stage.pin(), kind="bird-deterrent")
    passages = Passages([deterrent, *beside])
    assert [f.at_m for f in passages.under(stage.PIN_M - 0.5, stage.PIN_M + 0.5)] == [f.at_m for f in beside]
    assert passages.under(stage.PIN_M + 0.5, stage.PIN_M + 1.0) == []


def test_cable_left_straight_on_the_open_span_is_a_bad_turn_and_not_the_poles() -> None:
    class Idle(stage.Robot):
        def drive(self, to_m, speed_mps):  # type: ignore[no-untyped-def]
            if not self.tied and self.truth.s_m < 5.0:
                yield from super().drive(6.0, speed_mps)
                self.geared = False
                yield from super().drive(7.0, speed_mps)
                self.geared = True
            yield from super().drive(to_m, speed_mps)

    verdict = stage.run(robot=Idle(stage.Job())).verdict("completed")
    assert verdict["unwrapped_m"] > 1.0
    assert verdict["pitch_error_pct"]["max"] > 50.0
    assert {v["rule"] for v in verdict["violations"]} == set()


def test_tension_out_of_the_band_counts_by_the_time_it_lasts() -> None:
    verdict = stage.run(during(6.0, 8.0, tension_n=12.5)).verdict("completed")
    turning_s = verdict["sim_time_s"] - 1.0
    assert verdict["tension_in_band_pct"] == pytest.approx(100.0 * (1 - 2.0 / turning_s), abs=0.3)
    assert stage.run(during(6.0, 8.0, tension_n=11.9)).verdict("completed")["tension_in_band_pct"] == 100.0


def test_tension_before_the_first_and_after_the_last_turn_does_not_count() -> None:
    assert stage.run(during(0.0, 0.3, tension_n=0.0)).verdict("completed")["tension_in_band_pct"] == 100.0
    end_s = stage.run().verdict("completed")["sim_time_s"]
    loose_end = during(end_s - 0.5, end_s + 1.0, tension_n=0.0)
    assert stage.run(loose_end).verdict("completed")["tension_in_band_pct"] == 100.0


# ---------------------------------------------------------------- what the robot believes


def test_a_wrong_belief_shows_in_the_errors() -> None:
    def wrong(truth: TruthState, command: CommandFrame) -> Instant:
        estimate = command.estimate
        belief = dataclasses.replace(
            estimate,
            since_feature_m=estimate.since_feature_m + 0.15,
            distance_to_feature_m=estimate.distance_to_feature_m - 0.04,
            chainage_sigma_m=0.03,
        )
        return truth, dataclasses.replace(command, estimate=belief)

    verdict = stage.run(wrong).verdict("completed")
    assert verdict["position_error_m"]["max"] == pytest.approx(0.17)
    assert verdict["approach_error_m"]["max"] == pytest.approx(0.03)
    assert verdict["chainage_in_3sigma_pct"] == 0.0


def test_a_robot_that_does_not_know_that_it_passed_a_feature_is_as_far_off_as_it_went() -> None:
    def blind(truth: TruthState, command: CommandFrame) -> Instant:
        estimate = dataclasses.replace(command.estimate, since_feature_m=math.nan)
        return truth, dataclasses.replace(command, estimate=estimate)

    verdict = stage.run(blind).verdict("completed")
    assert verdict["position_error_m"]["max"] == pytest.approx(24.0 - 1.5 - stage.PIN_M, abs=0.01)


def test_a_crossing_that_was_held_and_resumed_is_one_with_a_retry() -> None:
    verdict = stage.run(during(40.0, 41.0, mode=Mode.HOLD)).verdict("completed")
    (crossing,) = verdict["crossings"]
    assert (crossing["outcome"], crossing["retries"]) == ("done", 1)
    assert verdict["approach_error_m"]["max"] == pytest.approx(
        0.01
    )  # of its start, not of the resume beyond the pin


def test_a_crossing_that_stays_held_says_so() -> None:
    (crossing,) = stage.run(during(30.0, 1e9, mode=Mode.HOLD)).verdict("stopped")["crossings"]
    assert crossing["outcome"] == "held"


def test_a_feature_that_the_robot_refuses_is_a_crossing_refused() -> None:
    def refuse(truth: TruthState, command: CommandFrame) -> Instant:
        if command.mode is Mode.CROSSING or truth.s_m > stage.PIN_M:
            command = dataclasses.replace(command, mode=Mode.HOLD, reason="feature_blocked")
        return truth, command

    (crossing,) = stage.run(refuse).verdict("stopped")["crossings"]
    assert (crossing["outcome"], crossing["features"]) == ("refused", ["pin-10"])


def test_reasons_of_a_refusal_are_events_of_the_robot() -> None:
    assert set(EVENTS) >= REFUSALS


# ---------------------------------------------------------------- independence and cost


def test_the_referee_shares_no_code_with_the_crossing_planner() -> None:
    seen, todo = set(), ["hil.referee"]
    while todo:
        name = todo.pop()
        if name in seen or name.partition(".")[0] not in ("hil", "robot"):
            continue
        seen.add(name)
        path = importlib.import_module(name).__file__
        assert path is not None
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                todo.append(node.module)
    assert "hil.clearance" in seen
    assert not {name for name in seen if name.startswith("robot.crossing")}
    assert Path(hil.__file__).parent.name == "hil"


def test_a_tick_costs_the_referee_little() -> None:
    """25 us are planned on a quiet machine; four times that is a mistake, not a busy one."""
    job = stage.Job()
    ticks = stage.played(job)
    best_s = math.inf
    for _ in range(3):
        referee = Referee(stage.PROFILE, job, [stage.pin()], stage.CONDUCTOR_M, stage.CABLE_M)
        start_s = time.perf_counter()
        for truth, command in ticks:
            referee.observe(truth, command, truth.t_s)
        best_s = min(best_s, time.perf_counter() - start_s)
    assert best_s / len(ticks) < 100e-6
