"""Help for agents over HTTP: proposals with their reasons, and how often persons agree."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.integration.api_world import World
from tests.integration.conftest import Place
from ticketing.assist.evaluation import Split
from ticketing.assist.model import Shelf
from ticketing.demo.install import install
from ticketing.domain.roles import Role
from ticketing.domain.transcripts import AGENT, CITIZEN, Source, Utterance
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.training import Training
from ticketing.store import transcripts
from ticketing.store.database import Database

UNTIL = datetime(2026, 3, 1, 16, tzinfo=UTC)
_names = count(1)
SAID = (
    "你好，昨天晚上八点半，东江区朝晖街道解放路一百二十号旁边的路灯不亮了，一共三盏，请尽快维修。"
)


@pytest.fixture(scope="module")
def with_city(place: Place, with_tables: str) -> str:
    """The name of a database with the demo city and some orders, to make copies of."""
    name = f"assist{next(_names)}"

    async def make() -> None:
        database = Database(await place.make(name, like=with_tables))
        await install(database, load_packs(), load_calendar(), seed=7, orders=250, until=UNTIL)
        await database.close()

    asyncio.run(make())
    return name


@pytest.fixture
async def database_url(place: Place, with_city: str) -> str:
    """The address of a database with the demo city."""
    return await place.make(f"assist{next(_names)}", like=with_city)


@pytest.fixture
def city(world: World) -> World:
    """The API of the demo city, the next morning."""
    world.office_clock.now = UNTIL + timedelta(hours=10)
    return world


async def train(city: World) -> str:
    training = Training(city.database, city.services.worlds, city.office_clock)
    told: list[tuple[str, int, int]] = []
    model = await training.train(
        Shelf(city.recordings.with_name("assist")), lambda *each: told.append(each)
    )
    assert {what for what, _, _ in told} >= {"words", "orders"}
    assert all(done <= total for _, done, total in told)
    return model.origin.version


async def propose(city: World, token: str, **asked: Any) -> dict[str, Any]:
    status, answer = await city.call("POST", "/api/v1/assist", token, json=asked)
    assert status == 200, answer
    return dict(answer)


async def take_in(city: World, token: str, content: str, **more: Any) -> str:
    order = {"content": content, "citizen": {"phone": "16000009999"}, **more}
    status, made = await city.call("POST", "/api/v1/orders", token, json=order)
    assert status == 201, made
    return str(made["number"])


async def classify(city: World, token: str, number: str, **what: Any) -> None:
    status, order = await city.call("GET", f"/api/v1/orders/{number}", token)
    body = {"version": order["version"], "do": {"action": "classify", **what}}
    status, answer = await city.call("POST", f"/api/v1/orders/{number}/actions", token, json=body)
    assert status == 200, answer


async def test_everything_is_proposed_with_its_reasons(city: World) -> None:
    agent = await city.token(Role.AGENT)
    version = await train(city)
    found = await propose(city, agent, text=SAID)
    assert found["model"]["version"] == version
    best = found["categories"][0]
    assert (best["label"], best["name"]) == ("01.02", "路灯照明")
    assert "路灯" in {because["word"] for because in best["words"]}
    assert found["types"][0]["name"]
    assert found["districts"][0]["name"] == "朝晖街道"
    assert found["unit"]["rule"]
    assert found["unit"]["lead"].startswith("dongjiang") or found["unit"]["lead"] == "city.urban"
    assert found["draft"]["title"].endswith("路灯不亮了")
    assert "昨天（3月1日）20:30" in found["draft"]["content"]
    assert found["sensitive"] == []
    assert found["repeats"] == []


async def test_articles_are_found_with_the_version_to_cite(city: World) -> None:
    agent = await city.token(Role.AGENT)
    found = await propose(city, agent, text="取暖费怎么交，房子没人住能不能报停")
    assert found["articles"][0]["title"] == "取暖费缴纳与报停"
    assert found["articles"][0]["version"] >= 1
    assert "报停" in found["articles"][0]["words"]
    path = f"/api/v1/articles/{found['articles'][0]['id']}"
    status, article = await city.call("GET", path, agent)
    assert status == 200, article


async def test_without_a_model_the_rest_is_still_proposed(city: World) -> None:
    agent = await city.token(Role.AGENT)
    found = await propose(city, agent, text=SAID + "再不修我就去上访！")
    assert found["model"] is None
    assert found["categories"] == found["types"] == []
    assert found["unit"] is None
    assert found["districts"][0]["name"] == "朝晖街道"
    assert [each["kind"] for each in found["sensitive"]] == ["信访动向"]
    assert found["draft"]["title"]


async def test_a_model_is_taken_up_without_a_new_start(city: World) -> None:
    agent = await city.token(Role.AGENT)
    assert (await propose(city, agent, text=SAID))["model"] is None
    version = await train(city)
    models = city.services.models
    models._looked = None  # two seconds later
    assert (await propose(city, agent, text=SAID))["model"]["version"] == version
    assert await models.health() is None


async def test_repeats_and_orders_worded_alike_are_shown(city: World) -> None:
    agent = await city.token(Role.AGENT)
    await train(city)
    number = await take_in(city, agent, SAID)
    await classify(city, agent, number, type="help", category="01.02", district="990102")
    city.office_clock.turn(hours=3)
    found = await propose(city, agent, text=SAID, phone="16000009999")
    assert [match["order"] for match in found["repeats"]] == [number]
    (mine,) = [each for each in found["similar"] if each["number"] == number]
    assert mine["likeness"] > 0.9
    assert mine["same_event"]
    other = await propose(city, agent, text="取暖费怎么交", phone="16000009999")
    assert other["repeats"] == []
    assert number not in {each["number"] for each in other["similar"]}


async def test_agreement_is_counted(city: World) -> None:
    agent, manager = await city.token(Role.AGENT), await city.token(Role.MANAGER)
    await train(city)
    first, second, lost = [await propose(city, agent, text=SAID) for _ in range(3)]
    right, wrong = await take_in(city, agent, SAID), await take_in(city, agent, SAID + "。")
    kind = first["types"][0]["label"]
    await classify(city, agent, right, type=kind, category="01.02", district="990102")
    await classify(city, agent, wrong, type=kind, category="01.01", district="990102")
    for each, number in ((first, right), (second, wrong)):
        path = f"/api/v1/assist/{each['id']}/used"
        assert (await city.call("POST", path, agent, json={"order": number}))[0] == 204
    path = f"/api/v1/assist/{lost['id']}/used"
    status, answer = await city.call("POST", path, manager, json={"order": right})
    assert (status, answer["error"]) == (404, "proposal_not_found"), "another person's"
    status, found = await city.call("GET", "/api/v1/assist/agreement", manager)
    assert status == 200, found
    assert (found["asked"], found["orders"]) == (3, 2)
    assert found["kinds"]["category"] == {
        "proposed": 2,
        "agreed": 1,
        "three": found["kinds"]["category"]["three"],
    }
    assert found["kinds"]["type"]["agreed"] == 2
    assert [each["person"] for each in found["persons"]] == ["user-agent"]
    early = {"since": "2025-01-01", "until": "2025-02-01"}
    status, found = await city.call("GET", "/api/v1/assist/agreement", manager, params=early)
    assert (found["asked"], found["kinds"]) == (0, {})
    backwards = {"since": "2025-02-01", "until": "2025-01-01"}
    assert (await city.call("GET", "/api/v1/assist/agreement", manager, params=backwards))[0] == 400


async def test_the_order_of_a_call_belongs_to_the_proposal_in_it(city: World) -> None:
    agent, manager = await city.token(Role.AGENT), await city.token(Role.MANAGER)
    await train(city)
    await propose(city, agent, text=SAID, call="hotline-1.1")
    number = await take_in(city, agent, SAID, call="hotline-1.1")
    await classify(city, agent, number, type="help", category="01.02", district="990102")
    _, found = await city.call("GET", "/api/v1/assist/agreement", manager)
    assert (found["orders"], found["kinds"]["category"]["agreed"]) == (1, 1)


async def test_what_was_heard_in_a_call_is_taken_without_its_numbers(city: World) -> None:
    agent = await city.token(Role.AGENT)
    await train(city)
    told = (
        Utterance(AGENT, 0, 1, "您好，取暖费的事", "您好，取暖费的事"),
        Utterance(
            CITIZEN,
            1,
            3,
            "解放路的路灯不亮了，我的电话13800001111",
            "解放路的路灯不亮了，我的电话****",
        ),
    )
    async with city.database.session() as session:
        made = [transcripts.Pass("whisper", 2, "zh", told)]
        await transcripts.save(session, "hotline-7.1", Source.CALL, made, UNTIL)
    found = await propose(city, agent, call="hotline-7.1")
    assert found["categories"][0]["label"] == "01.02"
    assert found["draft"]["title"] == "解放路的路灯不亮了"
    assert "1380000" not in str(found)
    assert "取暖费" not in found["draft"]["content"]


async def test_a_call_without_words_says_so(city: World) -> None:
    agent = await city.token(Role.AGENT)
    status, answer = await city.call("POST", "/api/v1/assist", agent, json={"call": "hotline-1.1"})
    assert (status, answer["error"]) == (409, "nothing_said")
    assert (await city.call("POST", "/api/v1/assist", agent, json={}))[0] == 400
    handler = await city.token(Role.UNIT_HANDLER, unit="city.urban")
    assert (await city.call("POST", "/api/v1/assist", handler, json={"text": "x"}))[0] == 403


async def test_the_centres_orders_are_judged_in_all_ways(city: World) -> None:
    training = Training(city.database, city.services.worlds, city.office_clock)
    for found in await training.assess(list(Split)):
        unit = found.score("unit")
        assert unit.orders > 10
        assert 0 <= unit.top1 <= unit.top3 <= 1
        assert found.score("category").top1 > found.score("category").commonest
        assert {change.kind for change in found.changes} <= {"type", "category", "district", "unit"}
    newest = await training.assess([Split.TIME], most=40)
    assert newest[0].learned + newest[0].asked == 40
