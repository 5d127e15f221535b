"""A drawing of `svg` as pixels: the few elements that it makes, drawn by OpenCV with its own letters."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from missions.report.svg import INK, MUTED

SCALE = 2.0  # pixels per unit of the drawing
_SHIFT, _FINE = 4, 16.0  # OpenCV takes sixteenths of a pixel
_SIZES = {"t": (17, 600), "b": (13, 600), "m": (11, 400)}  # of letters by class: height, weight
_TRANSLATE = re.compile(r"translate\(([-.\d]+) ([-.\d]+)\)")
_SPACE = "{http://www.w3.org/2000/svg}"

Pixels = NDArray[np.uint8]


def write_png(drawing: str, path: Path) -> None:
    """Write an SVG that was made of `svg.text`, `line`, `rect`, circles and polygons as a PNG file.

    Raises:
        ValueError: it holds an element that is none of these.
        OSError: the file cannot be written.
    """
    done, data = cv2.imencode(".png", pixels(drawing))
    if not done:
        raise ValueError("the drawing cannot be made a PNG")
    path.write_bytes(data.tobytes())


def pixels(drawing: str) -> Pixels:
    """The drawing as (height, width, 3), blue first."""
    root = ET.fromstring(drawing)
    _, _, width, height = (float(v) for v in root.attrib["viewBox"].split())
    image = np.full((round(height * SCALE), round(width * SCALE), 3), 255, np.uint8)
    face = cv2.FontFace("sans")
    _draw(image, root, 0.0, face)
    return image


def _draw(image: Pixels, group: ET.Element, down: float, face: cv2.FontFace) -> None:
    for element in group:
        kind, at = element.tag.removeprefix(_SPACE), element.attrib
        if kind == "g":
            found = _TRANSLATE.fullmatch(at["transform"])
            if found is None or float(found[1]) != 0.0:
                raise ValueError(f"transform {at['transform']} is not known; expected translate(0 y)")
            _draw(image, element, down + float(found[2]), face)
        elif kind == "text":
            _write(image, element, down, face)
        elif kind == "line":
            _line(image, at, down)
        elif kind == "rect":
            _fill(image, at, _rect(at, down))
        elif kind == "circle":
            _fill(image, at, _circle(at, down))
        elif kind == "polygon":
            corners = np.array([p.split(",") for p in at["points"].split()], float)
            _fill(image, at, corners + np.array([0.0, down]))
        elif kind != "style":
            raise ValueError(f"element {kind} is not known; expected text, line, rect, circle or polygon")


def _colour(text: str) -> tuple[int, int, int]:
    return int(text[5:7], 16), int(text[3:5], 16), int(text[1:3], 16)


def _rect(at: dict[str, str], down: float) -> NDArray[np.float64]:
    x, y, width, height = (float(at.get(key, "0")) for key in ("x", "y", "width", "height"))
    y += down
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def _circle(at: dict[str, str], down: float) -> NDArray[np.float64]:
    x, y, radius = float(at["cx"]), float(at["cy"]) + down, float(at["r"])
    turn = np.linspace(0.0, 2.0 * np.pi, 49)
    return np.column_stack((x + radius * np.cos(turn), y + radius * np.sin(turn)))


def _fill(image: Pixels, at: dict[str, str], corners: NDArray[np.float64]) -> None:
    """A filled shape, laid over what is there by its opacity."""
    opacity = float(at.get("fill-opacity", "1"))
    low, high = np.floor(corners.min(axis=0) * SCALE) - 1, np.ceil(corners.max(axis=0) * SCALE) + 2
    (left, top), (right, bottom) = low.clip(0).astype(int), high.clip(0).astype(int)
    under = image[top:bottom, left:right]
    if not under.size:
        return
    over = under.copy()
    # the middle of a pixel is a whole number to OpenCV, a half to SVG
    places = np.round((corners * SCALE - 0.5 - np.array([left, top])) * _FINE).astype(np.int32)
    cv2.fillPoly(over, [places], _colour(at["fill"]), cv2.LINE_AA, _SHIFT)
    image[top:bottom, left:right] = cv2.addWeighted(over, opacity, under, 1.0 - opacity, 0.0)


def _line(image: Pixels, at: dict[str, str], down: float) -> None:
    ends = np.array([(float(at[f"x{n}"]), float(at[f"y{n}"]) + down) for n in (1, 2)])
    width, length = float(at.get("stroke-width", "1")), float(np.hypot(*(ends[1] - ends[0])))
    along = (ends[1] - ends[0]) / max(length, 1e-9)
    aside = np.array([-along[1], along[0]]) * width / 2
    on, off = (float(v) for v in at.get("stroke-dasharray", f"{max(length, 1e-9)} 1").split())
    for begin in np.arange(0.0, max(length, 1e-9), on + off):
        a, b = ends[0] + along * begin, ends[0] + along * min(begin + on, length)
        _fill(image, {"fill": at["stroke"]}, np.array([a - aside, b - aside, b + aside, a + aside]))


def _write(image: Pixels, element: ET.Element, down: float, face: cv2.FontFace) -> None:
    classes = element.get("class", "").split()
    height, weight = next((_SIZES[c] for c in classes if c in _SIZES), (12, 400))
    fill = element.get("style", "").removeprefix("fill:") or (MUTED if "m" in classes else INK)
    x, y = float(element.attrib["x"]) * SCALE, (float(element.attrib["y"]) + down) * SCALE
    words, size = element.text or "", round(height * SCALE)
    _, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), face, size, weight)
    x -= width if "e" in classes else width / 2 if "c" in classes else 0.0
    cv2.putText(image, words, (round(x), round(y)), _colour(fill), face, size, weight)
