"""Sag and tension agree with published answers, with closed forms and with another solver."""

from __future__ import annotations

import csv
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_cases import DATA, line, strung

from robot.line import mechanics
from robot.line.catalogue import CONDUCTORS
from robot.line.elastic import place, solve, solve_length
from robot.line.mechanics import GRAVITY_MPS2, Catenary
from robot.line.profile import profile

LB_PER_FT_CASES = [  # weight lb/ft, span ft, tolerance ft, (tension lb, sag ft)...
    ("P1", 1.094, 700, 0.05, ((8161, 8.22), (7301, 9.19), (6242, 10.75), (5429, 12.36), (4809, 13.96),
                              (4330, 15.52), (3960, 16.97), (3728, 18.04), (6300, 10.65), (3837, 17.52))),
    ("P2", 2.509, 700, 0.05, ((11318, 13.61), (11361, 13.55))),
    ("P2", 2.094, 700, 0.05, ((9224, 13.93), (9643, 13.33))),
    ("P3", 2.509, 1000, 0.08, ((12116, 25.98),)),
    ("P3", 2.094, 1000, 0.08, ((9990, 26.30), (10290, 25.53))),
    ("P3", 1.094, 1000, 0.08, ((7318, 18.72),)),
]  # fmt: skip


@pytest.mark.parametrize(("case", "weight", "span", "tolerance", "pairs"), LB_PER_FT_CASES)
def test_published_sags_of_drake_are_reproduced(case, weight, span, tolerance, pairs):
    """The sources give either the horizontal tension or the one at the supports; one of them must fit."""
    for tension, sag in pairs:
        at_supports = mechanics.tension_from_support_tension_n(span, weight, tension)
        found = [Catenary(span, 0.0, weight, h).sag_m for h in (tension, at_supports)]
        assert min(abs(f - sag) for f in found) <= tolerance, (case, tension)


def test_p4_sag_of_a_level_span():
    assert mechanics.parabola_sag_m(240, 0.727, 3440) == pytest.approx(1.52, rel=0.005)
    assert Catenary(240, 0, 0.727, 3440).sag_m == pytest.approx(1.52, rel=0.005)


def test_p5_wind_adds_to_the_weight_at_right_angles():
    weight = mechanics.combined_load_n_per_m(0.65, wind_n_per_m=0.38)
    area_cm2 = math.pi / 4 * 0.95**2
    assert Catenary(160, 0, weight, 850 * area_cm2).sag_m == pytest.approx(4.0, rel=0.005)


def test_p6_ice_adds_to_the_weight_and_to_the_area_that_wind_meets():
    ice_kg_per_m = mechanics.ice_load_n_per_m(0.0195, 0.013) / GRAVITY_MPS2
    wind_kg_per_m = 39 * (0.0195 + 2 * 0.013)
    weight = mechanics.combined_load_n_per_m(0.85, ice_kg_per_m, wind_kg_per_m)
    assert Catenary(275, 0, weight, 4000).sag_m == pytest.approx(6.4, rel=0.005)


def test_p7_tension_after_a_change_of_load_and_temperature():
    tension = mechanics.change_of_state_n(300, 9320 * 240, 18.44e-5, 4000, 2.45, 1.00, 70)
    assert tension == pytest.approx(541.9, rel=0.005)
    assert mechanics.parabola_sag_m(300, 1.00, tension) == pytest.approx(20.76, rel=0.005)


def test_p8_sag_follows_from_length():
    tension = mechanics.tension_from_length_n(1000, 0, 1.0, 1002.54)
    assert Catenary(1000, 0, 1.0, tension).sag_m == pytest.approx(30.89, rel=0.005)


def test_p9_tension_of_a_long_cable():
    weight = 3 * 9.81
    tension = mechanics.tension_from_length_n(120, 0, weight, 140)
    curve = Catenary(120, 0, weight, tension)
    assert tension == pytest.approx(1808, rel=0.005)
    assert curve.sag_m == pytest.approx(31.70, rel=0.005)
    assert curve.tension_n(120) == pytest.approx(2741, rel=0.005)


