"""A line's chainage, sections, features and its shape under the robot."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from line_cases import line, strung, survey_table
from pydantic import ValidationError

from robot.line import catalogue
from robot.line.elastic import place
from robot.line.features import Box, Sleeve
from robot.line.line import Line, LineError, LoadedLine, span_array
from robot.line.mechanics import GRAVITY_MPS2
from robot.line.profile import profile
from robot.line.section import exact_state
from robot.line.survey import Survey

WHEELS_M = (0.65, 0.0, -0.65)
STRAIN_INSIDE = [
    {"id": "A", "kind": "terminal"},
    {"id": "B", "kind": "straight", "insulator": "pin-10"},
    {"id": "C", "kind": "strain"},
    {"id": "D", "kind": "angle", "insulator": "line-post-10", "angle_deg": -5.0},
    {"id": "E", "kind": "terminal"},
]


# ---------------------------------------------------------------- chainage and sections


def test_chainage_counts_along_the_unloaded_conductor():
    found = line((50.0, 60.0))
    lengths = [found.catenary(i).length_m for i in range(2)]
    assert [p.chainage_m for p in found.poles] == pytest.approx([0.0, lengths[0], sum(lengths)])
    assert [p.horizontal_m for p in found.poles] == [0.0, 50.0, 110.0]
    assert found.length_m == pytest.approx(sum(lengths))
    assert lengths[0] == pytest.approx(50 + 8 * 0.4769**2 / (3 * 50), abs=1e-4)


def test_a_sag_given_for_a_span_takes_the_place_of_the_stringing_tension():
    found = line(span=[{"length_m": 50.0, "sag_m": 0.2326}, {"length_m": 50.0}])
    assert found.spans[0].horizontal_tension_n == pytest.approx(6150, rel=0.001)
    assert found.spans[1].horizontal_tension_n == 3000.0


def test_cable_is_five_percent_and_five_metres_longer_than_the_line_unless_said():
    assert line().cable_loaded_m == pytest.approx(1.05 * line().length_m + 5)
    assert line(cable_loaded_m=123.0).cable_loaded_m == 123.0


def test_hand_of_the_lay_gives_its_sign():
    assert (line(lay="Z").hand, line(lay="S").hand) == (1, -1)


def test_inner_poles_bring_their_insulators_and_end_poles_nothing():
    found = line((50.0, 50.0, 50.0))
    assert [(f.kind, f.pole) for f in found.features] == [("pin-10", "P1"), ("pin-10", "P2")]
    assert found.features[0].at_m == found.poles[1].chainage_m


def test_hung_features_stand_between_by_chainage():
    hung = [{"kind": "splice", "span": 2, "at_m": 0.0}, {"kind": "fault-indicator", "span": 1, "at_m": 12.5}]
    found = line(feature=hung)
    assert [f.kind for f in found.features] == ["fault-indicator", "pin-10", "splice"]
    assert found.features[0].at_m == pytest.approx(12.5, abs=0.02)
    assert found.chainage_m(1, 12.5) == found.features[0].at_m
    assert found.features[2].at_m == found.poles[1].chainage_m


def test_strain_poles_part_a_line_into_sections():
    table = survey_table((40.0, 50.0, 45.0, 55.0), pole=STRAIN_INSIDE)
    table["feature"] = [{"kind": "fault-indicator", "span": 3, "at_m": 20.0}]
    survey = Survey.model_validate(table)
    whole, second = Line.build(survey), Line.build(survey, section=2)
    assert [f.kind for f in whole.features] == ["pin-10", "strain-10", "fault-indicator", "line-post-10"]
    assert not whole.features[1].crossable
    assert [p.id for p in second.poles] == ["C", "D", "E"]
    assert [f.kind for f in second.features] == ["fault-indicator", "line-post-10"]
    assert second.poles[0].chainage_m == 0.0
    assert second.spans[0].number == 3
    assert second.chainage_m(3, 20.0) == pytest.approx(second.features[0].at_m)
    with pytest.raises(LineError, match="sections 1 to 2"):
        Line.build(survey, section=3)
    with pytest.raises(LineError, match="span 1 is not in 3 to 4"):
        second.chainage_m(1, 10.0)


def test_a_conductor_with_gaps_in_the_catalogue_makes_no_line():
    with pytest.raises(LineError, match="mass_kg_per_m, strength_n"):
        line(conductor="ACSR-Raven")


# ---------------------------------------------------------------- envelopes


def test_ties_thicken_the_conductor_they_sit_on():
    for key in ("LGJ-35/6", "JKLYJ-10-240"):
        found = line(conductor=key)
        (ties,) = (s for s in found.features[0].shapes if isinstance(s, Sleeve))
        assert ties == Sleeve((-0.20, 0.20), found.conductor.radius_m + 0.010)


def test_a_double_insulator_is_two_with_one_run_of_ties():
    shapes = catalogue.shapes("pin-10-double", 0.0075)
    assert sorted((s.s_m[0] + s.s_m[1]) / 2 for s in shapes if isinstance(s, Box)) == pytest.approx(
        [-0.1, -0.1, 0.1, 0.1]
    )
    assert [s.s_m for s in shapes if isinstance(s, Sleeve)] == [(-0.30, 0.30)]


def test_a_line_file_may_override_an_envelope():
    envelope = [
        {"kind": "pin-10", "crossable": False, "box": [{"s_m": [-1, 1], "x_m": [-2, 2], "z_m": [-3, 0]}]}
    ]
    feature = line(envelope=envelope).features[0]
    assert feature.shapes == (Box((-1, 1), (-2, 2), (-3, 0)),)
    assert not feature.crossable


def test_a_known_extent_stretches_the_envelope():
    found = line(feature=[{"kind": "branch", "span": 1, "at_m": 10.0, "extent_m": 0.8}])
    assert all(s.s_m == (-0.4, 0.4) for s in found.features[0].shapes)


def test_every_kind_has_an_envelope_with_room_and_a_verdict():
    for key in catalogue.KINDS:
        shapes = catalogue.shapes(key, 0.0075)
        assert shapes
        assert all(s.s_m[0] < s.s_m[1] for s in shapes)
    assert {k for k in catalogue.KINDS if not catalogue.crossable(k)} == {
        "strain-10",
        "branch",
        "kite",
        "unknown",
    }


# ---------------------------------------------------------------- catalogue


def test_catalogue_has_every_family():
    keys = set(catalogue.CONDUCTORS)
    assert {"LGJ-120/20", "LGJ-240/30", "LJ-70", "JKLYJ-10-240", "ACSR-Penguin", "A1/S1B-125"} <= keys
    assert len(keys) == 15 + 8 + 7 + 12 + 8


def test_areas_from_strands_agree_with_the_printed_ones():
    for key in ("LGJ-35/6", "LGJ-70/10", "LGJ-95/15", "LGJ-120/20", "LGJ-185/30"):
        conductor = catalogue.CONDUCTORS[key]
        stranding = "6/1" if conductor.modulus_pa == 79e9 else "26/7"
        area_mm2 = catalogue._strand_area_mm2(stranding, conductor.diameter_m * 1e3)
        assert area_mm2 == pytest.approx(conductor.area_m2 * 1e6, rel=0.005)


def test_mass_of_a_conductor_fits_its_metal():
    """Aluminium strands weigh 2.73 g per cm3 with the stranding, ACSR more; a slip of the pen would show."""
    for conductor in catalogue.CONDUCTORS.values():
        if not conductor.missing and not conductor.key.startswith("JKLYJ"):
            density = conductor.mass_kg_per_m / conductor.area_m2
            assert 2650 < density < 3800, conductor.key


def test_nearest_names_are_told():
    assert "LGJ-120/20" in catalogue.nearest("lgj120/20", catalogue.CONDUCTORS)
    assert catalogue.nearest("qqqq", catalogue.CONDUCTORS) == ()


# ---------------------------------------------------------------- the survey's own checks


@pytest.mark.parametrize(("changes", "text"), [
    ({"span": [{"length_m": 50.0}] * 3}, "3 spans do not fit 3 poles; 2"),
    ({"feature": [{"kind": "splice", "span": 1, "at_m": 50.5}]}, "lies outside span 1; 0 to 50.0 m"),
    ({"feature": [{"kind": "splice", "span": 3, "at_m": 5.0}]}, "spans are 1 to 2"),
    ({"conductor": "LGJ-120/2"}, "nearest: .*LGJ-120/20"),
    ({"stringing": {}}, "neither sag_m nor"),
    ({"span": [{"length_m": 50.0, "sag_m": 49.0}, {"length_m": 50.0}]}, "over a quarter"),
    ({"pitch_m": 1000}, "less than or equal to 1.5"),
    ({"pole": [{"id": "A", "kind": "straight", "insulator": "pin-10"}] * 3}, "ids must differ"),
    ({"pole": [{"id": "A", "kind": "straight"}] * 3}, "needs an insulator"),
    ({"pole": [{"id": str(i), "kind": "terminal"} for i in range(3)]}, "cannot stand inside"),
    ({"pole": [{"id": "A", "kind": "straight", "insulator": "pin-10", "angle_deg": 5}] * 3}, "kind 'angle'"),
])  # fmt: skip
def test_a_survey_that_contradicts_itself_is_refused(changes, text):
    with pytest.raises(ValidationError, match=text):
        Survey.model_validate(survey_table(**changes))


# ---------------------------------------------------------------- under the robot


@pytest.mark.parametrize("slip", ["fixed", "free", 0.4])
@pytest.mark.parametrize("wheels_m", [(0.0,), WHEELS_M])
def test_tables_give_what_the_exact_solution_gives(slip, wheels_m):
    """At places off the table's grid, near the poles too: 0.1 mm, 0.02 % and 0.01 degrees."""
    found = line((50.0, 40.0, 60.0), stringing=strung(3000, slip))
    loaded = LoadedLine(found, 40.0, 15.0, wheels_m)
    spans, wheels = span_array(found, 15.0), np.array(sorted(wheels_m))
    w, ea, load = found.weight_n_per_m, found.conductor.stiffness_n, 40.0 * GRAVITY_MPS2 / len(wheels)
    for share in (0.0013, 0.0313, 0.2, 0.5127, 0.87, 0.991):
        s_m = found.spans[1].from_m + share * (found.spans[1].to_m - found.spans[1].from_m)
        h, v, length0, shares = exact_state(spans, 0, 3, 1, s_m, wheels, load, w, ea, found.slip)
        height_m = place(h, v, length0, share, w, ea, shares, load)[1]
        assert loaded.heights_m(s_m, np.array([s_m]))[0] == pytest.approx(height_m, abs=1e-4)
        assert loaded.horizontal_tension_n(s_m) == pytest.approx(h, rel=2e-4)
        assert loaded.end_slopes_rad(1, s_m)[0] == pytest.approx(-math.atan(v / h), abs=2e-4)


