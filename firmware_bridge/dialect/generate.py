"""Generates `silkline.py` from `silkline.xml` with MAVLink's own generator.

Run `python -m firmware_bridge.dialect.generate` after a change of the XML.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from pymavlink.generator import mavgen

FOLDER = Path(__file__).parent
XML = FOLDER / "silkline.xml"
PYTHON = FOLDER / "silkline.py"


def generate(output: Path) -> None:
    """Write the Python code of the dialect to `output`."""
    _generate(output, "Python3")


def generate_c(folder: Path) -> None:
    """Write the C headers of the dialect into `folder`."""
    _generate(folder, "C")


def _generate(output: Path, language: str) -> None:
    options = mavgen.Opts(str(output), wire_protocol="2.0", language=language, validate=True)
    with contextlib.redirect_stdout(io.StringIO()):
        mavgen.mavgen(options, [str(XML)])


if __name__ == "__main__":
    generate(PYTHON)