ROBOT_CASES = [  # conductor, span, H0, unloaded sag, H parabolic and exact, drop, slopes at pole and robot
    ("R1", "LGJ-120/20", 50, 6150, 0.2326, 9352.8, 9351.4, 0.6772, 1.90, 1.20),
    ("R2", "LGJ-120/20", 50, 3000, 0.4769, 7104.2, 7102.4, 0.8918, 2.50, 1.58),
    ("R3", "LGJ-50/8", 50, 1687, 0.3544, 5156.4, 5154.3, 1.0673, 2.71, 2.18),
    ("R4", "LGJ-95/15", 60, 3500, 0.4802, 7220.1, 7218.3, 1.0479, 2.44, 1.56),
]


@pytest.mark.parametrize(
    ("case", "key", "span", "h0", "sag", "h_par", "h", "drop", "pole", "robot"), ROBOT_CASES
)
def test_robot_in_midspan_as_cross_checked_by_three_methods(
    case, key, span, h0, sag, h_par, h, drop, pole, robot
):
    (table,) = profile(line((span,), conductor=key, stringing=strung(h0)), 40.0, (0.5,))
    (loaded,) = table["loaded"]
    assert table["sag_m"] == pytest.approx(sag, abs=0.001)
    assert table["horizontal_tension_n"] == pytest.approx(h0, rel=1e-6)
    assert loaded["horizontal_tension_n"] == pytest.approx(h, rel=1e-4)
    assert loaded["drop_m"] == pytest.approx(drop, abs=0.0002)
    assert loaded["slope_pole_deg"] == pytest.approx(pole, abs=0.01)
    assert loaded["slope_at_load_deg"] == pytest.approx(robot, abs=0.01)
    conductor = CONDUCTORS[key]
    weight, load = conductor.mass_kg_per_m * GRAVITY_MPS2, 40 * GRAVITY_MPS2
    parabolic = mechanics.point_load_tension_n(span, conductor.stiffness_n, h0, weight, load, span / 2)
    assert parabolic == pytest.approx(h_par, rel=1e-4)
    assert mechanics.point_load_drop_m(span, parabolic, weight, load, span / 2) == pytest.approx(
        drop, abs=0.001
    )


def test_r10_unequal_supports():
    poles = [{"id": "A", "kind": "terminal"}, {"id": "B", "kind": "terminal", "attachment_height_m": 3.0}]
    found = line((50.0,), pole=poles)
    curve = found.catenary(0)
    assert math.degrees(curve.slope_rad(0)) == pytest.approx(1.249, abs=0.001)
    assert math.degrees(curve.slope_rad(50)) == pytest.approx(5.612, abs=0.001)
    assert curve.tension_n(50) == pytest.approx(3014.4, rel=1e-4)
    assert curve.sag_m == pytest.approx(0.4778, abs=0.0002)
    assert found.length_m == pytest.approx(50.1020, abs=0.0002)
    (table,) = profile(found, None, ())
    assert table["max_slope_deg"] == pytest.approx(5.612, abs=0.001)


def otls_cases():
    path = DATA / "logs" / "sag" / "otls_reference.csv"
    if not path.exists():
        return []
    rows = [r for r in csv.reader(path.read_text().splitlines()) if r and r[0] == "A"]
    return [tuple(float(x) if x != "sag" else x for x in row[1:] if x) for row in rows]


@pytest.mark.skipif(not otls_cases(), reason="../shared/data/logs/sag is not here")
def test_positions_by_arc_length_agree_with_the_otls_models():
    for case in otls_cases():
        span, rise, tension, weight, share, *wanted = case
        curve = Catenary(span, rise, weight, tension)
        if share == "sag":
            assert curve.sag_m == pytest.approx(wanted[-1], abs=0.05)
            continue
        x = curve.x_at_arc_m(share * curve.length_m)
        assert x == pytest.approx(wanted[0], abs=0.05)
        assert curve.height_m(x) == pytest.approx(wanted[1], abs=0.05)


