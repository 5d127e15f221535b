"""README and pages say what is true: commands exist, examples are valid, links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from missions.cli.app import COMMANDS
from missions.files import format_of, read_scenario, read_survey

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    for target in targets:
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:robot|firmware_bridge|hil|missions|tests)/[\w/.-]+)`", page.read_text(encoding="utf-8")
    )
    for name in named:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"silkline ([a-z]+)\b", " ".join(re.findall(r"`[^`]+`", page.read_text()))))
    assert named <= set(COMMANDS)


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"| `silkline {name} " in readme for name in COMMANDS)


def test_the_readme_has_the_two_commands_on_lines_of_their_own() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.count(".ci/setup && .venv/bin/silkline run jiashan-350m") == 1
    assert lines.count(".ci/setup && .venv/bin/python -m pytest") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_line_and_scenario_files_are_valid(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(blocks(page, "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        read = read_survey if format_of(path).startswith("silkline.line/") else read_scenario
        assert read(path)


def test_every_dependency_has_its_pinned_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    pinned = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    for requirement in wanted:
        name = re.split(r"[>=\[ ]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE), name
