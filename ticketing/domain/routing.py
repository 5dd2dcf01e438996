"""Routing (I5 to I7, N1 to N3): category × district × policy → a proposed unit, and why.

It proposes; a person dispatches. The rules are tried in the order that the pack gives; the first
that finds a unit wins, and what the others found is shown beside it. Where several units have the
same claim, or none has, the matter is the centre's own (I6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ticketing.domain.precedents import Precedent, applying
from ticketing.domain.units import Level, UnitKind, UnitTree


class Rule(StrEnum):
    """Why a unit is proposed. The pack's ``routing.order`` may name those of `CHOOSABLE`."""

    DECIDED = "decided"
    LEADER = "leader"
    BOUNCED = "bounced"
    COUNTY = "county"
    TERRITORY = "territory"
    COMPETENCE = "competence"
    PRECEDENT = "precedent"
    SEVERAL = "several"
    NO_OWNER = "no_owner"


LABELS: Mapping[Rule, str] = {
    Rule.DECIDED: "中心裁定 I6",
    Rule.LEADER: "领导批示件由中心承办 I6",
    Rule.BOUNCED: "多次退回由中心裁定 I6",
    Rule.COUNTY: "下级热线属地转办 N2",
    Rule.TERRITORY: "属地管理优先 I5",
    Rule.COMPETENCE: "谁主管谁负责 I5",
    Rule.PRECEDENT: "参照先例 I5",
    Rule.SEVERAL: "涉及多个单位由中心协调 I6",
    Rule.NO_OWNER: "无明确承办单位由中心承办 I6",
}
CHOOSABLE = (
    Rule.LEADER,
    Rule.BOUNCED,
    Rule.COUNTY,
    Rule.TERRITORY,
    Rule.COMPETENCE,
    Rule.PRECEDENT,
)


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """The pack's part in routing.

    Attributes:
        order: names of `CHOOSABLE`, the first tried first; a rule left out does not apply.
        bounces: after so many refusals the centre decides.
        precedent_cases, precedent_share: what a precedent needs in order to be proposed.

    Raises:
        ValueError: a name in ``order`` is unknown or there twice, or a number is out of range.
    """

    order: tuple[str, ...] = tuple(rule.value for rule in CHOOSABLE)
    bounces: int = 2
    precedent_cases: int = 3
    precedent_share: float = 0.6

    def __post_init__(self) -> None:
        known = [rule.value for rule in CHOOSABLE]
        for name in self.order:
            if name not in known:
                raise ValueError(f"{name}: no such routing rule; there are {', '.join(known)}")
        if len(set(self.order)) != len(self.order):
            raise ValueError("a routing rule is named twice")
        if self.bounces < 1 or self.precedent_cases < 1 or not 0 < self.precedent_share <= 1:
            raise ValueError("bounces and precedent_cases are 1 or more, precedent_share 0 to 1")


