"""Lines from maps: GeoJSON (poles, or a line whose corners are poles; OpenStreetMap's tags) and CSV.

Coordinates are projected to the plane by a transverse Mercator through the line's middle, true to 2e-6 within
10 km of it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from missions.file_errors import InputError, near

FloatArray = NDArray[np.float64]

OSM_ATTRIBUTION = "© OpenStreetMap contributors"
OSM_LICENCE = "ODbL 1.0"
_POLES = ("pole", "tower", "portal", "terminal")
_LINES = ("line", "minor_line", "cable")


@dataclass(frozen=True, slots=True)
class MapPole:
    """A pole as the map has it, in the plane."""

    id: str
    x_m: float  # east
    y_m: float  # north
    height_m: float = math.nan  # of the attachment or the ground, any zero; NaN = not known


@dataclass(frozen=True, slots=True)
class MapLine:
    """All poles of a map file, in its order."""

    name: str
    poles: tuple[MapPole, ...]
    ordered: bool  # the file itself says that this is the order: a line string
    attribution: str = ""
    licence: str = ""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Place:
    """A pole before projection: degrees, or metres when `plane`."""

    id: str
    east: float
    north: float
    height_m: float
    where: str  # in the file


def read_map(path: Path) -> MapLine:
    """The poles of a GeoJSON or CSV file.

    Raises:
        InputError: it is neither, is damaged, or holds fewer than two poles.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check its name and rights") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start}: is not UTF-8 text; save the file as UTF-8") from None
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _from_csv(path, text)
    return _from_geojson(path, text)


# ---------------------------------------------------------------- GeoJSON


def _from_geojson(path: Path, text: str) -> MapLine:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: is not GeoJSON or is cut off: {error}; give GeoJSON or a .csv file"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: is not GeoJSON; it should be an object with type FeatureCollection")
    features = data.get("features") if data.get("type") == "FeatureCollection" else [_as_feature(data)]
    if not isinstance(features, list):
        raise InputError(f"{path}: features: is missing; a FeatureCollection has a list of them")
    points: list[_Place] = []
    ways: list[list[_Place]] = []
    skipped = osm = 0
    for number, feature in enumerate(features, 1):
        where = f"{path}: feature {number}"
        geometry, tags = _parts(where, feature)
        power = tags.get("power", "")
        osm += "power" in tags or "osm_id" in tags
        kind, coordinates = geometry.get("type"), geometry.get("coordinates")
        if kind == "Point" and power in ("", *_POLES):
            points.append(_place(where, coordinates, _id_of(feature, tags, number)))
        elif kind == "LineString" and power in ("", *_LINES) and isinstance(coordinates, list):
            ways.append([_place(where, c, f"{number}.{i}") for i, c in enumerate(coordinates, 1)])
        else:
            skipped += 1
    places = points or _joined(path, ways)
    attribution = str(data.get("attribution") or (OSM_ATTRIBUTION if osm else ""))
    is_osm = "openstreetmap" in attribution.lower()
    return MapLine(
        name=str(data.get("name") or path.stem),
        poles=_projected(path, places, _crs_of(path, data)),
        ordered=not points,
        attribution=attribution,
        licence=str(data.get("licence") or data.get("license") or (OSM_LICENCE if is_osm else "")),
        notes=(f"{skipped} features are neither poles nor lines: left out",) if skipped else (),
    )


def _as_feature(data: dict[str, Any]) -> dict[str, Any]:
    """A bare geometry as a feature."""
    return data if data.get("type") == "Feature" else {"geometry": data, "properties": {}}


def _parts(where: str, feature: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict):
        raise InputError(f"{where}: has no geometry; it should be a Point or a LineString")
    tags = feature.get("properties")
    return geometry, tags if isinstance(tags, dict) else {}


def _id_of(feature: dict[str, Any], tags: dict[str, Any], number: int) -> str:
    found = tags.get("osm_id") or tags.get("@id") or tags.get("ref") or tags.get("id") or feature.get("id")
    return str(found or f"M{number}")


def _place(where: str, coordinates: Any, name: str) -> _Place:
    numbers = coordinates if isinstance(coordinates, list) else []
    right = len(numbers) in (2, 3) and all(
        isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers
    )
    if not right:
        raise InputError(
            f"{where}: coordinates {coordinates!r} are not [longitude, latitude] or with a height"
        )
    return _Place(name, numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else math.nan, where)


