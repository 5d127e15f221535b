"""What the lines came to is printed at the end."""

from __future__ import annotations

import pytest

from tests.campaign.play import PLAYED
from tests.campaign.table import table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if PLAYED:
        terminalreporter.section("random lines")
        terminalreporter.write_line(table(PLAYED))