SLOPES_NEAR_THE_POLE = [  # 50 m spans, 40 kg at 0.5, 1, 2, 5, 25 m; fixed and free over seven spans
    ("LGJ-50/8", 800.0, (17.8, 14.4, 11.3, 7.9, 3.3), (25.6, 23.3, 20.1, 15.3, 6.7)),
    ("LGJ-50/8", 1687.0, (11.0, 9.5, 7.9, 6.0, 2.7), (13.6, 12.8, 11.7, 9.6, 4.7)),
    ("LGJ-120/20", 1500.0, (15.3, 13.3, 11.0, 7.9, 3.6), (17.9, 17.3, 16.1, 13.7, 7.2)),
    ("LGJ-120/20", 3000.0, (8.3, 7.5, 6.5, 5.0, 2.5), (9.3, 9.0, 8.6, 7.5, 4.2)),
    ("LGJ-120/20", 6150.0, (4.5, 4.3, 4.0, 3.4, 1.9), (4.6, 4.6, 4.5, 4.1, 2.6)),
]


@pytest.mark.parametrize(("key", "h0", "fixed", "free"), SLOPES_NEAR_THE_POLE)
def test_slopes_near_the_pole_fixed_and_free(key, h0, fixed, free):
    """The table's figures are parabolic, which costs up to 0.2 degrees where it is steep."""
    for slip, wanted in (("fixed", fixed), ("free", free)):
        found = line((50.0,) * 7, conductor=key, stringing=strung(h0, slip))
        loads = profile(found, 40.0, (0.01, 0.02, 0.04, 0.1, 0.5))[3]["loaded"]
        for load, slope in zip(loads, wanted, strict=True):
            assert abs(load["slope_pole_deg"]) == pytest.approx(slope, abs=0.06 + 0.008 * slope)


def test_free_slip_agrees_with_the_parabola_over_equal_spans():
    conductor = CONDUCTORS["LGJ-120/20"]
    weight, load = conductor.mass_kg_per_m * GRAVITY_MPS2, 40 * GRAVITY_MPS2
    (loaded,) = profile(line((50.0,) * 7, stringing=strung(6150, "free")), 40.0, (0.5,))[3]["loaded"]
    parabolic = mechanics.point_load_tension_n(50, conductor.stiffness_n, 6150, weight, load, 25, spans=7)
    assert loaded["horizontal_tension_n"] == pytest.approx(parabolic, rel=0.001)


