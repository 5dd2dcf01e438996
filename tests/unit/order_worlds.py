"""Builders for the tests of work orders: a small city, its people, and an order on its way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ticketing.domain import actions as do
from ticketing.domain.actions import Command, Reached
from ticketing.domain.guards import Actor, World
from ticketing.domain.lifecycle import Decision, decide
from ticketing.domain.matters import Citizen, OrderType, Satisfaction, Urgency
from ticketing.domain.measures import Fault
from ticketing.domain.roles import Role
from ticketing.domain.units import Level, Unit, UnitKind, UnitTree
from ticketing.domain.work_order import Event, State, WorkOrder
from ticketing.policies.loader import load_calendar, load_pack

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)  # 09:00 in the city, an ordinary week
NUMBER = "26030200017"

TREE = UnitTree(
    [
        Unit("city", "市热线办", UnitKind.CENTRE, Level.CITY, None),
        Unit("housing", "住建局", UnitKind.DEPARTMENT, Level.CITY, "city"),
        Unit("water", "水务公司", UnitKind.COMPANY, Level.CITY, "city"),
        Unit("closed", "原规划局", UnitKind.DEPARTMENT, Level.CITY, "city", active=False),
        Unit("east", "东县热线办", UnitKind.CENTRE, Level.COUNTY, "city", "E"),
        Unit("east.roads", "东县交通局", UnitKind.DEPARTMENT, Level.COUNTY, "east"),
        Unit("east.town", "东镇", UnitKind.TOWN, Level.TOWN, "east", "E1"),
        Unit("east.village", "东村", UnitKind.VILLAGE, Level.VILLAGE, "east.town", "E11"),
        Unit("town", "河镇", UnitKind.TOWN, Level.TOWN, "city", "C1"),
        Unit("village", "河东村", UnitKind.VILLAGE, Level.VILLAGE, "town", "C11"),
        Unit("hamlet", "河西村", UnitKind.VILLAGE, Level.VILLAGE, "town", "C12"),
    ]
)


def _with_returns(world: World, **changes: bool) -> World:
    """A world whose pack has another rule for returns (note 14)."""
    pack = replace(world.pack, returns=replace(world.pack.returns, **changes))
    return replace(world, pack=pack)


YANJI = World(load_pack("yanji-2019"), load_calendar(), TREE)
XIANNING = World(load_pack("xianning-2019"), load_calendar(), TREE)
STANDS = _with_returns(YANJI, clock_runs_while_pending=False)
GOES_ON = _with_returns(YANJI, restarts_when_accepted=False)
BOTH = _with_returns(STANDS, restarts_when_accepted=False)
"""Note 14 the other way round: alone, and both together."""


def person(role: Role, unit: str = "city") -> Actor:
    """Somebody with one role."""
    return Actor(f"{role.value}@{unit}", frozenset({role}), unit)


CLOCK = Actor("clock", frozenset(), "city", system=True)
AGENT = person(Role.AGENT)
DESK = person(Role.DISPATCHER)
CHIEF = person(Role.MANAGER)
COUNTY_AGENT = person(Role.AGENT, "east")
COUNTY_DESK = person(Role.DISPATCHER, "east")
HOUSING = person(Role.UNIT_HANDLER, "housing")
WATER = person(Role.UNIT_HANDLER, "water")
TOWN = person(Role.UNIT_LEADER, "town")
VILLAGE = person(Role.UNIT_HANDLER, "village")
HAMLET = person(Role.UNIT_HANDLER, "hamlet")

RECEIVE = do.Receive(number=NUMBER, content="路灯不亮", citizen=Citizen(phone="13900000001"))
CLASSIFY = do.Classify(type=OrderType.HELP, category="lamp")
CONSULT = replace(CLASSIFY, type=OrderType.CONSULTATION)
TO_HOUSING = do.Dispatch(unit="housing", assisting=("water",), rule="I5")
TO_TOWN = do.Dispatch(unit="town", rule="I5")
TO_VILLAGE = do.Forward(unit="village")
REPLY = do.Reply(text="今晚修好")
REPORT = do.ReportBack(result="已修好")
PASS = do.Review(passed=True)
FAIL = do.Review(passed=False, why="没有修")
HAPPY = do.CallBack(reached=Reached.ANSWERED, satisfaction=Satisfaction.SATISFIED)
UNHAPPY = do.CallBack(reached=Reached.ANSWERED, satisfaction=Satisfaction.DISSATISFIED)
NOT_IN = do.CallBack(reached=Reached.NO_ANSWER)
ASK_BACK = do.AskReturn(why="不属本单位职责")
GIVE_BACK = do.DecideReturn(accepted=True, why="同意")
KEEP = do.DecideReturn(accepted=False, why="属你单位职责")
ASK_TIME = do.AskExtension(days=1, why="等配件")
GRANT = do.DecideExtension(accepted=True, why="同意")
DENY = do.DecideExtension(accepted=False, why="理由不足")


@dataclass
class Story:
    """An order as it goes: every step is judged, and stands in ``events``."""

    world: World = YANJI
    now: datetime = MONDAY
    order: WorkOrder | None = None
    events: list[Event] = field(default_factory=list)
    last: Decision | None = None

    def then(self, actor: Actor, *commands: Command, after: timedelta = timedelta(0)) -> Story:
        """``after`` some time, ``actor`` does one thing after the other."""
        self.now += after
        for command in commands:
            self.last = decide(self.order, command, actor, self.now, self.world)
            self.order = self.last.order
            self.events.append(self.last.event)
        return self

    def at(self, *moment: int) -> Story:
        """Go on at a local time of the city: year, month, day, hour, minute."""
        local = datetime(*moment, tzinfo=self.world.pack.zone)  # type: ignore[misc, arg-type]
        self.now = local.astimezone(UTC)
        return self

    @property
    def it(self) -> WorkOrder:
        """The order; it must be there."""
        assert self.order is not None
        return self.order

    @property
    def told(self) -> set[tuple[str, str, str]]:
        """What the last step wants done outside: kind, target, what."""
        assert self.last is not None
        return {(e.kind.value, e.target, e.what) for e in self.last.effects}

    def local(self, moment: datetime | None) -> str:
        """A moment on the city's clocks."""
        assert moment is not None
        return f"{moment.astimezone(self.world.pack.zone):%m-%d %H:%M}"


