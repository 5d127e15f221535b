"""What the VESC driver does when all is well, and what it refuses."""

from __future__ import annotations

import math

import pytest
from vesc_rig import CABLE, FRONT, HOLD, MIDDLE, REAR, WIRING, VescRig, effort, moves, velocity, wheel

from firmware_bridge.drivers.axis import AxisSetpoint
from firmware_bridge.drivers.vesc import VescBus
from firmware_bridge.drivers.vesc_codec import Comm
from firmware_bridge.ports import MemoryPair
from robot.messages import AxisFault, AxisLimit, AxisMode

ALONE = {FRONT: WIRING[FRONT]}


@pytest.fixture
def rig() -> VescRig:
    rig = VescRig()
    rig.arm()
    return rig


def alone() -> VescRig:
    return VescRig(ALONE)


def said(rig: VescRig) -> list[Comm]:
    """Kinds of orders of one tick, questions left out."""
    rig.witness.payloads.clear()
    rig.tick()
    kinds = [Comm(payload[0]) for payload in rig.witness.payloads]
    return [kind for kind in kinds if kind.name.startswith("SET_")]


# ---------------------------------------------------------------- meeting


def test_everybody_on_the_bus_is_met_with_name_firmware_and_serial_number():
    rig = VescRig()
    rig.run(0.6)
    for driver in rig.bus.axes.values():
        assert driver.found is not None
        assert (driver.found.protocol, driver.found.model, driver.found.firmware) == (
            "vesc",
            "60_MK6",
            "6.05",
        )
    assert len({driver.found.serial_number for driver in rig.bus.axes.values()}) == 4
    assert all(driver.mismatch == "" for driver in rig.bus.axes.values())


def test_the_watchdog_test_measures_the_time_out(rig: VescRig):
    assert all(driver.watchdog_seen for driver in rig.bus.axes.values())
    assert 150 <= int(rig.front.found.details["watchdog_ms"]) <= 200


def test_the_watchdog_test_moves_nothing():
    rig = VescRig()
    rig.prepare()
    assert not moves(rig.witness.payloads)
    assert all(rig.mechanics.position[axis] == 0.0 for axis in (FRONT, MIDDLE, REAR, CABLE))


def test_nobody_is_armed_before_the_time_out_was_seen():
    rig = alone()
    rig.run(0.6)
    rig.front.arm()
    rig.wish(traction_front=velocity(6.0))
    rig.run(0.3)
    assert rig.speed() == 0.0
    assert not moves(rig.witness.payloads)


@pytest.mark.parametrize("ids", [(1, 1), (1, 2)])
def test_two_with_one_id_or_two_at_the_port_are_refused(ids: tuple[int, int]):
    with pytest.raises(ValueError, match="ids must differ"):
        VescBus(
            MemoryPair().host, {FRONT: wheel(ids[0], can=False), MIDDLE: wheel(ids[1], can=ids[0] == ids[1])}
        )


def test_the_slowest_speed_is_told_as_what_the_axis_can_do():
    capabilities = alone().front.capabilities()
    assert capabilities.speed_min == pytest.approx(900 / 7 / 60 * 2 * math.pi / 60)
    assert capabilities.modes == {AxisMode.HOLD, AxisMode.VELOCITY, AxisMode.EFFORT}
    assert not capabilities.latches


# ---------------------------------------------------------------- moving


def test_the_wheels_turn_at_the_speed_that_is_wished(rig: VescRig):
    rig.wish(traction_front=velocity(6.0), traction_middle=velocity(-3.0))
    rig.run(1.0)
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.05)
    assert rig.speed(MIDDLE) == pytest.approx(-3.0, abs=0.05)
    assert rig.speed(REAR) == 0.0
    assert rig.state(FRONT).velocity == pytest.approx(6.0, abs=0.05)
    assert rig.state(FRONT).position == pytest.approx(rig.mechanics.position[FRONT], abs=0.1)
    assert rig.state(FRONT).mode == AxisMode.VELOCITY


def test_the_cable_is_pulled_against_its_pay_out(rig: VescRig):
    rig.mechanics.load[CABLE] = 10.0
    rig.wish(cable=effort(10.0))
    rig.run(1.0)
    assert rig.state(CABLE).effort == pytest.approx(10.0, abs=0.1)
    assert abs(rig.speed(CABLE)) < 0.1


def test_an_effort_above_its_limit_is_cut_and_told(rig: VescRig):
    rig.mechanics.load[CABLE] = 8.0
    rig.wish(cable=effort(20.0, limit=8.0))
    rig.run(0.5)
    assert rig.state(CABLE).effort == pytest.approx(8.0, abs=0.1)
    assert rig.state(CABLE).limit == AxisLimit.EFFORT


def test_a_speed_above_the_largest_is_cut_and_told(rig: VescRig):
    rig.wish(traction_front=velocity(20.0))
    rig.run(0.3)
    assert rig.state().limit == AxisLimit.VELOCITY


def test_feedback_is_as_old_as_its_request(rig: VescRig):
    rig.tick()
    assert rig.t_ns - rig.state().t_ns == 10_000_000