def test_without_weight_the_shape_is_the_catenary():
    found = line((50.0, 60.0))
    loaded = LoadedLine(found, 0.0, 15.0)
    for index, x_m in ((0, 13.0), (1, 41.0)):
        s_m = found.chainage_m(index + 1, x_m)
        wanted = found.poles[index].height_m + found.catenary(index).height_m(x_m)
        assert loaded.heights_m(0.0, np.array([s_m]))[0] == pytest.approx(wanted, abs=3e-4)


def test_poles_stay_where_they_are_under_the_robot():
    poles = [{"id": str(i), "kind": "straight", "insulator": "pin-10", "attachment_height_m": z}
             for i, z in enumerate((0.0, 1.0, -0.5))]  # fmt: skip
    found = line(pole=poles)
    loaded = LoadedLine(found, 40.0, 20.0, WHEELS_M)
    at = np.array([p.chainage_m for p in found.poles])
    for s_m in np.linspace(0, found.length_m, 37):
        assert loaded.heights_m(float(s_m), at) == pytest.approx([0.0, 1.0, -0.5], abs=1e-4)


def test_slope_under_the_robot_turns_smoothly_from_uphill_to_downhill_at_a_pole():
    found = line((50.0, 50.0))
    loaded = LoadedLine(found, 40.0, 15.0, WHEELS_M)
    pole_m = found.poles[1].chainage_m
    slopes = [math.degrees(loaded.slope_rad(pole_m + d)) for d in np.arange(-2.0, 2.001, 0.05)]
    assert slopes[0] > 3.5
    assert slopes[-1] < -3.5
    assert max(abs(b - a) for a, b in pairwise(slopes)) < 1.0
    assert loaded.slope_rad(pole_m) == pytest.approx(0.0, abs=0.002)
    assert slopes == pytest.approx([-s for s in reversed(slopes)], abs=0.05)


