"""Use cases of users and sessions: who is asking, and may they come in?"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import (
    BadUsername,
    LastAdministrator,
    NotLoggedIn,
    TooManyAttempts,
    UserExists,
    UserNotFound,
    WrongCredentials,
    WrongPassword,
)
from ticketing.domain.roles import Principal, Role
from ticketing.service.clock import utc_now
from ticketing.service.passwords import Passwords, check_strength, generate
from ticketing.store import audit, units, users
from ticketing.store.database import Database
from ticketing.store.users import User

ADMIN = "admin"
IDLE = timedelta(hours=12)
_TOUCH_EVERY = timedelta(minutes=5)
_USERNAME = re.compile(r"\w[\w.@-]{0,63}")


class Attempts(Protocol):
    """Counts attempts at logging in; see ``ticketing.store.attempts``."""

    async def take(self, key: str) -> int | None:
        """Count one attempt: None when it may be heard, else the seconds to wait."""

    async def forget(self, key: str) -> None:
        """Forget the attempts of ``key``."""


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was just opened; only the SHA-256 of ``token`` is stored."""

    token: str = field(repr=False)
    principal: Principal
    expires_at: datetime


class Accounts:
    """Users and sessions. ``actor`` is whoever does it, for the audit log.

    Args:
        database: where they are kept.
        attempts: the limit on guessing.
        passwords: the hasher.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        attempts: Attempts,
        passwords: Passwords | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._attempts, self._now = database, attempts, now
        self._passwords = passwords or Passwords()

    async def ensure_admin(self, password: str | None = None) -> str | None:
        """Make the user ``admin`` at the first start.

        Args:
            password: the first password, or None to have one made, which must be changed then.

        Returns:
            the password that was made, or None when none was.
        """
        async with self._database.reading() as session:
            if await users.find(session, ADMIN) is not None:
                return None
        first = password or generate()
        hashed = await self._passwords.hash(first)
        async with self._database.session() as session:
            added = await users.create(
                session,
                ADMIN,
                hashed,
                [Role.ADMIN],
                self._now(),
                must_change_password=password is None,
            )
            if added:
                await audit.note(session, self._now(), "operator", "user.add", ADMIN)
        return first if added and password is None else None

    async def login(self, username: str, password: str, address: str) -> Login:
        """Open a session.

        Args:
            username: in any case.
            password: as typed.
            address: where the request comes from; guesses are counted for each name and address.

        Raises:
            TooManyAttempts: five have failed within five minutes.
            WrongCredentials: no such user, disabled, or another password.
        """
        name = username.strip().casefold()
        key = hashlib.sha256(f"{name}\0{address}".encode()).hexdigest()
        wait = await self._attempts.take(key)
        if wait is not None:
            raise TooManyAttempts(wait)
        async with self._database.reading() as session:
            user = await users.find(session, name) if _USERNAME.fullmatch(name) else None
        stored = None if user is None else user.password_hash
        right = await self._passwords.matches(stored, password)
        if user is None or user.disabled or not right:
            raise WrongCredentials("the name or the password is wrong")
        await self._attempts.forget(key)
        token, now = secrets.token_urlsafe(32), self._now()
        async with self._database.session() as session:
            await users.open_session(session, _digest(token), user.id, now, now + IDLE)
            await audit.note(session, now, user.username, "session.open", user.username)
        return Login(token, _principal(user), now + IDLE)

    async def principal(self, token: str) -> Principal:
        """Whose session this is; using it keeps it alive for another 12 hours.

        Raises:
            NotLoggedIn: no such session, it has expired, or its user is disabled.
        """
        digest, now = _digest(token), self._now()
        async with self._database.reading() as session:
            found = await users.find_session(session, digest)
        if found is None or found.expires_at <= now or found.user.disabled:
            raise NotLoggedIn("log in again")
        if now - found.last_seen >= _TOUCH_EVERY:
            async with self._database.session() as session:
                await users.touch_session(session, digest, now, now + IDLE)
        return _principal(found.user)

    async def logout(self, token: str) -> None:
        """End a session; one that has ended already is no error."""
        async with self._database.session() as session:
            found = await users.find_session(session, _digest(token))
            if found is not None:
                await users.end_session(session, _digest(token))
                name = found.user.username
                await audit.note(session, self._now(), name, "session.close", name)

    async def change_password(self, token: str, old: str, new: str, address: str) -> None:
        """Change one's own password; the user's other sessions end.

        Raises:
            NotLoggedIn, TooManyAttempts
            WrongPassword: ``old`` is not the password.
            WeakPassword: ``new`` breaks a rule.
        """
        name = (await self.principal(token)).username
        key = hashlib.sha256(f"{name}\0{address}\0change".encode()).hexdigest()
        wait = await self._attempts.take(key)
        if wait is not None:
            raise TooManyAttempts(wait)
        async with self._database.reading() as session:
            user = await self._load(session, name)
        if not await self._passwords.matches(user.password_hash, old):
            raise WrongPassword("the old password is wrong")
        await self._attempts.forget(key)
        check_strength(new, username=name, old=old)
        hashed = await self._passwords.hash(new)
        async with self._database.session() as session:
            await users.change(session, user.id, password_hash=hashed, must_change_password=False)
            await users.end_sessions_of(session, user.id, keep=_digest(token))
            await audit.note(session, self._now(), name, "user.password", name)

    async def list(self) -> tuple[User, ...]:
        """All users, by name."""
        async with self._database.reading() as session:
            return await users.everyone(session)

    async def create(
        self, actor: str, username: str, roles: Iterable[Role], unit: str = ""
    ) -> tuple[User, str]:
        """Add a user; returns it with a password that was made and must be changed at first login.

        Args:
            unit: the unit the user belongs to; empty for the city's hotline itself.

        Raises:
            BadUsername, UserExists
            UnitNotFound: there is no such unit.
        """
        name = username.strip().casefold()
        if _USERNAME.fullmatch(name) is None or name == "operator":
            raise BadUsername(
                f"{name!r}: a name is up to 64 letters, digits and . _ @ -, and not `operator`"
            )
        granted, first = sorted(set(roles)), generate()
        hashed = await self._passwords.hash(first)
        async with self._database.session() as session:
            if unit:
                await units.get(session, unit)
            if not await users.create(
                session, name, hashed, granted, self._now(), must_change_password=True, unit=unit
            ):
                raise UserExists(f"{name}: the name is taken")
            await audit.note(
                session, self._now(), actor, "user.add", name, roles=granted, unit=unit
            )
            return await self._load(session, name), first

    async def update(
        self,
        actor: str,
        username: str,
        *,
        roles: Iterable[Role] | None = None,
        disabled: bool | None = None,
        unit: str | None = None,
    ) -> User:
        """Give a user other roles or another unit, or disable (its sessions end) or enable it.

        Raises:
            UserNotFound, UnitNotFound
            LastAdministrator: nobody would be left to manage the users.
        """
        granted = None if roles is None else sorted(set(roles))
        values: dict[str, object] = {}
        if granted is not None:
            values["roles"] = granted
        if disabled is not None:
            values["disabled"] = disabled
        if unit is not None:
            values["unit"] = unit
        async with self._database.session() as session:
            if unit:
                await units.get(session, unit)
            everyone = await users.everyone(session, lock=True)
            user = await self._load(session, username)
            if values:
                user = await users.change(session, user.id, **values)
                others = [other for other in everyone if other.id != user.id]
                if _administrators(everyone) and not _administrators([*others, user]):
                    raise LastAdministrator("make another user administrator first")
                await audit.note(
                    session, self._now(), actor, "user.change", user.username, **values
                )
            if user.disabled:
                await users.end_sessions_of(session, user.id)
        return user

    async def reset_password(self, actor: str, username: str) -> str:
        """Make a new password, to be changed at the next login; the user's sessions end.

        Raises:
            UserNotFound
        """
        first = generate()
        hashed = await self._passwords.hash(first)
        async with self._database.session() as session:
            user = await self._load(session, username)
            await users.change(session, user.id, password_hash=hashed, must_change_password=True)
            await users.end_sessions_of(session, user.id)
            await audit.note(session, self._now(), actor, "user.reset", user.username)
        return first

    async def _load(self, session: AsyncSession, username: str) -> User:
        user = await users.find(session, username.strip().casefold())
        if user is None:
            raise UserNotFound("no user has this name; see the list of users")
        return user


def _administrators(everyone: Iterable[User]) -> int:
    return sum(1 for user in everyone if Role.ADMIN in user.roles and not user.disabled)


def _principal(user: User) -> Principal:
    return Principal(user.username, user.roles, user.must_change_password, user.unit)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
