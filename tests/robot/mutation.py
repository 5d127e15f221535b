"""Small changes to a module's source, one at a time, to see whether its tests notice (the idea is opendbc's).

Families: comparisons and their boundaries, arithmetic, boolean operators, `not`, constants by one, signs,
truth values, `min` for `max`, and conditions that always or never hold.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


Change = Callable[[], str | None]  # makes the change; may say what it is where the node does not show it


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """Every changed copy of a module, with "before -> after" of the changed place to name it."""
    count = len(_changes(ast.parse(source)))
    for number in range(count):
        tree = ast.parse(source)
        node, change = _changes(tree)[number]
        before = ast.unparse(node)
        after = change() or ast.unparse(node)
        yield f"{before} -> {after}", ast.fix_missing_locations(tree)


def _changes(tree: ast.Module) -> list[tuple[ast.AST, Change]]:
    """All places with what can be changed there, in a fixed order; nothing is changed yet."""
    skipped = _not_run(tree)
    return [(shown, change) for node in ast.walk(tree) if node not in skipped for shown, change in _of(node)]


def _not_run(tree: ast.Module) -> set[ast.AST]:
    """Annotations, decorators with their arguments and `strict` of `zip`: no decisions of the module."""
    parts: list[ast.AST | None] = []
    for node in ast.walk(tree):
        parts += [getattr(node, name, None) for name in ("annotation", "returns")]
        parts += getattr(node, "decorator_list", [])
        if isinstance(node, ast.keyword) and node.arg == "strict":
            parts.append(node.value)
    return {inner for part in parts if part is not None for inner in ast.walk(part)}


def _of(node: ast.AST) -> Iterator[tuple[ast.AST, Change]]:
    """The changes to one node, each with the node that shows it."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                yield node, partial(node.ops.__setitem__, place, other())
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield node, partial(setattr, node, "op", _ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield node, partial(setattr, node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, partial(setattr, node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node, partial(setattr, node, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, partial(setattr, node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for step in (1, -1):
            yield node, partial(setattr, node, "value", node.value + step)
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield node, partial(setattr, node, "id", _NAMES[node.id])
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            yield node.test, partial(_decide, node, value)


def _decide(node: ast.If | ast.IfExp, value: bool) -> str:
    node.test = ast.Constant(value)
    return f"always {value}"


def load(tree: ast.Module, path: Path) -> types.ModuleType:
    """A module made of a changed tree, under a name of its own."""
    module = types.ModuleType("mutant")
    module.__file__ = str(path)
    sys.modules["mutant"] = module
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    finally:
        del sys.modules["mutant"]
    return module


def survives(tree: ast.Module, path: Path, cases: Sequence[Callable[[types.ModuleType], None]]) -> bool:
    """Whether no case notices the change."""
    try:
        module = load(tree, path)
        for case in cases:
            case(module)
    except Exception:
        return False
    return True
