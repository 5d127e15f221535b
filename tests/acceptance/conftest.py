"""Jobs are run once a session, however many figures are asked of them; what they came to is printed at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.jobs import DONE, Done, remember, run, table


@pytest.fixture(scope="session")
def job_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="session")
def short_job(job_directory: Path) -> Done:
    """The short line's whole job."""
    return remember("short-60m", "seed 1", lambda: run("short-60m", job_directory / "short"))


@pytest.fixture(scope="session")
def long_job(job_directory: Path) -> Done:
    """The reference job, seed 1, with its log."""
    make = lambda: run("jiashan-350m", job_directory / "seed-1", "--seed", "1")  # noqa: E731
    return remember("jiashan-350m", "seed 1", make)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, jobs in DONE.items():
        terminalreporter.section(title)
        terminalreporter.write_line(table(jobs))
