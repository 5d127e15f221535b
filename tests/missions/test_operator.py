"""The scripted operator: what every job begins with, the scenario's acts, and its patience."""

from __future__ import annotations

from hil.scenario import OperatorAct
from missions.clock import TICK_NS
from missions.operator import PATIENCE_NS, ScriptedOperator
from robot.messages import Action, Mode

S_NS = 1_000_000_000


def acts(operator: ScriptedOperator, t_s: float, mode: Mode) -> list[Action]:
    sent = [m.action for m in operator.messages(round(t_s * S_NS), mode)]
    return [a for a in sent if a not in (Action.HEARTBEAT, Action.TAKE)]


def test_it_takes_authority_first_and_keeps_the_link_alive() -> None:
    operator = ScriptedOperator(())
    first = operator.messages(TICK_NS, Mode.SAFE)
    assert [m.action for m in first][:2] == [Action.TAKE, Action.HEARTBEAT]
    beats = sum(
        m.action is Action.HEARTBEAT for n in range(2, 102) for m in operator.messages(n * TICK_NS, Mode.SAFE)
    )
    assert beats == 5


def test_it_arms_mounts_and_starts_by_itself_each_once_it_is_time() -> None:
    operator = ScriptedOperator(())
    assert acts(operator, 0.01, Mode.SAFE) == [Action.ARM]
    assert acts(operator, 0.5, Mode.SAFE) == []
    assert acts(operator, 1.1, Mode.SAFE) == [Action.ARM]  # again: it was not heard
    assert acts(operator, 1.2, Mode.READY) == []
    assert acts(operator, 2.3, Mode.READY) == [Action.MOUNT]
    assert acts(operator, 2.4, Mode.MOUNTING) == []
    assert acts(operator, 9.0, Mode.MOUNTING) == []
    assert acts(operator, 9.5, Mode.READY) == [Action.START]
    assert acts(operator, 9.6, Mode.WRAP) == []
    assert acts(operator, 60.0, Mode.READY) == []  # only once: nothing restarts by itself


def test_what_the_scenario_does_it_does_not_do_itself() -> None:
    operator = ScriptedOperator([OperatorAct(at_s=5.0, action=Action.ARM)])
    assert acts(operator, 1.0, Mode.SAFE) == []
    assert acts(operator, 5.0, Mode.SAFE) == [Action.ARM]
    assert acts(operator, 5.1, Mode.READY) == []
    assert acts(operator, 6.2, Mode.READY) == [Action.MOUNT]
    assert operator.interventions == 0


def test_a_start_after_something_else_leaves_the_beginning_as_it_is() -> None:
    late = [(100.0, Action.STOP), (110.0, Action.RESET), (120.0, Action.ARM), (130.0, Action.START)]
    operator = ScriptedOperator([OperatorAct(at_s=at_s, action=action) for at_s, action in late])
    assert acts(operator, 0.01, Mode.SAFE) == [Action.ARM]
    assert acts(operator, 1.2, Mode.READY) == []
    assert acts(operator, 2.3, Mode.READY) == [Action.MOUNT]


def test_acts_beyond_the_beginning_are_interventions() -> None:
    script = [OperatorAct(at_s=3.0, action=Action.RESUME), OperatorAct(at_s=1.0, action=Action.HOLD)]
    operator = ScriptedOperator(script)
    assert acts(operator, 1.0, Mode.WRAP) == [Action.HOLD]
    assert acts(operator, 3.0, Mode.HOLD) == [Action.RESUME]
    assert operator.interventions == 2


def test_sequences_count_on_for_every_client_alone() -> None:
    script = [OperatorAct(at_s=1.0, action=Action.STOP, client="tablet")]
    operator = ScriptedOperator(script)
    messages = [m for n in range(1, 200) for m in operator.messages(n * TICK_NS, Mode.WRAP)]
    for client in ("crew", "tablet"):
        seqs = [m.seq for m in messages if m.client == client]
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_hold_that_nobody_answers_ends_after_30_s() -> None:
    operator = ScriptedOperator([OperatorAct(at_s=500.0, action=Action.RESUME)])
    operator.messages(S_NS, Mode.HOLD)
    assert not operator.gave_up(PATIENCE_NS, Mode.HOLD)
    assert operator.gave_up(S_NS + PATIENCE_NS, Mode.HOLD)


def test_an_answer_starts_the_patience_anew() -> None:
    operator = ScriptedOperator([OperatorAct(at_s=20.0, action=Action.LOOK_AGAIN)])
    operator.messages(S_NS, Mode.HOLD)
    operator.messages(20 * S_NS, Mode.HOLD)
    assert not operator.gave_up(40 * S_NS, Mode.HOLD)
    assert operator.gave_up(50 * S_NS, Mode.HOLD)


def test_work_is_never_given_up() -> None:
    operator = ScriptedOperator(())
    operator.messages(S_NS, Mode.CROSSING)
    assert not operator.gave_up(10 * PATIENCE_NS, Mode.CROSSING)


def test_a_robot_that_does_not_arm_is_a_refusal() -> None:
    operator = ScriptedOperator(())
    for second in range(20):
        operator.messages(second * S_NS, Mode.SAFE)
    assert operator.refused


def test_stop_is_sent_with_the_next_tick_and_nothing_is_begun_after_it() -> None:
    operator = ScriptedOperator(())
    operator.messages(TICK_NS, Mode.SAFE)
    operator.stop()
    assert acts(operator, 0.02, Mode.SAFE) == [Action.STOP]
    assert acts(operator, 5.0, Mode.SAFE) == []
