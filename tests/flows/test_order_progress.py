"""Key 2 of the reception: where a work order is, by its number, in the caller's language (W8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from agi_scripts import progress as flow
from agi_scripts.reception import reception
from ivr.call import Call
from ivr.prompts import CATALOGUE, Language, P
from tests.flows.test_reception import Caller
from tests.flows.test_reception import Desk as Reception
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.work_order import State

NUMBER = "26030200117"
READ = {Language.ZH: "二六零三零二零零幺幺七", Language.KO: "이육공삼공이공공일일칠"}
ZH, KO = Language.ZH, Language.KO
TOLD = {
    State.RECEIVED: ("热线中心已经受理", "상담 센터에서 접수하여"),
    State.CLASSIFIED: ("热线中心已经受理", "상담 센터에서 접수하여"),
    State.CENTRE: ("热线中心已经受理", "상담 센터에서 접수하여"),
    State.FOLLOWING: ("热线中心已经受理", "상담 센터에서 접수하여"),
    State.DISPATCHED: ("等待签收", "기관의 확인을 기다리고"),
    State.SIGNED: ("承办单位正在办理", "담당 기관에서 처리하고"),
    State.HANDLING: ("承办单位正在办理", "담당 기관에서 처리하고"),
    State.REPORTED: ("审核以后会给您回访", "확인 후 연락드리겠습니다"),
    State.CALLBACK: ("审核以后会给您回访", "확인 후 연락드리겠습니다"),
    State.CLOSED: ("办理完毕", "완료되었습니다"),
    State.ARCHIVED: ("办理完毕", "완료되었습니다"),
    State.DECLINED: ("没有受理", "접수되지 않았습니다"),
    State.WITHDRAWN: ("已经撤回", "취소되었습니다"),
}


@dataclass
class Desk(Reception):
    """A desk that knows these orders, or whose database is away."""

    orders: dict[str, State] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def order_state(self, number: str) -> State | None:
        self.asked.append(number)
        if self.away:
            raise DatabaseUnavailable("the database is locked or away (TimeoutError)")
        return self.orders.get(number)


async def call(keys: str, desk: Reception, language: Language = ZH) -> Caller:
    """Choose the language and key 2, then press ``keys``."""
    caller = Caller({ZH: "1-2", KO: "2-2"}[language] + keys)
    await reception(Call(caller), desk)
    return caller


def answered(caller: Caller) -> list[P]:
    """What was said between the first question for the number and the next menu."""
    said = caller.said[caller.said.index(P.ASK_ORDER_NUMBER) + 1 :]
    return [P(name) for name in said[: said.index(P.MAIN_MENU)]]


def text(said: Sequence[P], language: Language) -> str:
    return "".join(CATALOGUE[prompt].text(language) for prompt in said)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("state", list(State))
async def test_each_state_is_told_in_the_callers_language(state: State, language: Language) -> None:
    caller = await call(f"{NUMBER}#{'-' * 9}0", Desk(orders={NUMBER: state}), language)
    heard = text(answered(caller), language)
    before, after = {ZH: ("您查询的", "号工单"), KO: ("접수 번호", "번 민원은")}[language]
    assert heard.startswith(before + READ[language] + after)
    assert TOLD[state][language is KO] in heard
    assert answered(caller)[-1].startswith("progress_"), "nothing more is said"
    assert caller.said[-2:] == [P.MAIN_MENU, P.TRANSFERRING]
    assert caller.facts[-2:] == [f"menu={'12'[language is KO]}%3E2{more}" for more in ("", "%3E0")]


async def test_each_key_offered_with_a_state_is_one_that_the_menu_knows() -> None:
    desk = Desk(orders={NUMBER: State.DECLINED})
    caller = await call(f"{NUMBER}#{'-' * 8}0", desk)
    assert caller.said[-2:] == [P.PROGRESS_DECLINED, P.TRANSFERRING]
    assert caller.next == "queue"


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        (f"{NUMBER}#", NUMBER),
        (f"{NUMBER}-", NUMBER),  # a silence ends it as well
        ("0#", "0"),
        ("123456789012345678", "123456789012345678"),  # none is longer
    ],
)
async def test_a_number_ends_with_the_hash_a_silence_or_its_last_digit(
    keys: str, number: str
) -> None:
    desk = Desk(orders={number: State.HANDLING})
    caller = await call(keys, desk)
    assert desk.asked == [number]
    assert answered(caller)[-1] is P.PROGRESS_HANDLING


async def test_an_order_that_is_not_there_is_told_with_its_number() -> None:
    desk = Desk(orders={NUMBER: State.CLOSED})
    caller = await call(f"{NUMBER[:-1]}8#", desk)
    assert text(answered(caller), ZH) == "没有查到编号为二六零三零二零零幺幺八的工单"


@pytest.mark.parametrize("keys", ["", "#", "12*4#"])
async def test_what_is_no_number_is_asked_for_once_more(keys: str) -> None:
    desk = Desk(orders={NUMBER: State.CLOSED})
    right = await call(f"{keys or '--'}-{NUMBER}#", desk)
    assert answered(right)[:2] == [P.ORDER_NOT_FOUND, P.ASK_ORDER_NUMBER]
    assert (desk.asked, answered(right)[-1]) == ([NUMBER], P.PROGRESS_DONE)


async def test_a_caller_who_never_gives_a_number_is_back_in_the_menu() -> None:
    desk = Desk()
    caller = await call("", desk)
    assert answered(caller) == [P.ORDER_NOT_FOUND, P.ASK_ORDER_NUMBER, P.ORDER_NOT_FOUND]
    assert (desk.asked, caller.next) == ([], "queue")


@pytest.mark.parametrize("language", list(Language))
async def test_a_database_that_is_away_is_told_and_the_call_goes_on(language: Language) -> None:
    caller = await call(f"{NUMBER}#-0", Desk(away=True), language)
    assert answered(caller) == [P.PROGRESS_UNAVAILABLE]
    assert caller.said[-2:] == [P.MAIN_MENU, P.TRANSFERRING]


async def test_a_database_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Silent(Reception):
        async def order_state(self, number: str) -> str | None:
            await asyncio.Event().wait()
            return None

    monkeypatch.setattr(flow, "DESK_SECONDS", 0.01)
    caller = await call(f"{NUMBER}#", Silent())
    assert answered(caller) == [P.PROGRESS_UNAVAILABLE]
    assert "no progress can be told" in caplog.text
    assert NUMBER not in caplog.text


async def test_several_orders_may_be_asked_for_in_one_call() -> None:
    desk = Desk(orders={"11": State.SIGNED, "22": State.ARCHIVED})
    caller = await call("11#-----222#-----0", desk)
    told = [name for name in caller.said if name in {P.PROGRESS_HANDLING, P.PROGRESS_DONE}]
    assert told == [P.PROGRESS_HANDLING, P.PROGRESS_DONE]
    assert caller.facts[-1] == "menu=1%3E2%3E2%3E0"
