"""The table of addresses that are shut out."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from ticketing.store.tables import METADATA, UtcDateTime

# What a column means is said by ``ticketing.store.bans.Ban``.
BANS = Table(
    "bans",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("address", String(45), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("accounts", JSON, nullable=False),
    Column("spared", String(16), nullable=False),
    Column("lifted_by", String(64), nullable=False),
    Column("lifted_at", UtcDateTime),
    Index("ix_bans_address", "address", "since"),
    Index("ix_bans_until", "until"),
)
