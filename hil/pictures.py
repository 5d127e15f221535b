"""What the cameras would see, drawn with OpenCV: the forward picture along the conductor, the rear one of the lay.

Pure drawing from the world's truth; nothing here steers anything. Pictures are BGR, 640 x 480.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hil.world.truth import TruthState
from robot.line.features import Box, Feature, Sleeve

WIDTH, HEIGHT = 640, 480
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

_FOCAL_PX = 620.0
_ABOVE_M = 0.22  # the forward camera over the conductor
_DOWN_RAD = math.radians(7.0)  # and how far it looks down
_NEAR_M, _FAR_M = 0.25, 60.0
_SHAPES_M = 12.0  # features are drawn up to here
_SKY_TOP, _SKY_LOW, _GROUND = (214, 178, 140), (240, 228, 214), (96, 128, 112)
_METAL, _CABLE, _DARK = (150, 150, 152), (40, 40, 44), (70, 74, 80)
_SLEEVES: dict[str, Colour] = {"fault-indicator": (40, 60, 200), "spiral-diverter": (30, 160, 230)}
_BOXES: dict[str, Colour] = {"fault-indicator": (50, 70, 210), "kite": (180, 60, 200), "branch": (50, 90, 60)}
_PORCELAIN = (70, 90, 140)
_REAR_PX_PER_M = 520.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands still: the line with all that is really on it.

    Attributes:
        forward_s_m, rear_s_m: of the cameras, from the middle carriage.
        hand: 1 or -1, the sense in which the cable winds.
    """

    features: Sequence[Feature]
    forward_s_m: float
    rear_s_m: float
    conductor_m: float
    cable_m: float
    pitch_m: float
    hand: int


# ---------------------------------------------------------------- forward


def forward(scene: Scene, truth: TruthState) -> tuple[Picture, dict[str, Any]]:
    """The forward picture, and where in it conductor and features are."""
    picture = _background(truth.roll_rad)
    camera_m = truth.s_m + scene.forward_s_m
    radius_m = scene.conductor_m / 2
    seen = [f for f in scene.features if _NEAR_M < f.at_m - camera_m < _SHAPES_M]
    behind = sorted(seen, key=lambda f: -f.at_m)
    boxes = []
    _tube(picture, (_NEAR_M, _FAR_M), radius_m, _METAL, truth.roll_rad)
    for feature in behind:
        range_m = feature.at_m - camera_m
        points = [_draw(picture, feature.kind, shape, range_m, truth.roll_rad) for shape in feature.shapes]
        extent = _extent(np.concatenate(points)) if points else None
        if extent:
            boxes.append(
                {"kind": feature.kind, "range_m": round(range_m, 2), "box": extent, "confidence": 1.0}
            )
    axis = _project(np.array([(_NEAR_M * 2, 0.0, 0.0), (_SHAPES_M, 0.0, 0.0)]), truth.roll_rad)
    return picture, _overlay(axis, boxes)


@cache
def _sky() -> Picture:
    rows = np.linspace(0.0, 1.0, HEIGHT)[:, None]
    sky = (1 - rows) * np.array(_SKY_TOP) + rows * np.array(_SKY_LOW)
    return np.repeat(sky[:, None, :], WIDTH, axis=1).astype(np.uint8)


def _background(roll_rad: float) -> Picture:
    picture = _sky().copy()
    horizon = _project(np.array([(_FAR_M, -60.0, -12.0), (_FAR_M, 60.0, -12.0)]), roll_rad)
    ground = np.vstack([horizon, (WIDTH * 2, HEIGHT * 2), (-WIDTH, HEIGHT * 2)])
    cv2.fillPoly(picture, [ground.astype(np.int32)], _GROUND)
    return picture


def _project(points_m: NDArray[np.float64], roll_rad: float) -> NDArray[np.float64]:
    """Places (ahead of the camera, right, up from the conductor's axis) to pixels; the camera rolls with the body."""
    ahead, right, up = points_m.T
    cos, sin = math.cos(roll_rad), math.sin(roll_rad)
    x, z = right * cos - up * sin, right * sin + up * cos
    z = z - _ABOVE_M
    depth = ahead * math.cos(_DOWN_RAD) - z * math.sin(_DOWN_RAD)
    height = ahead * math.sin(_DOWN_RAD) + z * math.cos(_DOWN_RAD)
    depth = np.maximum(depth, 0.05)
    return np.stack([WIDTH / 2 + _FOCAL_PX * x / depth, HEIGHT / 2 - _FOCAL_PX * height / depth], axis=1)


