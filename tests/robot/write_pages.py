"""Writes the pages of docs that are made from the tables. Run it after a table has changed."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from robot.modes import pages  # noqa: E402

for name, page in pages.PAGES.items():
    (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
