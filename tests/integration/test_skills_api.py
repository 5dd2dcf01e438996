"""Who can what: in SQL, over HTTP, in Asterisk's queues (T1, T2)."""

from __future__ import annotations

from tests.integration.api_world import World
from ticketing.domain.roles import Role
from ticketing.store import audit


async def test_skills_of_a_seat_and_of_a_person(world: World) -> None:
    manager, agent = await world.token(Role.MANAGER), await world.token(Role.AGENT)
    await world.seats.add("test", "8001")
    body = {"skills": {"ko": 5, "labour": 0}}
    status, told = await world.call("PUT", "/api/v1/seats/8001/skills", manager, json=body)
    assert (status, told["skills"], told["applied"]) == (200, {"ko": 5}, True)
    assert world.applied == 1
    path = "/api/v1/users/user-agent/skills"
    assert (await world.call("PUT", path, manager, json={"skills": {"labour": 3}}))[0] == 200
    _, shown = await world.call("GET", "/api/v1/skills", agent)
    assert shown["seats"] == {"8001": {"ko": 5}}
    assert shown["persons"] == {"user-agent": {"labour": 3}}
    assert "korean" in {queue["name"] for queue in shown["queues"]}
    assert (await world.call("PUT", path, manager, json={"skills": {}}))[0] == 200
    _, shown = await world.call("GET", "/api/v1/skills", agent)
    assert shown["persons"] == {}
    async with world.database.reading() as session:
        deeds = [entry.action for entry in await audit.latest(session)]
    assert {"skills.seat", "skills.person"} <= set(deeds)


async def test_what_is_refused(world: World) -> None:
    manager, agent = await world.token(Role.MANAGER), await world.token(Role.AGENT)
    await world.seats.add("test", "8001")
    for path, body, status, error in (
        ("seats/8001", {"jp": 3}, 422, "bad_skill"),
        ("seats/8001", {"ko": 6}, 422, "bad_skill"),
        ("seats/8002", {"ko": 5}, 404, "seat_not_found"),
        ("users/nobody", {"ko": 5}, 404, "user_not_found"),
    ):
        answer = await world.call("PUT", f"/api/v1/{path}/skills", manager, json={"skills": body})
        assert (answer[0], answer[1]["error"]) == (status, error)
    refused = await world.call("PUT", "/api/v1/seats/8001/skills", agent, json={"skills": {}})
    assert refused[0] == 403


async def test_asterisk_is_told_of_members_and_penalties(world: World) -> None:
    there = [
        {"Event": "QueueMember", "Location": "PJSIP/8001", "Queue": queue, "Penalty": penalty}
        for queue, penalty in (("reception", "0"), ("labour", "4"))
    ]
    wanted = {"8001": {"reception": 1, "korean": 0}}
    assert await world.desk.join(wanted, there)
    told = [(name, fields["Queue"], fields.get("Penalty")) for name, fields in world.exchange.told]
    assert told == [
        ("QueueRemove", "labour", None),
        ("QueueAdd", "korean", "0"),
        ("QueuePenalty", "reception", "1"),
    ]
    world.exchange.told.clear()
    await world.desk.pass_over("PJSIP/8001", 2)
    assert [(f["Queue"], f["Penalty"]) for _, f in world.exchange.told] == [
        ("reception", "21"),
        ("korean", "20"),
    ]
