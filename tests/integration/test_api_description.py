"""``/openapi.json`` tells the truth: every route is in it, and a fuzzer finds no other answer."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ivr.api.models import CallOut
from ivr.api.openapi import describe
from ivr.api.problems import PROBLEMS
from ivr.api.routes import ROUTES, Access
from tests.integration.api_world import World
from tests.integration.samples import BARE, record
from ticketing.domain.calls import CallRecord
from ticketing.store import calls


@pytest.fixture
def document() -> dict[str, Any]:
    return describe(ROUTES, "1.2.3")


async def test_it_is_served_to_all(world: World, document: dict[str, Any]) -> None:
    assert await world.call("GET", "/openapi.json") == (200, document)


async def test_every_route_that_is_served_is_described(
    world: World, document: dict[str, Any]
) -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in world.client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    console = {("GET", path) for path in ("/", "/{page}", "/assets/{name}")}
    assert served - console == described | {("GET", "/openapi.json")}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert found == set(document["components"]["schemas"])


def test_parameters_bodies_and_errors_are_described(document: dict[str, Any]) -> None:
    listing = document["paths"]["/api/v1/calls"]["get"]
    parameters = {each["name"]: each for each in listing["parameters"]}
    assert set(parameters) == {"caller", "since", "until", "limit", "cursor"}
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert parameters["since"]["schema"]["format"] == "date-time"
    assert set(listing["responses"]) == {"200", "400", "401", "403", "500", "503"}
    login = document["paths"]["/api/v1/session"]["post"]
    assert login["security"] == []
    assert login["requestBody"]["required"] is True
    assert {"200", "400", "401", "403", "413", "415", "429"} <= set(login["responses"])
    audio = document["paths"]["/api/v1/calls/{call_id}/recording"]["get"]
    assert "audio/wav" in audio["responses"]["206"]["content"]


def test_each_operation_says_what_it_needs(document: dict[str, Any]) -> None:
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"], route
        assert (operation["security"] == []) is (route.access is Access.PUBLIC)
        if not isinstance(route.access, Access):
            assert route.access.value in operation["description"]


def test_no_description_of_an_error_has_a_place_left_open(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                assert "{" not in response["description"]


def test_a_call_is_described_with_every_field_of_its_record() -> None:
    kept = [name for name in CallRecord.__dataclass_fields__ if name != "handling"]
    assert list(CallOut.model_fields) == kept  # how it was dealt with has a route of its own


def test_every_problem_can_be_found_in_the_description_or_is_everywhere(
    document: dict[str, Any],
) -> None:
    everywhere = {"method_not_allowed", "phones_unavailable", "websocket_required"}
    described = str(document)
    for id_ in set(PROBLEMS) - everywhere - {"range_not_satisfiable"}:
        assert f"`{id_}`" in described, id_


async def test_a_fuzzer_finds_no_crash_and_no_answer_that_is_not_described(
    world: World, tmp_path: Path
) -> None:
    """schemathesis: odd and hostile requests to every route, as an administrator."""
    async with world.database.session() as session:
        await calls.save(session, [record(1), BARE])
    world.write_recording("2026-03-01/1763753060.1")
    await world.seats.ensure("test", ["8001"])
    # what covers the description is long, and the database has little part in it: once will do
    phases = "fuzzing" if world.database.sqlite else "coverage,fuzzing"
    arguments = [
        *("--header", f"Authorization: Bearer {await world.token()}"),
        *("--phases", phases, "--max-examples", "4", "--seed", "12345"),
        # A valid request may still be refused for what it means: a seat that is there already.
        *("--exclude-checks", "positive_data_acceptance"),
        *("--exclude-operation-id", "logout", "--continue-on-failure", "--no-color"),
        *("--generation-database", "none"),
    ]
    fuzzer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("run", str(world.client.make_url("/openapi.json")), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await asyncio.wait_for(fuzzer.communicate(), 240)
    assert fuzzer.returncode == 0, said.decode()
    generated = re.search(rb"(\d+) generated", said)
    assert generated is not None
    assert int(generated[1]) > 200
