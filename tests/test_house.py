"""The rules of the house: who may import whom, and what the brain must not know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("robot", "firmware_bridge", "hil", "missions")
MAY_IMPORT = {
    "robot": {"robot"},
    "firmware_bridge": {"robot", "firmware_bridge"},
    "hil": {"robot", "firmware_bridge", "hil"},
    "missions": set(ROOMS),
}
NOT_FOR_THE_BRAIN = {
    "asyncio", "click", "foxglove", "logging", "mcap", "mujoco", "os", "random", "rich", "serial", "socket",
    "starlette", "subprocess", "sys", "threading", "time", "uvicorn",
}  # fmt: skip
NOT_CALLED_IN_THE_BRAIN = {"eval", "exec", "input", "open", "print"}
MAKES_CONSTRUCTORS = "quick.py"  # as the standard library's dataclasses do, with exec


def modules(room: str) -> list[Path]:
    generated = ROOT / "firmware_bridge" / "dialect" / "silkline.py"
    return sorted(path for path in (ROOT / room).rglob("*.py") if path != generated)


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    for path in modules(room):
        wrong = (imports(path) & set(ROOMS)) - MAY_IMPORT[room]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_the_brain_knows_no_port_no_clock_and_no_log() -> None:
    for path in modules("robot"):
        wrong = imports(path) & NOT_FOR_THE_BRAIN
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_the_brain_reads_no_file_and_asks_nobody() -> None:
    for path in modules("robot"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if path.name == MAKES_CONSTRUCTORS and node.func.id == "exec":
                    continue
                assert node.func.id not in NOT_CALLED_IN_THE_BRAIN, f"{path.relative_to(ROOT)}:{node.lineno}"
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"bare except in {path}"


def test_nobody_asks_whether_it_is_simulated() -> None:
    for path in [*modules("robot"), *modules("firmware_bridge"), ROOT / "missions" / "run.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.If):
                words = {n.id.lower() for n in ast.walk(node.test) if isinstance(n, ast.Name)}
                words |= {n.attr.lower() for n in ast.walk(node.test) if isinstance(n, ast.Attribute)}
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert not {w for w in words if "simul" in w or "replay" in w}, place


def test_wall_clock_time_is_no_business_of_control() -> None:
    for path in [*modules("robot"), *modules("firmware_bridge")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert (node.value.id, node.attr) != ("time", "time"), place


def test_opencv_imports_on_this_machine() -> None:
    import cv2

    assert cv2.__version__


def test_no_dependency_ships_a_package_of_our_names() -> None:
    from importlib import metadata

    owners = metadata.packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, ["silkline"])) <= {"silkline"}, f"{room} is also in {owners[room]}"
