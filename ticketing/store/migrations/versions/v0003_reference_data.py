"""Reference data: units, contacts, categories, responsibilities, articles, questions, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"

_Moment = sa.DateTime(timezone=True)
_Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Code = sa.String(64)


def upgrade() -> None:
    """Create the tables of reference data."""
    op.create_table(
        "units",
        sa.Column("id", _Code, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("parent", _Code, sa.ForeignKey("units.id")),
        sa.Column("district", _Code, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "categories",
        sa.Column("code", _Code, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("legal_basis", sa.Text, nullable=False),
    )
    op.create_table(
        "responsibilities",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("category", _Code, nullable=False),
        sa.Column("unit", _Code, sa.ForeignKey("units.id"), nullable=False),
        sa.Column("district", _Code, nullable=False),
        sa.Column("lead", sa.Boolean, nullable=False),
        sa.Column("since", sa.Date),
        sa.Column("until", sa.Date),
    )
    op.create_index("ix_responsibilities_category", "responsibilities", ["category"])
    op.create_index("ix_responsibilities_unit", "responsibilities", ["unit"])
    op.create_table(
        "contacts",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("unit", _Code, sa.ForeignKey("units.id"), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
    )
    op.create_index("ix_contacts_unit", "contacts", ["unit"])
    op.create_table(
        "articles",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("unit", _Code, sa.ForeignKey("units.id"), nullable=False),
        sa.Column("category", _Code, nullable=False),
        sa.Column("review_by", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", _Moment, nullable=False),
        sa.Column("published", sa.Integer),
        sa.Column("waiting", sa.String(16)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_index("ix_articles_category", "articles", ["category", "changed_at", "id"])
    op.create_index("ix_articles_changed", "articles", ["changed_at", "id"])
    op.create_index("ix_articles_review", "articles", ["review_by", "id"])
    op.create_index("ix_articles_unit", "articles", ["unit", "changed_at", "id"])
    op.create_table(
        "article_versions",
        sa.Column("article", _Big, sa.ForeignKey("articles.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("written_at", _Moment, nullable=False),
        sa.Column("approved_by", sa.Text, nullable=False),
        sa.Column("published_at", _Moment),
        sa.Column("ended_at", _Moment),
        sa.Column("remark", sa.Text, nullable=False),
    )
    op.create_table(
        "questions",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("category", _Code, nullable=False),
        sa.Column("article", sa.String(16), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
    )
    op.create_index("ix_questions_at", "questions", ["at", "id"])
    op.create_table(
        "notices",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("unit", _Code, sa.ForeignKey("units.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("starts_at", _Moment, nullable=False),
        sa.Column("ends_at", _Moment, nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("ko", sa.Text, nullable=False),
        sa.Column("extent", sa.String(16), nullable=False),
        sa.Column("codes", sa.JSON, nullable=False),
        sa.Column("announce", sa.Boolean, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("published_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", _Moment),
        sa.Column("withdrawn_by", sa.Text, nullable=False),
        sa.Column("withdrawn_why", sa.Text, nullable=False),
    )
    op.create_index("ix_notices_ends", "notices", ["ends_at"])


def downgrade() -> None:
    """Drop them again."""
    for table in (
        "notices",
        "questions",
        "article_versions",
        "articles",
        "contacts",
        "responsibilities",
        "categories",
        "units",
    ):
        op.drop_table(table)