def test_conductor_runs_through_the_wheels_without_a_step():
    loaded = LoadedLine(line((50.0, 50.0)), 40.0, 15.0, WHEELS_M)
    for s_m in (3.0, 25.0, 49.7, 50.2, 80.0):
        heights = loaded.heights_m(s_m, np.arange(s_m - 2, s_m + 2, 0.01))
        assert np.abs(np.diff(heights)).max() < 0.01 * math.tan(math.radians(12))


def test_shape_changes_smoothly_as_the_robot_moves():
    """The world follows these heights at every step; a jump would be a blow."""
    loaded = LoadedLine(line((50.0, 50.0)), 40.0, 15.0, WHEELS_M)
    at = np.array([30.0, 49.0, 52.0, 70.0])
    heights = np.array([loaded.heights_m(s, at) for s in np.arange(45.0, 55.0, 0.01)])
    assert np.abs(np.diff(heights, axis=0)).max() < 0.003


def test_kink_is_sharpest_with_the_robot_beside_the_pole_and_none_at_the_ends():
    found = line((50.0, 50.0))
    loaded = LoadedLine(found, 40.0, 15.0, WHEELS_M)
    pole_m = found.poles[1].chainage_m
    assert loaded.kink_rad(1, pole_m + 1.0) > loaded.kink_rad(1, pole_m + 20.0) > 0
    assert loaded.kink_rad(0, 5.0) == loaded.kink_rad(2, 5.0) == 0.0
    assert loaded.max_kink_rad(1, 2.0) >= loaded.kink_rad(1, pole_m + 1.0)


