"""The handlers of units, contacts, categories and responsibilities."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from ivr.api import reference_models as models
from ivr.api.paths import number_in
from ivr.api.services import Ask
from ticketing.domain.contacts import Contact
from ticketing.domain.errors import ContactNotFound, ResponsibilityNotFound
from ticketing.domain.routing import Responsibility
from ticketing.domain.units import Unit
from ticketing.store.categories import Assignment, Category
from ticketing.store.units import Entry


async def list_units(ask: Ask) -> models.UnitsOut:
    """The tree of units."""
    places = await ask.use.units.list(ask.query(models.UnitsQuery).under)
    return models.UnitsOut(
        items=[models.UnitPlaceOut(**asdict(place.unit), depth=place.depth) for place in places]
    )


async def show_unit(ask: Ask) -> models.UnitCardOut:
    """One unit, with its contacts of today."""
    card = await ask.use.units.show(ask.who, ask.path("unit_id"))
    return models.UnitCardOut(
        **asdict(card.unit),
        path=card.path,
        children=list(card.children),
        contacts=[models.ContactOut.model_validate(each) for each in card.contacts],
    )


async def add_unit(ask: Ask) -> models.UnitOut:
    """Add a unit."""
    unit = Unit(**ask.body(models.UnitIn).model_dump())
    return models.UnitOut.model_validate(await ask.use.units.add(ask.who, unit))


async def change_unit(ask: Ask) -> models.UnitOut:
    """Change a unit, move it in the tree, deactivate or activate it."""
    changes = _changes(ask.body(models.UnitChangeIn))
    unit = await ask.use.units.change(ask.who, ask.path("unit_id"), **changes)
    return models.UnitOut.model_validate(unit)


async def list_contacts(ask: Ask) -> models.ContactsOut:
    """The contact persons of a day; whoever does not ring them sees their numbers masked."""
    query = ask.query(models.ContactsQuery)
    found = await ask.use.units.contacts(ask.who, unit=query.unit, role=query.role, day=query.day)
    return models.ContactsOut.model_validate({"items": found})


async def list_contact_changes(ask: Ask) -> models.ContactChangesOut:
    """What has changed in the register of contacts."""
    query = ask.query(models.PeriodQuery)
    changes = await ask.use.units.contact_changes(ask.who, query.since, query.until)
    return models.ContactChangesOut.model_validate({"items": changes})


async def appoint_contact(ask: Ask) -> models.ContactOut:
    """Enter a contact person, from a day on."""
    given = ask.body(models.ContactIn).model_dump()
    instead_of = given.pop("instead_of")
    return _entry(await ask.use.units.appoint(ask.who, Contact(**given), instead_of))


async def change_contact(ask: Ask) -> models.ContactOut:
    """Correct an entry of the register, or say when it ends."""
    number = number_in(ask.path("contact_id"), ContactNotFound)
    changes = _changes(ask.body(models.ContactChangeIn))
    return _entry(await ask.use.units.change_contact(ask.who, number, **changes))


async def list_categories(ask: Ask) -> models.CategoriesOut:
    """The categories of matters."""
    found = await ask.use.categories.list(ask.query(models.CategoriesQuery).active)
    return models.CategoriesOut.model_validate({"items": found})


async def add_category(ask: Ask) -> models.CategoryOut:
    """Add a category."""
    category = Category(**ask.body(models.CategoryIn).model_dump())
    return models.CategoryOut.model_validate(await ask.use.categories.add(ask.who, category))


async def change_category(ask: Ask) -> models.CategoryOut:
    """Change a category's name or legal basis, deactivate or activate it."""
    changes = _changes(ask.body(models.CategoryChangeIn))
    changed = await ask.use.categories.change(ask.who, ask.path("code"), **changes)
    return models.CategoryOut.model_validate(changed)


async def list_responsibilities(ask: Ask) -> models.ResponsibilitiesOut:
    """Who is responsible for what."""
    found = await ask.use.categories.responsibilities(
        **ask.query(models.ResponsibilitiesQuery).model_dump()
    )
    return models.ResponsibilitiesOut(items=[_assignment(each) for each in found])


async def add_responsibility(ask: Ask) -> models.ResponsibilityOut:
    """Make a unit responsible for a category, from a day on."""
    row = Responsibility(**ask.body(models.ResponsibilityIn).model_dump())
    return _assignment(await ask.use.categories.assign(ask.who, row))


async def end_responsibility(ask: Ask) -> models.ResponsibilityOut:
    """Say from which day on a unit is no longer responsible."""
    number = number_in(ask.path("responsibility_id"), ResponsibilityNotFound)
    until = ask.body(models.ResponsibilityEndIn).until
    return _assignment(await ask.use.categories.end(ask.who, number, until))


def _changes(given: BaseModel) -> dict[str, Any]:
    """What was not left out."""
    return given.model_dump(exclude_none=True)


def _entry(entry: Entry) -> models.ContactOut:
    return models.ContactOut(id=entry.id, **asdict(entry.contact))


def _assignment(assignment: Assignment) -> models.ResponsibilityOut:
    return models.ResponsibilityOut(id=assignment.id, **asdict(assignment.row))
