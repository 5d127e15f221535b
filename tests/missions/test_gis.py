"""Lines from maps: projected properly, in the right order, with poles that do not fit named."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise
from pathlib import Path

import pytest

from missions.files import InputError, read_survey, resolve
from missions.gis import read_map
from missions.survey_import import Choices, import_survey, turns_deg
from robot.line.survey import sections

CARTAGO = Path(__file__).resolve().parents[3] / "shared" / "data" / "lines" / "osm-cartago-poles.geojson"
LON, LAT = 120.9, 30.8  # a corner of Jiashan
M_PER_DEG_LAT, M_PER_DEG_LON = 110_865.0, 95_680.0  # there, good to 0.1 %

STREET = [(0.0, 0.0), (50.0, 1.0), (100.0, 0.0), (150.0, 3.0), (200.0, 30.0), (250.0, 57.0)]  # m east, north


def lonlat(xy: tuple[float, float]) -> list[float]:
    return [LON + xy[0] / M_PER_DEG_LON, LAT + xy[1] / M_PER_DEG_LAT]


def points(places, names=None) -> dict:
    names = names or [f"N{i}" for i in range(len(places))]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"power": "pole", "osm_id": name},
                "geometry": {"type": "Point", "coordinates": lonlat(xy)},
            }
            for name, xy in zip(names, places, strict=True)
        ],
    }


def way(places) -> dict:
    return {
        "type": "Feature",
        "properties": {"power": "minor_line"},
        "geometry": {"type": "LineString", "coordinates": [lonlat(xy) for xy in places]},
    }


def written(folder: Path, data: dict | str, name: str = "map.geojson") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def imported(folder: Path, data: dict | str, name: str = "map.geojson", **choices):
    return import_survey(read_map(written(folder, data, name)), Choices(**choices))


# ---------------------------------------------------------------- projection


def test_distances_are_those_on_the_ellipsoid(tmp_path):
    """At 60 degrees north a degree of longitude is half of one of latitude; Geod knows the true distance."""
    from pyproj import Geod

    places = [[10.0, 60.0], [10.02, 60.0], [10.02, 60.01], [10.3, 60.1]]
    data = {"type": "LineString", "coordinates": places}
    found = read_map(written(tmp_path, data)).poles
    for (a, b), (p, q) in zip(pairwise(places), pairwise(found), strict=True):
        true_m = Geod(ellps="WGS84").inv(*a, *b)[2]
        assert math.dist((p.x_m, p.y_m), (q.x_m, q.y_m)) == pytest.approx(true_m, rel=2e-6)


def test_another_coordinate_system_is_honoured(tmp_path):
    from pyproj import Transformer

    mercator = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    data = points(STREET)
    plain = read_map(written(tmp_path, data)).poles
    for feature in data["features"]:
        feature["geometry"]["coordinates"] = list(mercator.transform(*feature["geometry"]["coordinates"]))
    data["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    for a, b in zip(plain, read_map(written(tmp_path, data)).poles, strict=True):
        assert (a.x_m, a.y_m) == pytest.approx((b.x_m, b.y_m), abs=0.001)


def test_a_line_across_the_date_line_is_whole(tmp_path):
    data = {"type": "LineString", "coordinates": [[179.9998, -17.0], [-179.9998, -17.0]]}
    a, b = read_map(written(tmp_path, data)).poles
    assert math.dist((a.x_m, a.y_m), (b.x_m, b.y_m)) == pytest.approx(42.6, abs=0.1)


def test_heights_of_the_map_become_attachment_heights(tmp_path):
    data = {"type": "LineString", "coordinates": [[*lonlat(xy), 10.0 + i] for i, xy in enumerate(STREET[:3])]}
    poles = imported(tmp_path, data).survey.pole
    assert [p.attachment_height_m for p in poles] == [0.0, 1.0, 2.0]


# ---------------------------------------------------------------- angles, sections


def test_poles_are_marked_by_their_angle(tmp_path):
    """0 to 1 degree straight, up to what the robot can cross angle, beyond it strain, which ends a section."""
    found = imported(tmp_path, points(STREET))
    kinds = [p.kind for p in found.survey.pole]
    assert kinds == ["terminal", "angle", "angle", "strain", "straight", "terminal"]
    assert [p.angle_deg for p in found.survey.pole[1:5]] == pytest.approx([2.29, -4.58, -24.9, 0.0], abs=0.1)
    assert sections(found.survey) == ((0, 3), (3, 5))
    assert found.survey.pole[3].insulator == "strain-10"


@pytest.mark.parametrize(
    ("turn_deg", "kind"), [(0.9, "straight"), (6.9, "angle"), (7.1, "strain"), (-7.1, "strain")]
)
def test_the_limit_is_what_the_robot_can_cross(tmp_path, turn_deg, kind):
    bend = math.radians(turn_deg)
    end = (50.0 + 50.0 * math.cos(bend), -50.0 * math.sin(bend))
    pole = imported(tmp_path, points([(0, 0), (50, 0), end])).survey.pole[1]
    assert pole.kind == kind
    assert pole.angle_deg == pytest.approx(turn_deg, abs=0.05)


def test_choices_go_into_the_survey(tmp_path):
    survey = imported(
        tmp_path, points(STREET), conductor="JKLYJ-10-240", cable="wrap-48f-6.0", pitch_m=0.5, lay="S",
        insulator="line-post-10-double", horizontal_tension_n=2500.0, name="mine",
    ).survey  # fmt: skip
    assert (survey.conductor, survey.cable, survey.pitch_m) == ("JKLYJ-10-240", "wrap-48f-6.0", 0.5)
    assert (survey.lay, survey.name, survey.stringing.horizontal_tension_n) == ("S", "mine", 2500.0)
    assert survey.pole[1].insulator == "line-post-10-double"


# ---------------------------------------------------------------- order


def test_the_files_order_is_kept_where_it_makes_sense(tmp_path):
    found = imported(tmp_path, points(STREET))
    assert found.order == "file"
    assert [p.id for p in found.survey.pole] == [f"N{i}" for i in range(6)]
    assert found.notes == ()


@pytest.mark.parametrize("seed", range(8))
def test_a_lost_order_is_found(tmp_path, seed):
    numbers = list(range(24))
    places = [(50.0 * i, 30.0 * math.sin(i / 3)) for i in numbers]
    random.Random(seed).shuffle(numbers)
    found = imported(tmp_path, points([places[i] for i in numbers], [f"N{i}" for i in numbers]))
    order = [int(p.id[1:]) for p in found.survey.pole]
    assert order in (list(range(24)), list(range(23, -1, -1)))
    assert found.order == "found"
    assert "the order of the poles was found" in found.notes[0]


def test_two_poles_swapped_are_put_right(tmp_path):
    places = [(50.0 * i, 0.0) for i in range(12)]
    places[5], places[6] = places[6], places[5]
    found = imported(tmp_path, points(places))
    assert [p.id for p in found.survey.pole][4:8] == ["N4", "N6", "N5", "N7"]


def test_the_order_can_be_forced(tmp_path):
    places = [(0.0, 0.0), (100.0, 0.0), (50.0, 0.0), (150.0, 0.0)]
    kept = imported(tmp_path, points(places), order="file")
    assert [p.id for p in kept.survey.pole] == ["N0", "N1", "N2", "N3"]
    assert any("pole N1 doubles back" in n and "strain, ends a section" in n for n in kept.notes)
    assert [p.id for p in imported(tmp_path, points(places), order="find").survey.pole] == [
        "N0",
        "N2",
        "N1",
        "N3",
    ]


def test_a_line_string_keeps_its_order_even_where_it_turns_back(tmp_path):
    found = imported(tmp_path, way([(0.0, 0.0), (50.0, 0.0), (10.0, 8.0)]))
    assert found.order == "file"
    assert found.survey.pole[1].kind == "strain"


def test_pieces_of_a_line_are_joined_end_to_end(tmp_path):
    data = {
        "type": "FeatureCollection",
        "features": [way(STREET[2:4]), way(STREET[:3][::-1]), way(STREET[3:])],
    }
    poles = read_map(written(tmp_path, data)).poles
    assert [round(q.x_m - p.x_m) for p, q in pairwise(poles)] == [50] * 5


# ---------------------------------------------------------------- poles that do not fit


def test_a_pole_too_near_is_named_and_left_out(tmp_path):
    found = imported(tmp_path, points([(0, 0), (50, 0), (52, 0), (100, 0)]))
    assert [p.id for p in found.survey.pole] == ["N0", "N1", "N3"]
    assert found.notes == ("pole N2 stands too near to N1 (2.0 m): left out",)


def test_a_pole_mapped_twice_is_left_out(tmp_path):
    found = imported(tmp_path, points([(0, 0), (50, 0), (50, 0), (100, 0)], ["a", "b", "b", "c"]))
    assert [p.id for p in found.survey.pole] == ["a", "b", "c"]
    assert "pole b-2 stands too near to b" in found.notes[0]


@pytest.mark.skipif(not CARTAGO.exists(), reason="../shared/data/lines is not here")
def test_the_real_street_line_in_cartago():
    found = import_survey(read_map(CARTAGO), Choices())
    ids = [p.id[-3:] for p in found.survey.pole]
    assert found.order == "file"
    assert ids == ["829", "843", "848", "869", "882", "886", "887", "889", "891", "892", "893"]
    (note,) = found.notes
    assert note == (
        "pole 10054740888 stands too near to 10054740887 (2.6 m) and doubles back (turns by 175 degrees): left out"
    )
    kinds = {p.id[-3:]: p.kind for p in found.survey.pole}
    assert [i for i, kind in kinds.items() if kind == "strain"] == ["843", "886", "887"]
    assert [last - first for first, last in sections(found.survey)] == [1, 4, 1, 4]
    assert found.survey.span[1].length_m == pytest.approx(44.29, abs=0.01)  # geodesic
    assert (found.survey.attribution, found.survey.licence) == (
        "(c) OpenStreetMap contributors, ODbL 1.0",
        "ODbL 1.0",
    )
    packaged = read_survey(resolve("cartago.toml"))
    assert packaged.model_copy(update={"name": found.survey.name}) == found.survey


# ---------------------------------------------------------------- attribution


def test_openstreetmap_is_named_where_its_tags_are_seen(tmp_path):
    survey = imported(tmp_path, points(STREET)).survey
    assert (survey.attribution, survey.licence) == ("© OpenStreetMap contributors", "ODbL 1.0")


def test_other_features_are_left_out_and_counted(tmp_path):
    data = points(STREET)
    data["features"].append(data["features"][0] | {"properties": {"power": "transformer"}})
    assert imported(tmp_path, data).notes == ("1 features are neither poles nor lines: left out",)


# ---------------------------------------------------------------- CSV


def test_csv_in_degrees_and_in_metres_give_the_same_line(tmp_path):
    in_degrees = "id,lon,lat\n" + "".join(
        f"N{i},{lonlat(p)[0]},{lonlat(p)[1]}\n" for i, p in enumerate(STREET)
    )
    in_metres = "id;x_m;y_m\n" + "".join(f"N{i};{x};{y}\n" for i, (x, y) in enumerate(STREET))
    a = imported(tmp_path, in_degrees, "a.csv").survey
    b = imported(tmp_path, in_metres, "b.csv").survey
    assert [s.length_m for s in a.span] == pytest.approx([s.length_m for s in b.span], rel=0.002)
    assert [p.kind for p in a.pole] == [p.kind for p in b.pole]


def test_turns_are_positive_to_the_right(tmp_path):
    poles = read_map(written(tmp_path, "x_m,y_m\n0,0\n0,50\n50,50\n", "t.csv")).poles
    assert turns_deg(poles) == pytest.approx([0.0, 90.0, 0.0])


# ---------------------------------------------------------------- bad input


BAD = [
    ("m.geojson", '{"type": "FeatureCollection", "feat', "is not GeoJSON or is cut off"),
    ("m.geojson", "[1, 2]", "should be an object with type FeatureCollection"),
    ("m.geojson", '{"type": "FeatureCollection"}', "features: is missing"),
    ("m.geojson", json.dumps(points(STREET[:1])), "holds 1 poles; a line needs two"),
    (
        "m.geojson",
        json.dumps(points(STREET)).replace(str(LON), '"x"', 1),
        "feature 1: coordinates .* are not",
    ),
    (
        "m.geojson",
        json.dumps({"type": "LineString", "coordinates": [[500000, 3e6], [500050, 3e6]]}),
        "in degrees",
    ),
    ("m.geojson", json.dumps({"type": "LineString", "coordinates": [[1, math.nan], [1, 2]]}), "are not"),
    ("m.geojson", json.dumps(points(STREET) | {"crs": {"properties": {"name": "EPSG:99999"}}}), "is unknown"),
    (
        "m.geojson",
        json.dumps({"type": "FeatureCollection", "features": [way(STREET[:2]), way(STREET[3:])]}),
        "join",
    ),
    ("m.csv", "id,lon,lat\na,120,30\nb,120\n", "line 3: has 2 cells; the header has 3"),
    ("m.csv", "id,lon,lat\na,120,30\nb,12o,30\n", "line 3: lon: '12o' is not a number"),
    ("m.csv", "id,lon,latt\na,120,30\n", "unknown column 'latt'; nearest: lat"),
    ("m.csv", "id,lon\na,120\n", "no columns of coordinates; give lon and lat"),
    ("m.csv", "", "no columns of coordinates"),
]


@pytest.mark.parametrize(("name", "text", "wanted"), BAD)
def test_a_damaged_map_is_refused_in_one_line(tmp_path, name, text, wanted):
    path = written(tmp_path, text, name)
    with pytest.raises(InputError, match=wanted) as refused:
        read_map(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_map_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes("id,lon,lat\n东,120,30\n".encode("gbk"))
    with pytest.raises(InputError, match="is not UTF-8"):
        read_map(path)
