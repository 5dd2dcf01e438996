"""Every error that the use cases raise on purpose.

``TicketingError``                anything below; ``id`` is stable, the text is for people
├── ``NotFound``                  what was asked for is not there
│   ├── ``CallNotFound``          no call has this id
│   ├── ``RecordingNotFound``     the call has no recording, or its file is gone
│   ├── ``SeatNotFound``          no seat has this number
│   └── ``UserNotFound``          no user has this name
├── ``Refused``                   understood, and not done; the text says why
│   ├── ``BadCursor``             a page's cursor is not one of ours
│   ├── ``BadSeatNumber``         a seat's number is not 3 to 6 digits
│   ├── ``SeatExists``            the seat is there already
│   ├── ``BadUsername``           a user's name cannot be used
│   ├── ``UserExists``            the name is taken
│   ├── ``WeakPassword``          the new password breaks a rule
│   └── ``LastAdministrator``     nobody would be left to manage the users
├── ``AccessError``               who is asking, and may they?
│   ├── ``WrongCredentials``      name or password is wrong; which of them is not told
│   ├── ``WrongPassword``         the old password, asked for again, is wrong
│   ├── ``NotLoggedIn``           no session, or it has ended
│   ├── ``NotAllowed``            no role of the user's gives the permission
│   └── ``TooManyAttempts``       wait ``retry_after`` seconds
└── ``DatabaseUnavailable``       locked or away; asking again later is safe
"""

from __future__ import annotations


class TicketingError(Exception):
    """Base of all errors raised on purpose; ``id`` goes to programs, the text to people."""

    id = "ticketing_error"


class NotFound(TicketingError):
    id = "not_found"


class CallNotFound(NotFound):
    id = "call_not_found"


class RecordingNotFound(NotFound):
    id = "recording_not_found"


class SeatNotFound(NotFound):
    id = "seat_not_found"


class UserNotFound(NotFound):
    id = "user_not_found"


class Refused(TicketingError):
    id = "refused"


class BadCursor(Refused):
    id = "bad_cursor"


class BadSeatNumber(Refused):
    id = "bad_seat_number"


class SeatExists(Refused):
    id = "seat_exists"


class BadUsername(Refused):
    id = "bad_username"


class UserExists(Refused):
    id = "user_exists"


class WeakPassword(Refused):
    id = "weak_password"


class LastAdministrator(Refused):
    id = "last_administrator"


class AccessError(TicketingError):
    id = "access_error"


class WrongCredentials(AccessError):
    id = "wrong_credentials"


class WrongPassword(AccessError):
    id = "wrong_password"


class NotLoggedIn(AccessError):
    id = "not_logged_in"


class NotAllowed(AccessError):
    id = "not_allowed"


class TooManyAttempts(AccessError):
    """Attributes: retry_after: whole seconds until the next attempt is heard."""

    id = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class DatabaseUnavailable(TicketingError):
    id = "database_unavailable"
