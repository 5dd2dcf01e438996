"""Passwords: hashed with argon2 in a thread, a few at a time, so that calls do not notice."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ticketing.domain.errors import WeakPassword

MIN_LENGTH = 10
MAX_LENGTH = 200
_AT_ONCE = 2


class Passwords:
    """Hashes and checks.

    Args:
        hasher: argon2id with RFC 9106's second recommended setting unless told otherwise.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The argon2 hash of ``password``, salt and settings included."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one hashed. Of no hash: False, after the same work."""
        if stored is None:
            if self._decoy is None:
                self._decoy = await self.hash(secrets.token_urlsafe(16))
            await self._verify(self._decoy, password)
            return False
        return await self._verify(stored, password)

    async def _verify(self, stored: str, password: str) -> bool:
        async with self._slots:
            try:
                return await asyncio.to_thread(self._hasher.verify, stored, password)
            except (VerificationError, InvalidHashError):
                return False


def generate() -> str:
    """A random password that a person can type: 16 characters, 96 bits."""
    return secrets.token_urlsafe(12)


def check_strength(new: str, *, username: str, old: str | None = None) -> None:
    """Refuse a weak password.

    Raises:
        WeakPassword: shorter than 10 characters, longer than 200, the name, or the old one.
    """
    if not MIN_LENGTH <= len(new) <= MAX_LENGTH:
        raise WeakPassword(f"the new password must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if new.casefold() == username:
        raise WeakPassword("the new password must not be the user's name")
    if new == old:
        raise WeakPassword("the new password must not be the old one")
