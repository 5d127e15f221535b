"""The contract suites use the rig of the wire's own tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "firmware_bridge"))
