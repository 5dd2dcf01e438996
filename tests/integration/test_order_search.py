"""Words are found in orders, in Chinese too, alike on both databases; no input is an error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.integration.order_desk import AGENT, DISPATCHER, HOUSING, Desk, way
from ticketing.domain import actions as do
from ticketing.domain.matters import Citizen
from ticketing.domain.work_order import State
from ticketing.store import search
from ticketing.store.database import Database
from ticketing.store.order_tables import WORK_ORDERS
from ticketing.store.orders import Filters

TEXTS = {
    "lamp": "解放路5号楼的路灯不亮，已经三天",
    "water": "小区停水，电话 8182111 打不通",
    "bus": "B12路公交车ＡＢＣ站不停",  # full-width letters
    "noise": "夜间施工噪音扰民！！Café 门口",
    "rare": "𠮷野家门口，住户𬮿先生",
    "korean": "연길시 가로등 고장",
    "odd": '100% it\'s "x" AND NOT (y) * a_b-c',
    "long": "网址 " + "a1" * 3000,
}


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).open()


async def found(desk: Desk, words: str) -> set[str]:
    """The names of the texts that ``words`` finds."""
    page = await desk.orders.page(DISPATCHER, Filters(words=words), limit=100)
    return {line.title for line in page.items}


async def fill(desk: Desk) -> None:
    for name, content in TEXTS.items():
        await desk.receive(content, title=name)


async def test_words_are_found(desk: Desk) -> None:
    await fill(desk)
    for words, names in {
        "路": {"lamp", "bus"},
        "亮": {"lamp"},  # the last before a comma
        "天": {"lamp"},  # the last of all
        "路灯": {"lamp"},
        "灯不亮": {"lamp"},
        "路灯不亮": {"lamp"},
        "灯路": set(),
        "亮已": set(),  # there is a comma between them
        "路灯 三天": {"lamp"},
        "路灯，三天": {"lamp"},
        "停水 路灯": set(),
        "不": {"lamp", "water", "bus"},
        "5": {"lamp"},  # not 8182111: a number is found as a whole
        "5号楼": {"lamp"},
        "8182111": {"water"},
        "818": set(),
        "b12路": {"bus"},
        "B12": {"bus"},
        "abc": {"bus"},
        "ＡＢＣ站": {"bus"},
        "CAFÉ": {"noise"},
        "𠮷": {"rare"},
        "𠮷野": {"rare"},
        "𬮿": {"rare"},
        "户𬮿先": {"rare"},
        "가로등": {"korean"},
        "등": {"korean"},
        "it's": {"odd"},
        "and not": {"odd"},
        "a_b": {"odd"},
        "路灯坏了": set(),
        "a1" * 3000: {"long"},
    }.items():
        assert await found(desk, words) == names, words


ODD = [
    "NEAR(",
    "NEAR(路 灯, 2)",
    "AND",
    "路灯 OR",
    "NOT 路灯",
    "'",
    "''",
    '"',
    '"路灯',
    "*",
    "路*",
    "^路",
    "-路",
    "grams:路",
    "order_search",
    "<->",
    "路 <-> 灯",
    "路 & | ! ( :*",
    "\\",
    "\\'",
    "%",
    "_",
    "; DROP TABLE order_search; --",
    "😀",
    "😀路",
    "\0",
    "路\0灯",
    "\x01\x7f\u200b\ufeff",
    "\ud800",
    "\ufdfa" * 80,
    "ß" * 80,
    "İ",
    "①②㈠",
    "ﬁ",
    "e\u0301",
    " ",
    "",
    "路" * 5000,
    "1" * 5000,
    "{}[]",
    "::",
    "路灯\n路灯\t",
    ":grams",
    "%(grams)s",
]


async def test_no_words_are_an_error(desk: Desk) -> None:
    await desk.receive("路灯 near and", title="one")
    for words in ODD:
        assert await found(desk, words) <= {"one"}, words


async def test_whatever_is_in_a_text_it_is_written_and_found(desk: Desk) -> None:
    odd_orders = [words.replace("\0", "").replace("\ud800", "") + "。" for words in ODD]
    for place, content in enumerate(odd_orders):
        await desk.receive(content, title=f"t{place}")
    for place, content in enumerate(odd_orders):
        if search.phrases(content):
            assert f"t{place}" in await found(desk, content[:80]), content


async def test_what_is_learnt_later_is_found_and_what_is_changed_is_not_any_more(
    desk: Desk,
) -> None:
    order = await desk.dispatched(content="停水", title="旧题", citizen=Citizen(address="北大街"))
    for who, step in way(HOUSING):
        await desk.orders.act(who, order.number, step)
    for words in ("停水", "旧题", "北大街", "已修好", "灯管已更换"):
        assert await found(desk, words) == {"旧题"}, words
    other = await desk.receive("停电", title="旧题")
    await desk.classify(other.number, title="新题")
    assert await found(desk, "旧题") == {"旧题"}
    assert await found(desk, "新题") == {"新题"}


async def test_words_and_filters_together_newest_first(desk: Desk) -> None:
    first, second, third = [(await desk.receive(f"停水 {n}")).number for n in range(3)]
    await desk.orders.act(AGENT, second, do.Withdraw(why="不用了"))
    filters = Filters(words="停水", states=(State.RECEIVED,))
    page = await desk.orders.page(DISPATCHER, filters)
    assert [line.number for line in page.items] == [third, first]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.text(max_size=100))
async def test_any_text_at_all_is_looked_for(desk: Desk, words: str) -> None:
    await found(desk, words)


@given(text=st.text())
@settings(max_examples=300)
def test_every_piece_of_a_text_is_among_its_tokens(text: str) -> None:
    """What is looked for is made of what is stored."""
    stored = search.grams(text).split()
    for run in search.phrases(text[:80]):
        assert len(run) == 1 or list(run) in [
            stored[i : i + len(run)] for i in range(len(stored))
        ], run


async def test_the_index_has_one_row_for_each_order(desk: Desk) -> None:
    number = (await desk.closed()).number
    async with desk.database.reading() as session:
        kept = (await session.execute(select(WORK_ORDERS.c.number))).scalars().all()
    assert kept == [number]
    assert len((await desk.orders.page(DISPATCHER, Filters(words="路灯"))).items) == 1
