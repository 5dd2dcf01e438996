"""The tables of reference data: units, contacts, categories, articles, notices.

What a column means is said by `ticketing.domain`: ``units``, ``routing`` (responsibilities),
``notices`` (contacts too) and ``knowledge``.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ticketing.store.tables import METADATA, UtcDateTime

CODE = String(64)
_ID = BigInteger().with_variant(Integer, "sqlite")

UNITS = Table(
    "units",
    METADATA,
    Column("id", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", String(16), nullable=False),
    Column("parent", CODE, ForeignKey("units.id")),
    Column("district", CODE, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

CATEGORIES = Table(
    "categories",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("legal_basis", Text, nullable=False),
)

# No foreign key to categories: an empty code stands for all of them.
RESPONSIBILITIES = Table(
    "responsibilities",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("category", CODE, nullable=False),
    Column("unit", CODE, ForeignKey("units.id"), nullable=False),
    Column("district", CODE, nullable=False),
    Column("lead", Boolean, nullable=False),
    Column("since", Date),
    Column("until", Date),
    Index("ix_responsibilities_category", "category"),
    Index("ix_responsibilities_unit", "unit"),
)

CONTACTS = Table(
    "contacts",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("unit", CODE, ForeignKey("units.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Index("ix_contacts_unit", "unit"),
)

# ``published``, ``waiting`` and ``title`` are made from the versions, for lists: the number of the
# published version, the status of the one that is being written or waits, the title. What it is
# found by is in ``article_search``. ``revision`` counts changes: of two who change one revision,
# one wins.
ARTICLES = Table(
    "articles",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("unit", CODE, ForeignKey("units.id"), nullable=False),
    Column("category", CODE, nullable=False),
    Column("review_by", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("published", Integer),
    Column("waiting", String(16)),
    Column("title", Text, nullable=False),
    Index("ix_articles_changed", "changed_at", "id"),
    Index("ix_articles_unit", "unit", "changed_at", "id"),
    Index("ix_articles_category", "category", "changed_at", "id"),
    Index("ix_articles_review", "review_by", "id"),
)

ARTICLE_VERSIONS = Table(
    "article_versions",
    METADATA,
    Column("article", _ID, ForeignKey("articles.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("published_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("remark", Text, nullable=False),
)

QUESTIONS = Table(
    "questions",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("category", CODE, nullable=False),
    Column("article", String(16), nullable=False),
    Column("source", String(80), nullable=False),
    Column("asked_by", Text, nullable=False),
    Index("ix_questions_at", "at", "id"),
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("unit", CODE, ForeignKey("units.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("zh", Text, nullable=False),
    Column("ko", Text, nullable=False),
    Column("extent", String(16), nullable=False),
    Column("codes", JSON, nullable=False),
    Column("announce", Boolean, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text, nullable=False),
    Column("withdrawn_why", Text, nullable=False),
    Index("ix_notices_ends", "ends_at"),
)
