"""Every act that is written down has words for "Recent changes"."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from rapport.foundation.records.extension_points import act_words, undo_handlers
from rapport.foundation.records.services.operations import open_operation
from rapport.launch.checkout import PACKAGE

Function = ast.FunctionDef | ast.AsyncFunctionDef
Call = tuple[Path, Function | None, ast.Call]


def test_every_kind_of_act_written_anywhere_has_words() -> None:
    written = kinds_given(open_operation, "kind", ())

    assert {"create", "merge", "order_placed", "subscription_renewed", "file", "demo"} <= written
    assert written - set(act_words) == set(), "register them in act_words, in the hooks of their app"


def test_every_kind_of_act_that_can_be_taken_back_has_words() -> None:
    assert set(undo_handlers) - set(act_words) == set()


def kinds_given(function: Any, parameter: str, seen: tuple[Any, ...]) -> set[str]:
    """All texts that callers, or theirs, give for a parameter. Fails where the source does not tell."""
    if function in seen:
        return set()
    parameters = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    place = [one.name for one in parameters].index(parameter)
    found: set[str] = set()
    for module, around, call in calls_of(function):
        given = next((one.value for one in call.keywords if one.arg == parameter), None)
        if given is None and place < len(call.args) and parameters[place].kind is not inspect.Parameter.KEYWORD_ONLY:
            given = call.args[place]
        if given is not None:
            found |= texts(given, module, around, (*seen, function))
            continue
        default = parameters[place].default
        assert isinstance(default, str), f"{module.__name__}:{call.lineno} does not tell which kinds it writes"
        found.add(str(default))
    return found


def texts(given: ast.expr, module: ModuleType, around: Function | None, seen: tuple[Any, ...]) -> set[str]:
    match given:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return texts(one, module, around, seen) | texts(other, module, around, seen)
        case ast.BoolOp(values=several):
            return set().union(*(texts(one, module, around, seen) for one in several))
        case ast.Subscript(value=table) if isinstance(held := known(table, module), Mapping):
            return {str(value) for value in held.values()}
        case ast.Name(id=name) if around and name in names_of_parameters(around):
            function = defined(module, around)
            hint = get_type_hints(inspect.unwrap(function)).get(name)
            if inspect.isclass(hint) and issubclass(hint, Enum):
                return {str(member.value) for member in hint}
            return kinds_given(function, name, seen)
        case ast.Name(id=name) if around and (assigned := list(assignments(around, name))):
            return set().union(*(texts(one, module, around, seen) for one in assigned))
        case ast.Name() | ast.Attribute() if isinstance(held := known(given, module), str):
            return {str(held.value) if isinstance(held, Enum) else held}
    raise AssertionError(f"{module.__name__}:{given.lineno} does not tell which kinds it writes")


def known(expression: ast.expr, module: ModuleType) -> Any:
    """What a name or a dotted name of the module stands for."""
    match expression:
        case ast.Name(id=name):
            return getattr(module, name, None)
        case ast.Attribute(value=of, attr=name):
            return getattr(known(of, module), name, None)
    return None


def names_of_parameters(function: Function) -> set[str]:
    given = function.args
    return {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def assignments(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            yield node.value


def defined(module: ModuleType, function: Function) -> Any:
    """The function itself, be it one of the module or of a class there."""
    places = (module, *(held for held in vars(module).values() if inspect.isclass(held)))
    found = (vars(place).get(function.name) for place in places)
    return next(one for one in found if one and inspect.unwrap(one).__module__ == module.__name__)


def calls_of(function: Any) -> Iterator[tuple[ModuleType, Function | None, ast.Call]]:
    """Where it is called, and where something of its name is that the module does not tell apart from it."""
    wanted = inspect.unwrap(function)
    for path, around, call in calls_by_name().get(wanted.__name__, ()):
        module = module_of(path)
        called = known(call.func, module)
        if called is None or inspect.unwrap(called) is wanted:
            yield module, around, call


@cache
def calls_by_name() -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if {"tests", "migrations"} & set(path.relative_to(PACKAGE).parts):
            continue
        for around, call in calls_in(ast.parse(path.read_text()), None):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            found.setdefault(name, []).append((path, around, call))
    return found


def calls_in(node: ast.AST, around: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield around, child
        yield from calls_in(child, child if isinstance(child, Function) else around)


def module_of(path: Path) -> ModuleType:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