def received(**world: World) -> Story:
    return Story(**world).then(AGENT, RECEIVE)


def classified(classify: do.Classify = CLASSIFY, **world: World) -> Story:
    return received(**world).then(AGENT, classify)


def dispatched(dispatch: do.Dispatch = TO_HOUSING, **world: World) -> Story:
    return classified(**world).then(DESK, dispatch)


def signed() -> Story:
    return dispatched().then(HOUSING, do.Sign())


def handling() -> Story:
    return signed().then(HOUSING, do.Progress(step=do.Step.REGISTERED))


def reported() -> Story:
    return signed().then(HOUSING, REPLY, REPORT)


def callback() -> Story:
    return reported().then(DESK, PASS)


def forwarded() -> Story:
    """The town has signed and handed on to its village."""
    return dispatched(TO_TOWN).then(TOWN, do.Sign(), TO_VILLAGE)


STORIES = {
    State.RECEIVED: received,
    State.CLASSIFIED: classified,
    State.CENTRE: lambda: classified().then(AGENT, do.TakeToCentre(why="归属不清")),
    State.FOLLOWING: lambda: received().then(AGENT, do.JoinMaster(master="26030200001")),
    State.DISPATCHED: dispatched,
    State.SIGNED: signed,
    State.HANDLING: handling,
    State.REPORTED: reported,
    State.CALLBACK: callback,
    State.CLOSED: lambda: callback().then(DESK, HAPPY),
    State.DECLINED: lambda: received().then(AGENT, do.Decline(code="N2")),
    State.WITHDRAWN: lambda: dispatched().then(AGENT, do.Withdraw(why="已解决")),
    State.ARCHIVED: lambda: received().then(AGENT, do.Decline(code="N2")).then(CLOCK, do.Archive()),
}
"""An order in each state."""

SAMPLES: dict[str, Command] = {
    command.action: command
    for command in (
        RECEIVE,
        CLASSIFY,
        do.Decline(code="N2"),
        do.AnswerDirectly(answer="八点上班", article="K-7", version=3),
        do.TakeToCentre(why="归属不清"),
        TO_HOUSING,
        TO_VILLAGE,
        do.Sign(),
        do.Progress(step=do.Step.HANDLED),
        ASK_BACK,
        GIVE_BACK,
        ASK_TIME,
        GRANT,
        do.AskExemption(start=MONDAY - HOUR, end=MONDAY, why="停电", evidence="供电公司证明"),
        do.DecideExemption(accepted=True, why="属实"),
        do.Pause(why="等市民补材料"),
        do.Resume(),
        do.Opinion(text="管线正常"),
        REPLY,
        REPORT,
        PASS,
        HAPPY,
        do.Redo(why="市民不满意"),
        do.Close(why="市民不再追究"),
        do.Archive(),
        do.Withdraw(why="已解决"),
        do.SetUrgency(urgency=Urgency.URGENT, why="学校门口"),
        do.Recompute(),
        do.Coordinate(how=do.Coordination.MEETING, units=("housing", "water"), text="现场会"),
        do.Note(text="夜间再看"),
        do.Instruct(leader="副市长", text="尽快"),
        do.PassOn(instruction=5, text="按批示办理", limit=MONDAY + DAY),
        do.Verify(attended=("督查室",), evidence="照片三张"),
        do.FindFault(fault=Fault.SHIRKING, why="推给别的单位", evidence="通话录音"),
        do.OpenCase(fault=Fault.SHIRKING, text="推诿扯皮"),
        do.AcceptDispatch(person="李明", call="c1"),
        do.Supervise(measure=do.Measure.REMINDER, text="请抓紧"),
        do.Warn(alarm=do.Alarm.DUE_SOON, limit=MONDAY),
        do.LinkRepeat(earlier="26010100003", reasonable=True, why="同一路灯"),
        do.JoinMaster(master="26030200001"),
        do.LeaveMaster(why="不是同一件事"),
        do.Attach(attachment="a1", name="照片.jpg", sha256="0" * 64),
    )
}
"""One command for each action."""