@dataclass(frozen=True, slots=True)
class Responsibility:
    """A row of the table of who is responsible for what.

    Attributes:
        category: a dotted code; whatever is below it counts too, and an empty one means all.
        district: only there; empty for all that the unit is responsible for.
        lead: it takes the matter; else it assists (I6).
        since: the first day on which the row holds; None for always.
        until: the first day on which it no longer holds; None for as long as nobody says.
    """

    category: str
    unit: str
    district: str = ""
    lead: bool = True
    since: date | None = None
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the row is in force on ``day``."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A unit that gave the order back (W2): who of it, when, and why."""

    unit: str
    at: datetime
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be routed.

    Attributes:
        district: code of the district; empty for a matter without a place.
        refusals: who gave it back before, oldest first.
        decided: the unit that the centre has decided on by arbitration; empty when it has not.
    """

    category: str
    district: str = ""
    leader_instructed: bool = False
    refusals: tuple[Refusal, ...] = ()
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another unit that might take it, with the rule that speaks for it."""

    unit: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who should take the matter.

    Attributes:
        lead, assisting: ids of units.
        rule: the rule that fired, for people, with the id of the domain's rule.
        code: the same, for programs.
        why: for people, in Chinese.
        refusals: who gave it back and why, for the person who arbitrates.
        precedents: what was decided in cases alike, for the person who decides.
    """

    lead: str
    assisting: tuple[str, ...]
    rule: str
    why: str
    alternatives: tuple[Alternative, ...] = ()
    code: Rule = Rule.NO_OWNER
    refusals: tuple[Refusal, ...] = ()
    precedents: tuple[Precedent, ...] = ()


def propose(
    tree: UnitTree,
    table: Iterable[Responsibility],
    matter: Matter,
    *,
    day: date,
    centre: str = "",
    precedents: Iterable[Precedent] = (),
    settings: RoutingSettings | None = None,
) -> Proposal:
    """The unit that should take ``matter`` on ``day``.

    A unit that is not active, or not in the tree, is never proposed; nor is one that gave the
    order back, unless the centre has decided on it. A matter that nobody is left for stays with
    the centre.

    Args:
        table: who is responsible for what.
        centre: the hotline body that dispatches (N3); the root's when empty.
        precedents: learned by `ticketing.domain.precedents.learn`.
        settings: the pack's; the defaults when None.

    Raises:
        KeyError: ``centre`` is not in the tree.
    """
    return _Search(
        tree, table, matter, day, centre, tuple(precedents), settings or RoutingSettings()
    ).proposal()


def categories_of(code: str) -> tuple[str, ...]:
    """``code`` and the categories above it, nearest first; the last is the empty one, of all."""
    parts = code.split(".") if code else []
    return tuple(".".join(parts[:length]) for length in range(len(parts), -1, -1))


def districts_of(tree: UnitTree, code: str) -> tuple[str, ...]:
    """``code`` and the districts around it, nearest first, as the units lie in each other."""
    around: list[str] = [code] if code else []
    units = sorted(
        (unit for unit in tree if code and unit.district == code),
        key=lambda unit: (len(tree.parents(unit.id)), unit.id),
    )
    if units:
        around += [tree[above].district for above in tree.parents(units[0].id)]
    around.append(tree.root.district)
    return (*dict.fromkeys(district for district in around if district), "")


@dataclass(frozen=True, slots=True)
class _Found:
    rule: Rule
    unit: str
    why: str


class _Search:
    def __init__(
        self,
        tree: UnitTree,
        table: Iterable[Responsibility],
        matter: Matter,
        day: date,
        centre: str,
        precedents: tuple[Precedent, ...],
        settings: RoutingSettings,
    ) -> None:
        self._tree, self._matter, self._settings = tree, matter, settings
        self._centre = _active_centre(tree, centre or tree.root.id)
        self._refused = {refusal.unit for refusal in matter.refusals}
        self._categories = categories_of(matter.category)
        self._districts = districts_of(tree, matter.district)
        self._own_district = self._district_of(self._centre)
        self._table = [row for row in table if row.holds(day) and self._covers(row)]
        self._precedents = applying(precedents, self._categories, self._districts)
        self._rules: Mapping[Rule, Callable[[], Sequence[_Found]]] = {
            Rule.LEADER: self._leader,
            Rule.BOUNCED: self._bounced,
            Rule.COUNTY: self._county,
            Rule.TERRITORY: lambda: self._owners(Rule.TERRITORY),
            Rule.COMPETENCE: lambda: self._owners(Rule.COMPETENCE),
            Rule.PRECEDENT: self._precedent,
        }

    def proposal(self) -> Proposal:
        findings = [self._rules[Rule(name)]() for name in self._settings.order]
        findings = [found for found in findings if found]
        chosen = self._decided() or self._first(findings)
        others: dict[str, Alternative] = {}
        for found in (one for finding in findings for one in finding):
            if found.unit != chosen.unit:
                others.setdefault(
                    found.unit, Alternative(found.unit, LABELS[found.rule], found.why)
                )
        return Proposal(
            lead=chosen.unit,
            assisting=self._assisting(chosen.unit),
            rule=LABELS[chosen.rule],
            why=chosen.why,
            alternatives=tuple(others.values()),
            code=chosen.rule,
            refusals=self._matter.refusals,
            precedents=self._precedents,
        )

    def _first(self, findings: Sequence[Sequence[_Found]]) -> _Found:
        if not findings:
            return _Found(Rule.NO_OWNER, self._centre, "责任清单中没有可以承办的单位，由中心承办")
        first = findings[0]
        if len(first) == 1:
            return first[0]
        claims = {found.unit for found in first}
        if Rule.PRECEDENT in self._settings.order:
            for found in self._precedent():
                if found.unit in claims:
                    return found
        names = "、".join(self._name(found.unit) for found in first)
        return _Found(Rule.SEVERAL, self._centre, f"{names}都有职责，由中心确定牵头单位")

    def _decided(self) -> _Found | None:
        unit = self._matter.decided
        if not unit or not self._active(unit):
            return None
        return _Found(Rule.DECIDED, unit, f"中心已裁定由{self._name(unit)}承办")

    def _leader(self) -> Sequence[_Found]:
        if not self._matter.leader_instructed:
            return ()
        return (_Found(Rule.LEADER, self._centre, "领导批示件，由中心协调交办"),)

    def _bounced(self) -> Sequence[_Found]:
        refusals = self._matter.refusals
        if len(refusals) < self._settings.bounces:
            return ()
        told = "；".join(f"{self._name(one.unit)}：{one.reason}" for one in refusals)
        return (
            _Found(Rule.BOUNCED, self._centre, f"已退回 {len(refusals)} 次，由中心裁定。{told}"),
        )

    def _county(self) -> Sequence[_Found]:
        """The next centre on the way from this one down to the matter's district (N2, N3)."""
        below = {
            unit.district: unit.id
            for unit in self._tree
            if unit.kind is UnitKind.CENTRE and unit.district and self._may_have(unit.id)
        }
        way = [below[district] for district in self._districts if district in below]
        for unit in reversed(way):
            if unit != self._centre:
                level = "涉县" if self._tree[unit].level is Level.COUNTY else "下级属地"
                why = f"{level}事项，转{self._name(unit)}办理"
                return (_Found(Rule.COUNTY, unit, why),)
        return ()

    def _owners(self, rule: Rule) -> Sequence[_Found]:
        """Who leads in the nearest category that has somebody: of the place, or of the matter."""
        local = rule is Rule.TERRITORY
        for category in self._categories:
            rows = [
                row
                for row in self._table
                if row.lead and row.category == category and self._is_local(row) == local
            ]
            if rows:
                nearest = min(self._districts.index(self._place(row)) for row in rows)
                units = sorted(
                    {row.unit for row in rows if self._districts.index(self._place(row)) == nearest}
                )
                return tuple(
                    _Found(rule, unit, self._claim(rule, unit, category)) for unit in units
                )
        return ()

    def _claim(self, rule: Rule, unit: str, category: str) -> str:
        scope = f"“{category}”类事项" if category else "各类事项"
        if rule is Rule.TERRITORY:
            return f"{self._name(unit)}负责本辖区的{scope}"
        return f"{self._name(unit)}主管{scope}"

    def _precedent(self) -> Sequence[_Found]:
        for one in self._precedents:
            enough = (
                one.cases >= self._settings.precedent_cases
                and one.share >= self._settings.precedent_share
            )
            if enough and self._may_have(one.unit):
                why = f"同类事项已有 {one.cases} 件（{one.share:.0%}）由{self._name(one.unit)}承办"
                return (_Found(Rule.PRECEDENT, one.unit, why),)
        return ()

    def _assisting(self, lead: str) -> tuple[str, ...]:
        for category in self._categories:
            units = {
                row.unit for row in self._table if not row.lead and row.category == category
            } - {lead}
            if units:
                return tuple(sorted(units))
        return ()

    def _covers(self, row: Responsibility) -> bool:
        return self._may_have(row.unit) and self._place(row) in self._districts

    def _place(self, row: Responsibility) -> str:
        return row.district or self._district_of(row.unit)

    def _is_local(self, row: Responsibility) -> bool:
        """Whether the row is for a place that lies inside the centre's own."""
        if self._own_district not in self._districts:
            return False
        inside = self._districts[: self._districts.index(self._own_district)]
        return self._place(row) in inside

    def _district_of(self, unit: str) -> str:
        for here in (unit, *self._tree.parents(unit)):
            if self._tree[here].district:
                return self._tree[here].district
        return ""

    def _may_have(self, unit: str) -> bool:
        return (
            self._active(unit)
            and unit not in self._refused
            and self._tree.within(unit, self._centre)
        )

    def _active(self, unit: str) -> bool:
        return unit in self._tree and self._tree[unit].active

    def _name(self, unit: str) -> str:
        found = self._tree.get(unit)
        return (found.short_name or found.name) if found else unit


def _active_centre(tree: UnitTree, unit: str) -> str:
    """The nearest hotline body at or above ``unit`` that is active; the root as the last."""
    for here in (unit, *tree.parents(unit)):
        if tree[here].kind is UnitKind.CENTRE and tree[here].active:
            return here
    return tree.root.id