def _joined(path: Path, ways: list[list[_Place]]) -> list[_Place]:
    """Line strings as one, each begun where the one before ends."""
    if not ways:
        return []
    line, rest = list(ways[0]), ways[1:]
    while rest:
        for way in rest:
            ends = [(p.east, p.north) for p in (way[0], way[-1])]
            head, tail = (line[0].east, line[0].north), (line[-1].east, line[-1].north)
            if tail in ends:
                line += way[1:] if ends[0] == tail else way[-2::-1]
            elif head in ends:
                line = (way[:-1] if ends[1] == head else way[:0:-1]) + line
            else:
                continue
            rest.remove(way)
            break
        else:
            raise InputError(
                f"{path}: {len(rest)} lines do not join the first; give one line's poles in a file"
            )
    return line


def _crs_of(path: Path, data: dict[str, Any]) -> str:
    """Name of the coordinate system; GeoJSON without `crs` is longitude and latitude."""
    crs = data.get("crs")
    if crs is None:
        return "EPSG:4326"
    try:
        return str(crs["properties"]["name"])
    except (KeyError, TypeError):
        raise InputError(
            f"{path}: crs: has no properties.name; give e.g. EPSG:4326 or leave it out"
        ) from None


# ---------------------------------------------------------------- CSV

_COLUMNS = {
    "id": ("id", "pole", "name", "ref", "osm_id"),
    "lon": ("lon", "lon_deg", "longitude", "lng"),
    "lat": ("lat", "lat_deg", "latitude"),
    "x": ("x_m", "east_m", "easting"),
    "y": ("y_m", "north_m", "northing"),
    "height": ("height_m", "attachment_height_m", "elevation_m", "ele"),
}


def _from_csv(path: Path, text: str) -> MapLine:
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    known = {name: key for key, names in _COLUMNS.items() for name in names}
    for name in header:
        if name not in known:
            raise InputError(f"{path}: line 1: unknown column {name!r}; {near(name, known)}")
    column = {known[name]: i for i, name in enumerate(header)}
    plane = "x" in column and "y" in column
    east, north = ("x", "y") if plane else ("lon", "lat")
    if east not in column or north not in column:
        raise InputError(f"{path}: line 1: no columns of coordinates; give lon and lat, or x_m and y_m")
    places = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}: line {number}"
        if len(row) != len(header):
            raise InputError(f"{where}: has {len(row)} cells; the header has {len(header)}")
        height_m = _number(where, "height", row[column["height"]]) if "height" in column else math.nan
        name = row[column["id"]].strip() if "id" in column else ""
        at = (_number(where, east, row[column[east]]), _number(where, north, row[column[north]]))
        places.append(_Place(name or f"M{number - 1}", *at, height_m, where))
    return MapLine(
        name=path.stem, poles=_projected(path, places, "" if plane else "EPSG:4326"), ordered=False
    )


def _number(where: str, what: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{where}: {what}: {cell!r} is not a number; give a plain number with a decimal point"
        )
    return value


# ---------------------------------------------------------------- to the plane


def _projected(path: Path, places: Sequence[_Place], crs: str) -> tuple[MapPole, ...]:
    """Places in metres east and north of their middle; `crs` "" = they are metres already."""
    if len(places) < 2:
        raise InputError(
            f"{path}: holds {len(places)} poles; a line needs two: points with power=pole, or a line"
        )
    xy = np.array([(p.east, p.north) for p in places])
    if crs:
        lonlat = _lonlat(path, xy, crs)
        for place, (lon, lat) in zip(places, lonlat, strict=True):
            if not (abs(lon) <= 180 and abs(lat) <= 90):
                raise InputError(
                    f"{place.where}: {place.east}, {place.north} is not longitude, latitude in degrees; "
                    "name metres by their crs, or as x_m and y_m in a .csv file"
                )
        xy = _plane(lonlat)
    return tuple(
        MapPole(name, float(x), float(y), p.height_m)
        for name, (x, y), p in zip(_unique([p.id for p in places]), xy, places, strict=True)
    )


def _lonlat(path: Path, xy: FloatArray, crs: str) -> FloatArray:
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        source = CRS.from_user_input(crs)
    except CRSError:
        raise InputError(f"{path}: crs: {crs!r} is unknown; give e.g. EPSG:4326 or EPSG:3857") from None
    lon, lat = Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def _plane(lonlat: FloatArray) -> FloatArray:
    from pyproj import Proj

    # the mean of unit vectors, so that a line across the date line has its middle there too
    lon0 = math.degrees(np.angle(np.exp(1j * np.radians(lonlat[:, 0])).mean()))
    lat0 = float(lonlat[:, 1].mean())
    plane = Proj(proj="tmerc", lon_0=lon0, lat_0=lat0, ellps="WGS84", units="m")
    return np.column_stack(plane(lonlat[:, 0], lonlat[:, 1]))


def _unique(names: Sequence[str]) -> list[str]:
    """The names, a repeated one with its count behind it."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found