def test_three_wheels_bend_the_conductor_less_than_one():
    found = line((50.0, 50.0))
    one, three = LoadedLine(found, 40.0, 15.0), LoadedLine(found, 40.0, 15.0, WHEELS_M)
    assert three.max_slope_rad() < one.max_slope_rad()
    assert three.max_kink_rad(1, 2.0) < one.max_kink_rad(1, 2.0)


def test_robot_lowers_the_conductor_over_the_ground_by_what_it_sags_more():
    found = line((50.0, 50.0))
    lowering_m = LoadedLine(found, 40.0, 15.0).lowering_m(0)
    loads = profile(found, 40.0, tuple(np.linspace(0.4, 0.6, 21)))[0]["loaded"]
    assert lowering_m == pytest.approx(max(x["drop_m"] for x in loads) - found.spans[0].sag_m, abs=0.003)


def test_slip_ends_at_strain_poles():
    table = survey_table((40.0, 50.0, 45.0, 55.0), pole=STRAIN_INSIDE, stringing=strung(3000, "free"))
    found = Line.build(Survey.model_validate(table))
    loaded = LoadedLine(found, 40.0, 15.0)
    at = np.array([found.chainage_m(2, 25.0), found.chainage_m(3, 22.0)])
    bare = LoadedLine(found, 0.0, 15.0).heights_m(0.0, at)
    robot_in_first = loaded.heights_m(found.chainage_m(1, 20.0), at)
    assert robot_in_first[0] > bare[0] + 0.05  # the neighbour in the section gives conductor away
    assert robot_in_first[1] == pytest.approx(bare[1], abs=1e-6)


def test_chainages_beyond_the_ends_are_level():
    found = line()
    loaded = LoadedLine(found, 40.0, 15.0, WHEELS_M)
    heights = loaded.heights_m(0.3, np.array([-5.0, 0.0, found.length_m, found.length_m + 5]))
    assert heights == pytest.approx([0.0] * 4, abs=1e-9)
