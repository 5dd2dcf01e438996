"""What units do with an order, and what citizens say of it: in time and late, well and badly."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from ticketing.demo import people, texts
from ticketing.demo.cases import Case
from ticketing.demo.city import ZONE, City
from ticketing.demo.source import Kind, words
from ticketing.demo.thread import Over, Thread
from ticketing.domain import actions as do
from ticketing.domain.actions import Measure, Reached, Step
from ticketing.domain.deadlines import supervision_limit
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, Satisfaction, Urgency
from ticketing.domain.units import UnitKind

_NO_KIND = Kind("declined", "17", {}, 0, "", (), ("已处理。",), ("已处理。",))
_HOUR = timedelta(hours=1)
_LATE = 0.05  # of all rounds
_GONE = 0.012  # of all citizens: they never answer
_REACHED = {
    Reached.ANSWERED: 84,
    Reached.NO_ANSWER: 10,
    Reached.BUSY: 4,
    Reached.REFUSED: 1,
    Reached.FAILED: 1,
}
_RATINGS = {Satisfaction.SATISFIED: 82, Satisfaction.BASICALLY: 10, Satisfaction.DISSATISFIED: 8}
_BY_ITSELF = {Channel.WECHAT, Channel.APP, Channel.SMS}


class Handling:
    """The units' part of one life."""

    def __init__(self, thread: Thread, city: City, case: Case, dice: Random) -> None:
        self._thread, self._places, self._case, self._dice = thread, city.places, case, dice
        self.kind = case.kind or _NO_KIND
        self.address = texts.address(case.told, case.spot, case.kind)
        self._slow = dice.random() < 0.12  # the county's and the unit's people are slow this time

    def name(self, unit: str) -> str:
        """What a unit is called."""
        known = self._places.tree[unit]
        return known.short_name or known.name

    # --- signing, giving back, handing on -------------------------------------------------------
    def sign(self) -> None:
        """签收: mostly within the hour (W1), at night by who is on duty, and sometimes late."""
        thread, dice = self._thread, self._dice
        unit, now = thread.holder.unit, thread.now
        if thread.it.urgency is not Urgency.NORMAL and dice.random() < 0.5:
            on_call = f"{dice.choice(words()['surnames'])}主任"
            sign = do.Sign(by_phone=on_call)
            thread.step(people.dispatcher(dice), sign, self._in(3, 15))
            return
        if self._slow and dice.random() < 0.5:
            at = self._in(62, 260)
        elif thread.office(now) == now:
            at = self._in(3, 50)
        else:
            at = self._in(8, 57) if dice.random() < 0.93 else thread.office(now)
        thread.step(people.handler(unit, self._places), do.Sign(), at)

    def gives_back(self) -> bool:
        """Asks to return it (W2); True when that was granted and it is to be dispatched anew."""
        thread, dice = self._thread, self._dice
        company = self._places.tree[thread.holder.unit].kind is UnitKind.COMPANY
        share = 0.01 if company else 0.045
        if dice.random() > share * (4 if thread.it.refusals else 1) or self._case.stop is not None:
            return False
        late = dice.random() < 0.1
        limit = thread.holder.moments.return_by
        at = limit + _HOUR if late else min(thread.office(self._in(20, 300)), limit)
        why = dice.choice(words()["return_reasons"])
        asks = do.AskReturn(why=why, site_check="现场" in why)
        thread.step(people.handler(thread.holder.unit, self._places), asks, at)
        granted = dice.random() < 0.65
        told = dice.choice(words()["return_granted" if granted else "return_refused"])
        at = thread.office(self._in(20, 200))
        thread.step(people.dispatcher(dice), do.DecideReturn(accepted=granted, why=told), at)
        return granted

    def forward(self, unit: str) -> None:
        """Hand on to ``unit`` and have it signed for, unless it is too late for that (N1)."""
        thread = self._thread
        at = thread.office(self._in(8, 80))
        if at >= thread.holder.moments.due:
            return
        who = people.handler(thread.holder.unit, self._places)
        why = f"属{self.name(unit)}职责，请按时限办理并反馈"
        thread.step(who, do.Forward(unit=unit, why=why), at)
        self.sign()

    # --- work -----------------------------------------------------------------------------------
    def work(self) -> None:
        """From the first step in the unit to the report to the centre (W6)."""
        thread, dice = self._thread, self._dice
        who = self._who()
        thread.step(who, self._step(Step.REGISTERED), thread.office(self._in(5, 40)))
        if dice.random() < 0.35:
            submitted = self._step(Step.SUBMITTED)
            thread.step(who, submitted, thread.office(self._in(20, 120)))
        self._beside()
        if dice.random() < 0.08:
            self._more_time()
        start, due = thread.now, thread.holder.moments.due
        share = dice.betavariate(2, 3) * (0.7 if len(thread.it.chain) > 1 else 0.95)
        at = thread.office(start + max(due - start, _HOUR) * share)
        at = min(at, max(due - timedelta(minutes=dice.randint(20, 150)), start + _HOUR / 6))
        if dice.random() < _LATE * (3 if self._slow else 0.7):
            at = self._late(due)
        if dice.random() < 0.6:
            handled = self._step(Step.HANDLED)
            thread.step(who, handled, max(start, at - timedelta(minutes=dice.randint(20, 200))))
        self._opinions()
        reply = texts.answer(self.kind.replies, self._case.told.values, dice)
        thread.step(who, do.Reply(text=reply, how=dice.choice(("电话", "当面", "短信"))), at)
        self._report()

    def _report(self) -> None:
        """Up the whole chain, each reviewing what comes from below (N1)."""
        thread, dice = self._thread, self._dice
        result = texts.answer(self.kind.results, self._case.told.values, dice)
        while True:
            thread.step(self._who(), do.ReportBack(result=result), self._in(3, 40))
            if len(thread.it.chain) == 1:
                return
            above = thread.holder.by
            at = thread.office(self._in(10, 90))
            thread.step(people.handler(above, self._places), do.Review(passed=True), at)
            result = f"{result}（{self.name(above)}审核）"

    def _late(self, due: datetime) -> datetime:
        """Not in time: reminded, then supervised (D1 to D5). Returns when it is done at last."""
        thread, dice = self._thread, self._dice
        long = dice.random() < 0.15
        late = timedelta(hours=dice.uniform(120, 330) if long else dice.expovariate(1 / 40) + 0.2)
        done = thread.office(due + late)
        desk = people.dispatcher(dice)
        ladder = (
            (timedelta(hours=-2), Measure.REMINDER, "reminders", desk),
            (timedelta(hours=3), Measure.SUPERVISION, "supervisions", desk),
            (timedelta(days=3), Measure.NOTICE, "notices", people.MANAGER),
            (timedelta(days=6), Measure.LISTED, "listed", people.MANAGER),
            (timedelta(days=9), Measure.ACCOUNTABILITY, "accountability", people.MANAGER),
        )
        for after, measure, text, who in ladder:
            at = thread.office(due + after)
            if at >= done or at <= thread.now:
                continue
            self._supervise(measure, dice.choice(words()[text]), who, at)
        return done

    def _supervise(self, measure: Measure, text: str, who: Actor, at: datetime) -> None:
        pack, calendar = self._thread.world.pack, self._thread.world.calendar
        usual = pack.supervision.limit(measure)
        if measure not in {one.measure for one in pack.supervision.measures}:
            return
        limit = None if usual is None else supervision_limit(pack, calendar, at, usual).at
        command = do.Supervise(measure=measure, text=text, limit=limit)
        self._thread.step(who, command, at)

    def _more_time(self) -> None:
        """延期, up to three times (W5)."""
        thread, dice = self._thread, self._dice
        while thread.it.extensions < thread.world.pack.extensions.most:
            limits = thread.holder.moments
            if limits.days < 1 or limits.extension_by <= thread.now:
                return
            share = dice.uniform(0.3, 0.95)
            asked = thread.now + (limits.extension_by - thread.now) * share
            days = dice.randint(1, min(limits.days, 5))
            why = dice.choice(words()["extension_reasons"])
            thread.step(self._who(), do.AskExtension(days=days, why=why), asked)
            granted = dice.random() < 0.85
            told = dice.choice(words()["extension_granted" if granted else "extension_refused"])
            decided = do.DecideExtension(accepted=granted, why=told)
            thread.step(people.dispatcher(dice), decided, thread.office(self._in(15, 150)))
            if not granted or dice.random() > 0.3:
                return

    def _beside(self) -> None:
        """What happens now and then beside the usual way."""
        thread, dice = self._thread, self._dice
        desk, chance = people.dispatcher(dice), dice.random()
        if chance < 0.02:
            pause = do.Pause(why="等待市民补充购房合同等材料。")
            thread.step(desk, pause, thread.office(self._in(20, 120)))
            resume = do.Resume(why="材料已补齐。")
            thread.step(desk, resume, thread.office(thread.now + timedelta(hours=20)))
        elif chance < 0.03:
            outage = do.AskExemption(
                start=thread.now - 2 * _HOUR,
                end=thread.now,
                why="单位机房停电，系统无法登录。",
                evidence="供电公司停电证明",
            )
            thread.step(self._who(), outage, self._in(5, 60))
            agreed = do.DecideExemption(accepted=dice.random() < 0.8, why="已与供电公司核实。")
            thread.step(desk, agreed, thread.office(self._in(20, 120)))
        elif chance < 0.045:
            why = dice.choice(words()["urgency"])
            thread.step(desk, do.SetUrgency(urgency=Urgency.URGENT, why=why), self._in(5, 60))
        elif chance < 0.055:
            told = dice.choice(words()["instructions"])
            instruct = do.Instruct(leader=dice.choice(words()["leaders"]), text=told)
            thread.step(desk, instruct, thread.office(self._in(20, 200)))
            verify = do.Verify(attended=("市督查室", "热线办"), evidence="现场照片四张")
            thread.step(
                desk, verify, thread.office(thread.now + timedelta(hours=dice.randint(3, 9)))
            )
        elif chance < 0.13:
            note = do.Note(text=dice.choice(words()["notes"]))
            thread.step(people.agent(thread.now, dice), note, self._in(5, 90))

    def _opinions(self) -> None:
        for helper in self._thread.it.assisting:
            if self._dice.random() < 0.5:
                told = do.Opinion(text=self._dice.choice(words()["opinions"]))
                who = people.handler(helper, self._places)
                self._thread.step(who, told, self._in(5, 60))

    # --- callback -------------------------------------------------------------------------------
    def called_back(self) -> bool:
        """Call until there is a result (C1); True when the citizen is not content."""
        thread, dice = self._thread, self._dice
        start = thread.now + timedelta(hours=dice.uniform(1, 26))
        chances = {**_REACHED, Reached.ANSWERED: 0} if dice.random() < _GONE else _REACHED
        for attempt in range(8):
            # other days and other hours, so that each of them counts (note 11)
            local = (start + timedelta(days=attempt)).astimezone(ZONE)
            hour = 9 + (local.hour + 3 * attempt) % 11
            at = local.replace(hour=hour, minute=dice.randrange(60), second=dice.randrange(60))
            if at <= thread.now:
                at += timedelta(days=1)
            reached = dice.choices(list(chances), list(chances.values()))[0]
            via, who = Channel.PHONE, people.agent(at, dice)
            if self._case.channel in _BY_ITSELF and dice.random() < 0.5:
                via, who, reached = (
                    self._case.channel,
                    people.channel(self._case.channel),
                    Reached.ANSWERED,
                )
            if reached is not Reached.ANSWERED:
                thread.step(who, do.CallBack(reached=reached, via=via), at)
                if thread.it.satisfaction is not None:
                    return False
                continue
            rating = dice.choices(list(_RATINGS), list(_RATINGS.values()))[0]
            said = {
                Satisfaction.SATISFIED: "happy",
                Satisfaction.BASICALLY: "so_so",
                Satisfaction.DISSATISFIED: "unhappy",
            }[rating]
            call = do.CallBack(
                reached=reached, satisfaction=rating, said=dice.choice(words()[said]), via=via
            )
            thread.step(who, call, at)
            return rating is Satisfaction.DISSATISFIED
        raise Over

    def _who(self) -> Actor:
        return people.handler(self._thread.holder.unit, self._places)

    def _step(self, step: Step) -> do.Progress:
        notes = words().get(step.value, ())
        return do.Progress(step=step, note=self._dice.choice(notes) if notes else "")

    def _in(self, least: float, most: float) -> datetime:
        return self._thread.now + timedelta(minutes=self._dice.uniform(least, most))
