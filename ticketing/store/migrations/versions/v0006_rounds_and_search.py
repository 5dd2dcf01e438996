"""Supervision of many orders at once (D6, D7); orders by their last limit and their citizen's name;
articles found by their words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ticketing.store.search import MOST_OF_AN_ARTICLE, grams, vector

revision = "0006"
down_revision: str | None = "0005"

_Moment = sa.DateTime(timezone=True)
_DRAFT_COLUMNS = ("centre", "orders", "said")
_LAST_DUE = {
    # as UtcDateTime writes a moment there
    "sqlite": """
        UPDATE work_orders SET last_due = coalesce(due, (
            SELECT strftime('%Y-%m-%d %H:%M:%S', json_extract(e.body, '$.moments.due')) || '.000000'
            FROM order_events AS e
            WHERE e.number = work_orders.number
              AND json_extract(e.body, '$.moments.due') IS NOT NULL
            ORDER BY e.seq DESC LIMIT 1)) WHERE unit IS NOT NULL""",
    "postgresql": """
        UPDATE work_orders SET last_due = coalesce(due, (
            SELECT CAST(CAST(e.body AS json) #>> '{moments,due}' AS timestamptz)
            FROM order_events AS e
            WHERE e.number = work_orders.number
              AND CAST(e.body AS json) #>> '{moments,due}' IS NOT NULL
            ORDER BY e.seq DESC LIMIT 1)) WHERE unit IS NOT NULL""",
}


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Create the tables, add the columns, and fill them."""
    dialect = op.get_bind().dialect.name
    for column in (
        sa.Column("centre", sa.String(64), nullable=False, server_default=""),
        sa.Column("orders", sa.Text, nullable=False, server_default=""),
        sa.Column("said", sa.Text),
    ):
        op.add_column("supervision_drafts", column)
    _longest_key(200)
    op.create_table(
        "supervision_rounds",
        sa.Column("centre", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("at", _Moment, nullable=False),
    )
    op.add_column("work_orders", sa.Column("last_due", _Moment))
    op.execute(_LAST_DUE[dialect])
    op.create_index(
        "ix_orders_last_due",
        "work_orders",
        ["last_due", "number"],
        **_where("last_due IS NOT NULL"),
    )
    op.create_index("ix_orders_name", "work_orders", ["citizen_name", "received_at", "number"])
    if dialect == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE article_search USING fts5(grams, tokenize='ascii', prefix='1')"
        )
    else:
        op.execute(
            "CREATE TABLE article_search (number bigint PRIMARY KEY, grams tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_article_search ON article_search USING gin (grams)")
    _find_articles(dialect)
    op.drop_column("articles", "words")


def _longest_key(length: int) -> None:
    """How long a draft's key may be; SQLite writes the table anew."""
    with op.batch_alter_table("supervision_drafts") as drafts:
        drafts.alter_column("key", type_=sa.String(length), existing_nullable=False)


def _find_articles(dialect: str) -> None:
    """Have the articles found that are there, by the version that is shown of each."""
    query = """
        SELECT a.id, v.title || ' ' || v.text FROM articles AS a
        JOIN article_versions AS v ON v.article = a.id AND v.number = coalesce(
            a.published,
            (SELECT max(n.number) FROM article_versions AS n WHERE n.article = a.id))"""
    insert = "INSERT INTO article_search (rowid, grams) VALUES (:number, :grams)"
    if dialect == "postgresql":
        insert = (
            "INSERT INTO article_search (number, grams) VALUES (:number, CAST(:grams AS tsvector))"
        )
    for number, words in op.get_bind().execute(sa.text(query)).all():
        pairs = grams(words, MOST_OF_AN_ARTICLE)
        found = pairs if dialect == "sqlite" else vector(pairs)
        op.get_bind().execute(sa.text(insert), {"number": number, "grams": found})


def downgrade() -> None:
    """Drop them again."""
    op.add_column("articles", sa.Column("words", sa.Text, nullable=False, server_default=""))
    op.execute("DROP TABLE article_search")
    op.drop_index("ix_orders_name", "work_orders")
    op.drop_index("ix_orders_last_due", "work_orders")
    op.drop_column("work_orders", "last_due")
    op.drop_table("supervision_rounds")
    op.execute("DELETE FROM supervision_drafts WHERE number = ''")
    _longest_key(120)
    for column in _DRAFT_COLUMNS:
        op.drop_column("supervision_drafts", column)
