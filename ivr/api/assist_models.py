"""What goes in and out about the help for agents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from ivr.api.fields import Day
from ivr.api.models import In, Out
from ivr.api.order_models import MatchOut, Number, ProposalOut, Short
from ticketing.assist.numbers import What
from ticketing.domain.matters import OrderType
from ticketing.domain.work_order import State

PROPOSAL_ID = r"^[0-9a-f]{16}$"
Words = Annotated[
    str, StringConstraints(max_length=8000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]


class AssistIn(In):
    """What the citizen says. Without ``text`` what was heard in the call is taken."""

    text: Words = ""
    call: str = Field("", pattern=r"^[0-9A-Za-z.:_-]{0,80}$", description="the call's id")
    address: Short = Field("", description="where it is, as far as the agent has noted it")
    phone: str = Field("", pattern=r"^[0-9+-]{0,20}$", description="the citizen's, for repeats")

    @model_validator(mode="after")
    def _something(self) -> AssistIn:
        if not self.text.strip() and not self.call:
            raise ValueError("text or call: one of them is needed")
        return self


class BecauseOut(Out):
    """A word that spoke for a proposal; the heavier, the more it decided."""

    word: str
    weight: float


class ChoiceOut(Out):
    """One of the likeliest; the shares of all there are sum to 1."""

    label: str
    name: str
    share: float
    words: list[BecauseOut]


class ModelOut(Out):
    """Where the proposals come from: so many decided orders, the newest of this moment."""

    version: str
    made_at: datetime
    until: datetime
    orders: int


class ArticleFoundOut(Out):
    """An article that fits, to be cited with its version (H1); the words are in both."""

    id: str
    version: int
    title: str
    category: str
    unit: str
    score: float
    words: list[str]


class SimilarOut(Out):
    """An order of the last weeks worded alike; perhaps the same event, then a master for this."""

    number: str
    title: str
    state: State
    type: OrderType | None
    category: str
    district: str
    received_at: datetime
    master: str | None
    likeness: float
    same_event: bool


class SensitiveOut(Out):
    """A kind of matters that must not be overlooked; ``start``: where the first word stands."""

    kind: str
    words: list[str]
    start: int
    advice: str


class SentenceOut(Out):
    """A sentence of the draft, and the characters of what was said that it is drawn from."""

    text: str
    start: int
    end: int


class FactOut(Out):
    """A day, an hour or a number: as it was said, and what it means."""

    said: str
    means: str
    what: What
    start: int
    end: int


class DraftTextOut(Out):
    """A draft, drawn from what was said."""

    title: str
    content: str
    sentences: list[SentenceOut]
    facts: list[FactOut]


class AssistOut(Out):
    """Everything that is proposed. A person decides on each of it."""

    id: str
    model: ModelOut | None
    types: list[ChoiceOut]
    categories: list[ChoiceOut]
    districts: list[ChoiceOut]
    unit: ProposalOut | None
    articles: list[ArticleFoundOut]
    repeats: list[MatchOut]
    similar: list[SimilarOut]
    sensitive: list[SensitiveOut]
    draft: DraftTextOut


class UsedIn(In):
    """The order that became of a proposal."""

    order: Number


class AgreementQuery(In):
    """A time, the last thirty days without it; local days, both within."""

    since: Day | None = None
    until: Day | None = None


class TallyOut(Out):
    """How often it was proposed, chosen as proposed, and among the first three."""

    proposed: int
    agreed: int
    three: int


class PersonTallyOut(Out):
    """One person's."""

    person: str
    kinds: dict[str, TallyOut]


class AgreementOut(Out):
    """How often persons have chosen what was proposed."""

    since: datetime
    until: datetime
    model: ModelOut | None
    asked: int
    orders: int
    kinds: dict[str, TallyOut]
    persons: list[PersonTallyOut]
