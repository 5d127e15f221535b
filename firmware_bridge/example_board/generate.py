"""Writes the headers that the example board is compiled with: MAVLink's C code and the robot's figures.

    python -m firmware_bridge.example_board.generate missions/robots/r1.toml build/board

Both come from one source, the dialect's XML and the robot's profile, and so are not kept beside them.
"""

from __future__ import annotations

import math
import sys
import tomllib
from pathlib import Path

from firmware_bridge.axes import AxisConfig, axis_configs
from firmware_bridge.dialect.generate import generate_c
from firmware_bridge.link import layout_digest
from robot.messages import Axis
from robot.profile import Profile

FOLDER = Path(__file__).parent


def generate(profile: Profile, folder: Path) -> None:
    """Write `mavlink/` and `robot_config.h` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    generate_c(folder / "mavlink")
    (folder / "robot_config.h").write_text(robot_config(profile), encoding="utf-8")


def robot_config(profile: Profile) -> str:
    """The robot's figures as a C header."""
    carriages = profile.carriages
    axes = "".join(
        f"        [{axis.name}] = {_axis(config)},\n"
        for axis, config in zip(Axis, axis_configs(profile), strict=True)
    )
    return f"""/* Made by firmware_bridge/example_board/generate.py from the profile of {profile.name}. */
#include <math.h>

#include "robot.h"

#define LAYOUT_DIGEST {layout_digest():#010x}u

static const struct robot ROBOT = {{
    .name = "{profile.name}",
    .clamped_m = {_number(carriages.clamped_m)},
    .open_m = {_number(carriages.open_m)},
    .lifted_m = {_number(carriages.lifted_m)},
    .brake_us = {round(profile.power.brake_s * 1e6)},
    .axis = {{
{axes}    }},
}};
"""


def _axis(config: AxisConfig) -> str:
    fields = (
        f".{name} = {_number(getattr(config, name))}"
        for name in AxisConfig.__dataclass_fields__
        if name != "self_locking"
    )
    return f"{{{', '.join(fields)}, .self_locking = {str(config.self_locking).lower()}}}"


def _number(x: float) -> str:
    return repr(float(x)) if math.isfinite(x) else ("INFINITY" if x > 0 else "-INFINITY")


def main(profile: str, folder: str) -> None:
    generate(Profile.model_validate(tomllib.loads(Path(profile).read_text(encoding="utf-8"))), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
