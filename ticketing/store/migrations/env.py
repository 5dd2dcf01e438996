"""Alembic's entry: runs the steps on the connection, and in the transaction, it is given."""

from __future__ import annotations

from alembic import context

from ticketing.store import inbox_tables, order_tables, reference_tables  # noqa: F401 - they join METADATA
from ticketing.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
)
context.run_migrations()
