"""Line files that tests write."""

from __future__ import annotations

TWENTY_METRES = """
format = "silkline.line/1"
name = "twenty metres"
conductor = "LGJ-120/20"
cable = "wrap-24f-4.0"
pitch_m = 1.0
lay = "Z"
phase_spacing_m = 0.70
stringing = { horizontal_tension_n = 4100.0 }
pole = [{ id = "A", kind = "terminal" }, { id = "B", kind = "terminal" }]
span = [{ length_m = 20.0 }]
"""
