"""What goes in and out of the routes of units, contacts, categories and responsibilities."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from ivr.api.fields import CODE, ID, MAYBE_CODE, MAYBE_ID, PHONE, Day, Line, MaybeLine, MaybeProse
from ivr.api.models import In, Out
from ticketing.domain.contacts import ChangeKind, ContactRole
from ticketing.domain.units import Level, UnitKind


class UnitOut(Out):
    """A unit. ``district`` is empty for all of its parent's; ``depth`` is 0 for the root."""

    id: str
    name: str
    short_name: str
    kind: UnitKind
    level: Level
    parent: str | None
    district: str
    active: bool


class UnitPlaceOut(UnitOut):
    depth: int


class UnitsOut(Out):
    """The tree, written down from the top: each unit is followed by those below it."""

    items: list[UnitPlaceOut]


class UnitsQuery(In):
    under: str = Field("", pattern=MAYBE_ID, description="only this unit and those below it")


class UnitIn(In):
    """A new unit. The first one is the root: the city's centre, without a parent."""

    id: str = Field(pattern=ID)
    name: Line
    short_name: MaybeLine = ""
    kind: UnitKind
    level: Level
    parent: str | None = Field(None, pattern=ID)
    district: str = Field("", pattern=MAYBE_CODE)
    active: bool = True


class UnitChangeIn(In):
    """What is left out stays as it is."""

    name: Line | None = None
    short_name: MaybeLine | None = None
    kind: UnitKind | None = None
    level: Level | None = None
    parent: str | None = Field(None, pattern=ID)
    district: str | None = Field(None, pattern=MAYBE_CODE)
    active: bool | None = None


class ContactOut(Out):
    """An entry of the register (K4). ``until`` is its last day."""

    id: int
    unit: str
    person: str
    role: ContactRole
    phone: str
    since: date
    until: date | None


class UnitCardOut(UnitOut):
    """A unit with its place in the tree and its contacts of today."""

    path: str
    children: list[str]
    contacts: list[ContactOut]


class ContactsQuery(In):
    unit: str | None = Field(None, pattern=ID)
    role: ContactRole | None = None
    day: Day | None = Field(None, description="in force on that day; today without it")


class ContactsOut(Out):
    items: list[ContactOut]


class ContactIn(In):
    """A contact from ``since`` on; an entry of the same person and role ends the day before."""

    unit: str = Field(pattern=ID)
    person: Line
    role: ContactRole
    phone: str = Field(pattern=PHONE)
    since: Day
    until: Day | None = None
    instead_of: Line | None = Field(None, description="the person whose entry ends as well")


class ContactChangeIn(In):
    """A correction, or the last day. What is left out stays as it is."""

    person: Line | None = None
    phone: str | None = Field(None, pattern=PHONE)
    since: Day | None = None
    until: Day | None = None


class PeriodQuery(In):
    since: Day = Field(description="the first day")
    until: Day = Field(description="the last day")


class PersonOut(Out):
    """A contact as it was entered."""

    unit: str
    person: str
    role: ContactRole
    phone: str
    since: date
    until: date | None


class ContactChangeOut(Out):
    """A change of the register, on the first day it is so."""

    day: date
    kind: ChangeKind
    contact: PersonOut
    before: PersonOut | None


class ContactChangesOut(Out):
    items: list[ContactChangeOut]


class CategoryOut(Out):
    """A class of matters; what stands before the last dot of ``code`` is the class above."""

    code: str
    name: str
    active: bool
    legal_basis: str


class CategoriesQuery(In):
    active: bool | None = None


class CategoriesOut(Out):
    items: list[CategoryOut]


class CategoryIn(In):
    code: str = Field(pattern=CODE, max_length=64)
    name: Line
    active: bool = True
    legal_basis: MaybeProse = ""


class CategoryChangeIn(In):
    """What is left out stays as it is."""

    name: Line | None = None
    active: bool | None = None
    legal_basis: MaybeProse | None = None


class ResponsibilityOut(Out):
    """Who is responsible (I5). An empty category or district means all.

    ``since`` is the first day on which it holds, ``until`` the first on which it no longer does.
    """

    id: int
    category: str
    unit: str
    district: str
    lead: bool
    since: date | None
    until: date | None


class ResponsibilitiesQuery(In):
    category: str | None = Field(None, pattern=MAYBE_CODE)
    unit: str | None = Field(None, pattern=ID)
    district: str | None = Field(None, pattern=MAYBE_CODE)
    day: Day | None = Field(None, description="in force on that day")


class ResponsibilitiesOut(Out):
    items: list[ResponsibilityOut]


class ResponsibilityIn(In):
    category: str = Field("", pattern=MAYBE_CODE, max_length=64)
    unit: str = Field(pattern=ID)
    district: str = Field("", pattern=MAYBE_CODE, max_length=64)
    lead: bool = True
    since: Day | None = None
    until: Day | None = None


class ResponsibilityEndIn(In):
    until: Day = Field(description="the first day on which it no longer holds")
