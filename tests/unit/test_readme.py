"""The documents say what is true of the tree: settings, commands, modules, files, folders."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ivr.cli import main
from ivr.cli.settings import table
from ivr.settings import PROJECT, SETTINGS

README, CHINESE = PROJECT / "README.md", PROJECT / "README.zh-CN.md"
ARCHITECTURE = PROJECT / "ARCHITECTURE.md"
CONTRIBUTING = PROJECT / "CONTRIBUTING.md"
DOCUMENTS = (README, CHINESE, ARCHITECTURE, CONTRIBUTING, *sorted(PROJECT.glob("docs/**/*.md")))
PACKAGES = ("ivr", "agi_scripts", "ticketing", "speech")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[`/ ])hotline ([a-z]+)", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
TARGET = re.compile(r"\bmake ([a-z]+)")


def name(document: Path) -> str:
    return document.relative_to(PROJECT).as_posix()


def code(document: Path) -> str:
    """What stands in backquotes, one piece a line; Compose's service names are taken away."""
    pieces = CODE.findall(document.read_text("utf-8"))
    return re.sub(r"docker compose .*? hotline\b", "", "\n".join(pieces))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made when it is shown on the web."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def settings_of(document: Path) -> list[str]:
    return re.findall(r"^\| `(HOTLINE_\w+)` \|", document.read_text("utf-8"), re.MULTILINE)


def test_the_table_of_settings_is_the_generated_one() -> None:
    assert f"\n{table()}\n" in README.read_text("utf-8"), "paste `hotline settings --markdown`"


def test_both_readmes_list_the_same_settings() -> None:
    variables = [setting.variable for setting in SETTINGS]
    assert settings_of(README) == variables
    assert settings_of(CHINESE) == variables


@pytest.mark.parametrize("document", [README, CHINESE], ids=name)
def test_a_readme_names_the_two_commands(document: Path) -> None:
    block = re.search(r"```sh\n(.*?)```", document.read_text("utf-8"), re.DOTALL)
    assert block is not None
    assert TARGET.findall(block[1]) == ["run", "test"]


def test_both_readmes_show_the_same_requests() -> None:
    english, chinese = (
        [block for block in CODE.findall(each.read_text("utf-8")) if "curl" in block]
        for each in (README, CHINESE)
    )
    assert english == chinese != []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_and_targets_exist(document: Path) -> None:
    written = code(document)
    commands = set(main.list_commands(click.Context(main)))
    assert set(COMMAND.findall(written)) <= commands
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(TARGET.findall(written)) <= targets


def test_every_command_is_in_the_readmes() -> None:
    for document in (README, CHINESE):
        told = set(re.findall(r"`hotline ([a-z-]+)`", document.read_text("utf-8")))
        assert told >= set(main.list_commands(click.Context(main))), name(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text("utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = document if not path else (document.parent / path)
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_files_that_are_named_exist(document: Path) -> None:
    places = "|".join((*PACKAGES, "asterisk_conf", "tests", "docs", "bench", "sounds"))
    for path in re.findall(rf"`((?:{places})/[\w./-]*)`", document.read_text("utf-8")):
        assert (PROJECT / path).exists(), path


def test_every_module_is_in_the_architecture() -> None:
    told = set(re.findall(r"`([\w/]+\.py)`", ARCHITECTURE.read_text("utf-8")))
    modules = {
        file.relative_to(PROJECT).as_posix()
        for package in PACKAGES
        for file in (PROJECT / package).rglob("*.py")
        if file.name != "__init__.py" and "migrations" not in file.parts
    }
    assert modules - told == set(), "no row in ARCHITECTURE.md"
    assert {path for path in told if path.startswith(PACKAGES)} <= modules


def test_every_folder_of_tests_is_told_of() -> None:
    told = re.findall(r"^\| `(tests/\w+)` \|", CONTRIBUTING.read_text("utf-8"), re.MULTILINE)
    there = {file.parent.relative_to(PROJECT).as_posix() for file in PROJECT.glob("tests/*/test_*")}
    assert set(told) == there


def test_every_decision_is_listed() -> None:
    folder = PROJECT / "docs" / "adr"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert listed == {file.name for file in folder.glob("[0-9]*.md")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_settings_that_are_named_exist(document: Path) -> None:
    known = {setting.variable for setting in SETTINGS} | {"HOTLINE_TEST_DATABASES"}
    flow = {"HOTLINE_NEXT", "HOTLINE_DONE"}  # variables of the dialplan
    named = set(re.findall(r"\bHOTLINE_[A-Z_]+\b", document.read_text("utf-8")))
    assert named <= known | flow


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_test_that_is_named_is_there(document: Path) -> None:
    for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", document.read_text("utf-8")):
        assert (PROJECT / file).is_file(), file
        assert not test or f"def {test}(" in (PROJECT / file).read_text("utf-8"), test