def test_disarming_brakes_and_then_says_nothing_more():
    rig = alone()
    rig.drive()
    rig.front.disarm(0.0)
    assert Comm.SET_CURRENT_BRAKE in said(rig)
    rig.run(0.5)
    assert abs(rig.speed()) < 0.01
    rig.wish()
    rig.run(1.0)
    assert said(rig) == []
    assert rig.state().text == "timed out"
    assert rig.state().fault == AxisFault.NONE


def test_no_stop_ever_lets_go_of_the_motor():
    """Neither the emergency stop of the protocol (it coasts) nor a current of nothing while it turns."""
    rig = alone()
    rig.drive()
    rig.front.disarm(0.0)
    rig.witness.payloads.clear()
    rig.run(1.5)
    orders = [p for p in rig.witness.payloads if p[0] not in (0, 50, 51)]
    assert {p[0] for p in orders} == {Comm.SET_CURRENT_BRAKE, Comm.SET_HANDBRAKE}
    assert all(any(p[1:]) for p in orders)


def test_holding_at_no_speed_keeps_the_wheel_in_place_on_a_slope(rig: VescRig):
    rig.mechanics.load[FRONT] = 3.0
    rig.wish(traction_front=velocity(0.0))
    rig.run(0.5)
    caught_at = float(rig.mechanics.position[FRONT])
    rig.run(2.0)
    assert abs(caught_at) < 0.2
    assert rig.mechanics.position[FRONT] == pytest.approx(caught_at, abs=0.005)


# ---------------------------------------------------------------- what it cannot do


@pytest.mark.parametrize(
    ("setpoint", "limit", "text"),
    [
        (velocity(0.1), AxisLimit.VELOCITY, "0.1 is slower than 0.224: held"),
        (velocity(3.0, limit=5.0), AxisLimit.EFFORT, "no limit of effort at a speed"),
        (velocity(math.nan), AxisLimit.INVALID, "not a number"),
        (
            AxisSetpoint(AxisMode.POSITION, 1.0, 0.0, 15.0),
            AxisLimit.INVALID,
            "no position over several turns",
        ),
    ],
)
def test_what_it_cannot_do_is_held_and_told(rig: VescRig, setpoint, limit: AxisLimit, text: str):
    rig.wish(traction_front=setpoint)
    rig.run(0.5)
    assert rig.speed() == 0.0
    assert rig.state().limit == limit
    assert text in rig.state().text
    assert rig.state().fault == AxisFault.NONE


def test_hold_keeps_an_axis_in_place_because_it_has_no_brake_of_its_own(rig: VescRig):
    rig.wish(traction_front=HOLD)
    assert said(rig) == [Comm.SET_HANDBRAKE]


def test_a_controlled_stop_takes_its_ramp():
    rig = alone()
    rig.drive()
    rig.front.disarm(1.0)
    rig.run(0.5)
    assert rig.speed() == pytest.approx(3.0, abs=0.3)
    rig.run(0.8)
    assert abs(rig.speed()) < 0.01


def test_the_cable_keeps_its_pull_until_the_ramp_has_ended(rig: VescRig):
    rig.mechanics.load[CABLE] = 10.0
    rig.wish(cable=effort(10.0))
    rig.run(0.5)
    rig.bus.axes[CABLE].disarm(1.0)
    rig.run(0.8)
    assert rig.state(CABLE).effort == pytest.approx(10.0, abs=0.1)


def test_a_fault_in_a_controlled_stop_ends_the_ramp():
    rig = alone()
    rig.drive()
    rig.front.disarm(1.0)
    rig.run(0.1)
    rig.vescs[FRONT].trip(4)
    rig.run(0.1)
    assert said(rig)[0] in (Comm.SET_CURRENT_BRAKE, Comm.SET_HANDBRAKE)


# ---------------------------------------------------------------- latches


def test_what_the_controller_still_reports_cannot_be_cleared():
    rig = alone()
    rig.drive()
    rig.vescs[FRONT].trip(5)
    rig.run(0.1)
    rig.front.clear_fault()
    assert rig.state().fault == AxisFault.OVER_TEMPERATURE
    rig.run(1.0)
    rig.front.clear_fault()
    assert rig.state().fault == AxisFault.NONE


def test_clearing_moves_nothing_and_arms_nothing():
    rig = alone()
    rig.drive()
    rig.vescs[FRONT].trip(4)
    rig.run(1.5)
    rig.witness.payloads.clear()
    rig.front.clear_fault()
    rig.run(0.5)
    assert not moves(rig.witness.payloads)
    assert abs(rig.speed()) < 0.01
    rig.front.arm()
    rig.run(0.5)
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_one_axis_with_a_fault_leaves_the_others_alone(rig: VescRig):
    rig.drive()
    rig.vescs[MIDDLE].trip(3)
    rig.run(0.5)
    assert rig.state(MIDDLE).fault == AxisFault.OVER_CURRENT
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.1)


def test_the_count_goes_on_beyond_32_bits():
    rig = alone()
    rig.vescs[FRONT].tachometer_offset = (1 << 31) - 1000
    rig.drive()
    rig.run(1.0)
    first = rig.state().position
    rig.run(0.1)
    assert rig.state().position - first == pytest.approx(0.6, abs=0.05)
    assert rig.state().fault == AxisFault.NONE