def _tube(
    picture: Picture, s_m: tuple[float, float], radius_m: float, colour: Colour, roll_rad: float
) -> NDArray[np.float64]:
    """A round body along the conductor."""
    near, far = max(s_m[0], _NEAR_M), max(s_m[1], _NEAR_M + 0.01)
    corners = [(near, -radius_m, 0.0), (far, -radius_m, 0.0), (far, radius_m, 0.0), (near, radius_m, 0.0)]
    points = _project(np.array(corners), roll_rad)
    cv2.fillPoly(picture, [points.astype(np.int32)], colour, cv2.LINE_AA)
    light = tuple(min(c + 50, 255) for c in colour)
    ridge = np.array([(near, -radius_m / 3, radius_m), (far, -radius_m / 3, radius_m)])
    begin, end = _project(ridge, roll_rad).astype(int).tolist()
    cv2.line(picture, begin, end, light, 1, cv2.LINE_AA)
    return points


def _draw(
    picture: Picture, kind: str, shape: Sleeve | Box, range_m: float, roll_rad: float
) -> NDArray[np.float64]:
    s_m = range_m + shape.s_m[0], range_m + shape.s_m[1]
    if isinstance(shape, Sleeve):
        return _tube(picture, s_m, shape.r_m, _SLEEVES.get(kind, _DARK), roll_rad)
    near = max(s_m[0], _NEAR_M), max(s_m[1], _NEAR_M + 0.01)
    corners = np.array(list(itertools.product(near, shape.x_m, shape.z_m)))
    points = _project(corners, roll_rad)
    wide = shape.x_m[1] - shape.x_m[0] > 0.5
    colour = _BOXES.get(kind, _DARK if wide else _PORCELAIN)
    hull = cv2.convexHull(points.astype(np.float32)).astype(np.int32)
    cv2.fillPoly(picture, [hull], colour, cv2.LINE_AA)
    front = cv2.convexHull(points[:4].astype(np.float32)).astype(np.int32)
    cv2.polylines(picture, [front], True, tuple(min(c + 45, 255) for c in colour), 1, cv2.LINE_AA)
    return points


def _extent(points: NDArray[np.float64]) -> list[int] | None:
    """The box in the picture round these points, None = outside."""
    low = np.clip(points.min(axis=0), 0, (WIDTH - 1, HEIGHT - 1))
    high = np.clip(points.max(axis=0), 0, (WIDTH - 1, HEIGHT - 1))
    if (high - low < 2).any():
        return None
    return [int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])]


# ---------------------------------------------------------------- rear


def rear(scene: Scene, truth: TruthState) -> tuple[Picture, dict[str, Any]]:
    """The rear picture: the conductor from above, +s to the right, with the turns up to where the cable touches it."""
    picture = np.full((HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    middle_m = truth.s_m + scene.rear_s_m
    middle = HEIGHT // 2
    half = max(round(scene.conductor_m / 2 * _REAR_PX_PER_M), 3)
    for row in range(-half, half + 1):  # lit from above
        shade = 0.55 + 0.45 * math.sqrt(1 - (row / (half + 1)) ** 2)
        colour = tuple(round(c * shade) for c in _METAL)
        cv2.line(picture, (0, middle + row), (WIDTH, middle + row), colour, 1)
    from_m = middle_m - WIDTH / 2 / _REAR_PX_PER_M
    to_m = min(truth.lay_s_m, from_m + WIDTH / _REAR_PX_PER_M)
    s_m = np.arange(from_m, max(to_m, from_m), 0.002)
    turned = truth.lay_theta_rad - scene.hand * 2 * math.pi * (truth.lay_s_m - s_m) / scene.pitch_m
    radius_px = (scene.conductor_m + scene.cable_m) / 2 * _REAR_PX_PER_M
    width = max(round(scene.cable_m * _REAR_PX_PER_M), 2)
    x, y = (s_m - from_m) * _REAR_PX_PER_M, middle + radius_px * np.sin(turned)
    above = np.cos(turned) > -0.1
    for i in range(len(s_m) - 1):
        if above[i] and above[i + 1]:
            a, b = (int(x[i]), int(y[i])), (int(x[i + 1]), int(y[i + 1]))
            cv2.line(picture, a, b, _CABLE, width, cv2.LINE_AA)
    axis = np.array([(0.0, middle), (float(WIDTH), middle)])
    return picture, _overlay(axis, [])


def _overlay(axis: NDArray[np.float64], features: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "axis": [[round(float(x)), round(float(y))] for x, y in axis],
        "features": features,
    }