def test_partial_slip_lies_between_fixed_and_free():
    tensions = [
        profile(line((50.0,) * 5, stringing=strung(3000, slip)), 40.0, (0.5,))[2]["loaded"][0][
            "horizontal_tension_n"
        ]
        for slip in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert all(a > b * 1.02 for a, b in pairwise(tensions))


def test_slopes_are_positive_uphill_along_s():
    loads = profile(line((50.0,)), 40.0, (0.1, 0.9))[0]["loaded"]
    assert loads[0]["slope_pole_deg"] < 0 < loads[1]["slope_pole_deg"]
    assert loads[0]["slope_at_load_deg"] < 0 < loads[1]["slope_at_load_deg"]


def test_load_at_the_pole_itself_hangs_on_the_pole():
    for share in (0.0, 1.0):
        (load,) = profile(line((50.0,)), 40.0, (share,))[0]["loaded"]
        assert load["drop_m"] == pytest.approx(0.0, abs=1e-6)
        assert load["horizontal_tension_n"] == pytest.approx(3000, rel=1e-4)


def test_warmth_slackens_as_the_change_of_state_says():
    conductor = CONDUCTORS["LGJ-120/20"]
    weight = conductor.mass_kg_per_m * GRAVITY_MPS2
    for warming in (-30.0, 25.0):
        (table,) = profile(line((50.0,)), None, (), temperature_c=15.0 + warming)
        wanted = mechanics.change_of_state_n(
            50, conductor.stiffness_n, conductor.expansion_per_k, 3000, weight, weight, warming
        )
        assert table["horizontal_tension_n"] == pytest.approx(wanted, rel=0.001)


@settings(max_examples=150, deadline=None)
@given(
    span=st.floats(15, 150),
    slope=st.floats(-0.25, 0.25),
    h0=st.floats(500, 15000),
    key=st.sampled_from(["LGJ-35/6", "LGJ-120/20", "JKLYJ-10-240", "LJ-70"]),
    loads=st.lists(st.floats(0.001, 0.999), max_size=4),
    load_n=st.floats(1, 400),
)
def test_every_equilibrium_reaches_from_support_to_support_and_balances(span, slope, h0, key, loads, load_n):
    conductor = CONDUCTORS[key]
    w, ea, rise = conductor.mass_kg_per_m * GRAVITY_MPS2, conductor.stiffness_n, slope * span
    _, length0, _ = solve_length(span, rise, h0, w, ea, np.empty(0), 0.0)
    shares = np.array(sorted(loads))
    h, v = solve(span, rise, length0, w, ea, shares, load_n)
    assert h >= h0 * (1 - 1e-6)
    assert place(h, v, length0, 1.0, w, ea, shares, load_n) == pytest.approx((span, rise), abs=1e-6)
    # moments about the right support: all weights and loads are carried
    moment = h * rise + v * span
    for share in shares:
        moment -= load_n * (span - place(h, v, length0, share, w, ea, shares, load_n)[0])
    grid = np.linspace(0, 1, 401)
    middles = [place(h, v, length0, (a + b) / 2, w, ea, shares, load_n)[0] for a, b in pairwise(grid)]
    moment -= w * length0 / 400 * sum(span - x for x in middles)
    assert moment == pytest.approx(0.0, abs=2e-4 * w * span**2 + 1e-6 * load_n * span)


def test_a_length_that_does_not_reach_is_refused():
    with pytest.raises(ValueError, match="does not reach"):
        mechanics.tension_from_length_n(50, 3, 4.6, 50.0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("key", "span", "h0", "share"), [
    ("LGJ-120/20", 50.0, 3000.0, 0.5), ("LGJ-120/20", 50.0, 6150.0, 0.25), ("LGJ-95/15", 60.0, 3500.0, 0.7),
])  # fmt: skip
def test_mechaphlowers_agrees(key, span, h0, share):
    """RTE's solver, with 0.02 m links at the supports because it knows no conductor tied to a pin."""
    pytest.importorskip("mechaphlowers")
    th_n, drop_m = _mechaphlowers(key, span, h0, 40.0, share)
    (loaded,) = profile(line((span,), conductor=key, stringing=strung(h0)), 40.0, (share,))[0]["loaded"]
    assert loaded["horizontal_tension_n"] == pytest.approx(th_n, rel=0.001)
    assert loaded["drop_m"] == pytest.approx(drop_m, abs=0.002)


def _mechaphlowers(key: str, span_m: float, h0_n: float, load_kg: float, share: float) -> tuple[float, float]:
    """Horizontal tension and depth below the chord under the load."""
    import pandas as pd
    from mechaphlowers.core.models.balance.engine import BalanceEngine
    from mechaphlowers.entities.arrays import CableArray, SectionArray

    c = CONDUCTORS[key]
    weight = c.mass_kg_per_m * 9.81
    cable = {
        "section": c.area_m2 * 1e6, "diameter": c.diameter_m * 1e3, "linear_mass": c.mass_kg_per_m,
        "young_modulus": c.modulus_pa / 1e6, "dilatation_coefficient": c.expansion_per_k,
        "temperature_reference": 15.0, "diameter_heart": 0.0, "section_heart": 0.0,
        "section_conductor": c.area_m2 * 1e6, "solar_absorption": 0.9, "emissivity": 0.8,
        "electric_resistance_20": 1e-4, "linear_resistance_temperature_coef": 0.0, "is_polynomial": False,
        "radial_thermal_conductivity": 1.0, "has_magnetic_heart": False,
        **{f"{side}{i}": 0.0 for side in "ab" for i in range(5)}, "a1": c.modulus_pa / 1e6,
    }  # fmt: skip
    supports = {
        "name": ["left", "right"], "suspension": [False] * 2, "conductor_attachment_altitude": [10.0] * 2,
        "crossarm_length": [0.0] * 2, "line_angle": [0.0] * 2, "insulator_length": [0.02] * 2,
        "span_length": [span_m, np.nan], "insulator_mass": [0.0] * 2,
    }  # fmt: skip
    section = SectionArray(pd.DataFrame(supports))
    section.sagging_parameter, section.sagging_temperature = h0_n / weight, 15.0
    engine = BalanceEngine(CableArray(pd.DataFrame([cable])), section)
    engine.solve_adjustment()
    engine.set_loads(np.array([share * span_m]), np.array([load_kg]))
    engine.solve_change_state(new_temperature=15.0)
    return float(engine.balance_model.Th[0]), -float(engine.balance_model.load_model.z_i[0])
