"""The import rule (ARCHITECTURE.md): who may know whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ivr", "agi_scripts", "ticketing", "speech")
EVERYTHING = {"ivr/app.py", "ivr/cli"}  # may import everything
BEFORE_THE_ENVIRONMENT = {  # run by the system's Python: standard library and each other only
    "ivr/bootstrap.py",
    "ivr/commands.py",
    "ivr/debian.py",
    "ivr/environment.py",
    "ivr/errors.py",
    "ivr/frontend.py",
    "ivr/elf.py",
    "ivr/layers.py",
    "ivr/progress.py",
    "ivr/settings.py",
    "ivr/toolbox.py",
}
PURE = {  # module or folder → what it may import besides the standard library
    "ticketing/domain": {"ticketing.domain"},
    "ivr/numbers.py": set(),
    "ivr/numerals.py": {"ivr.prompts"},
    "ivr/queuelog.py": set(),
    "ivr/reconcile.py": {"ticketing.domain"},
    "ivr/roster.py": {"ivr.settings"},
    "ivr/switchboard.py": {"ticketing.domain"},
    "ivr/journal.py": {"ivr.legs", "ivr.numbers", "ticketing.domain"},
    "ivr/legs.py": {"ticketing.domain"},
}


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix()


def imports(module: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports in full"
            assert node.module is not None
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}


def within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in places)


def allowed(name: str, prefixes: set[str]) -> bool:
    return any(
        name == prefix or name.startswith(f"{prefix}.") or prefix.startswith(f"{name}.")
        for prefix in prefixes
    )


@pytest.mark.parametrize("place", sorted(PURE))
def test_pure_modules_import_the_standard_library_and_each_other_only(place: str) -> None:
    checked = [module for module in modules() if within(module, {place})]
    assert checked
    for module in checked:
        strangers = {name for name in imports(module) if not allowed(name, PURE[place])}
        assert not strangers, f"{module} imports {strangers}"


def test_what_runs_before_the_environment_imports_no_package() -> None:
    names = {file.removesuffix(".py").replace("/", ".") for file in BEFORE_THE_ENVIRONMENT}
    for module in BEFORE_THE_ENVIRONMENT:
        strangers = {name for name in imports(module) if not allowed(name, names)}
        assert not strangers, f"{module} imports {strangers}"


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("ticketing", {"ivr", "agi_scripts", "speech"}),
        ("speech", {"ivr", "agi_scripts", "ticketing"}),
        ("agi_scripts", {"ticketing", "speech"}),
    ],
)
def test_packages_do_not_know_those_above_them(package: str, forbidden: set[str]) -> None:
    for module in modules():
        if within(module, {package}):
            strangers = {name for name in imports(module) if name.split(".")[0] in forbidden}
            assert not strangers, f"{module} imports {strangers}"


def test_flows_are_known_to_the_composition_root_only() -> None:
    for module in modules():
        if module.startswith("ivr/") and not within(module, EVERYTHING):
            strangers = {name for name in imports(module) if name.split(".")[0] == "agi_scripts"}
            assert not strangers, f"{module} imports {strangers}"


def test_nobody_imports_the_composition_root() -> None:
    for module in modules():
        if not within(module, {"ivr/cli"}):
            assert not {n for n in imports(module) if n in {"ivr.app", "ivr.cli"}}, module
