"""Every error that the use cases raise on purpose.

``TicketingError``                anything below; ``id`` is stable, the text is for people
├── ``NotFound``                  what was asked for is not there
│   ├── ``CallNotFound``          no call has this id
│   ├── ``RecordingNotFound``     the call has no recording, or its file is gone
│   ├── ``SeatNotFound``          no seat has this number
│   ├── ``QueueNotFound``         no queue has this name
│   ├── ``UserNotFound``          no user has this name
│   ├── ``NoPolicy``              no policy pack has this id, or none was in force that day
│   ├── ``UnitNotFound``          no unit has this id
│   ├── ``CategoryNotFound``      no category has this code
│   ├── ``ResponsibilityNotFound``  no row of responsibilities has this number
│   ├── ``ContactNotFound``       no entry of the register has this number
│   ├── ``ArticleNotFound``       no article has this id, or none that one may see
│   ├── ``NoticeNotFound``        no notice has this id, or none that one may see
│   ├── ``RuleNotFound``          the policy pack has no rule of this id
│   ├── ``AttachmentNotFound``    no file has this id, it is gone, or one may not see it
│   ├── ``PaperNotFound``         the order's step has no official paper
│   ├── ``DraftNotFound``         no draft of supervision has this key, or none that one may see
│   ├── ``MessageNotFound``       the unit's inbox has no such message
│   ├── ``DeliveryNotFound``      nothing that has failed for good has this id in the outbox
│   └── ``OrderNotFound``         no work order has this number, or none that one may see
├── ``Refused``                   understood, and not done; the text says why
│   ├── ``BadCursor``             a page's cursor is not one of ours
│   ├── ``BadSeatNumber``         a seat's number is not 3 to 6 digits
│   ├── ``SeatExists``            the seat is there already
│   ├── ``BadUsername``           a user's name cannot be used
│   ├── ``UserExists``            the name is taken
│   ├── ``WeakPassword``          the new password breaks a rule
│   ├── ``LastAdministrator``     nobody would be left to manage the users
│   ├── ``ExtensionRefused``      an extension too many, or longer than the limit itself (W5)
│   ├── ``IllegalAction``         the order's state does not allow the action (W8)
│   ├── ``GuardFailed``           a condition of the action does not hold; ``guard`` names it
│   ├── ``OrderChanged``          somebody else was faster; load it again
│   ├── ``KeyReused``             an idempotency key came again with another request
│   ├── ``UnitExists``            the id is taken
│   ├── ``BadUnitTree``           the units would not make one tree: a circle, two roots …
│   ├── ``UnitInactive``          an active unit would stand below one that is not
│   ├── ``CategoryExists``        the code is taken
│   ├── ``ResponsibilityExists``  the unit has it in these days already
│   ├── ``BadPeriod``             it ends before it begins, or is too long
│   ├── ``ArticleChanged``        somebody else was faster; load it again
│   ├── ``BadAttachment``         a file's type or size is not taken
│   ├── ``PhoneNotRegistered``    the seat's phone is not there: no call could reach it
│   ├── ``PhoneNotAnswered``      it was rung, and nobody answered
│   ├── ``SeatBusy``              the seat has a call, or another one rings there
│   ├── ``SeatTaken``             another person sits there
│   ├── ``PersonSeated``          the person sits at another seat; ``seat`` names it
│   ├── ``NobodyThere``           nobody is logged in at the seat
│   ├── ``BadPauseReason``        not one of the reasons for a pause
│   ├── ``CallNotConnected``      the call is not with a seat now, or over
│   └── ``CallHeldElsewhere``     it was put on hold on the telephone, and is resumed there
├── ``AccessError``               who is asking, and may they?
│   ├── ``WrongCredentials``      name or password is wrong; which of them is not told
│   ├── ``WrongPassword``         the old password, asked for again, is wrong
│   ├── ``NotLoggedIn``           no session, or it has ended
│   ├── ``NotAllowed``            no role of the user's gives the permission
│   ├── ``NotYourUnit``           neither one's own unit's nor of one below it
│   ├── ``NotYourSeat``           another person's seat, or a call of another seat
│   ├── ``NotYours``              not from this role or this place in the tree (W8)
│   └── ``TooManyAttempts``       wait ``retry_after`` seconds
├── ``PolicyError``               a policy pack's file cannot be used: file, line and cure
└── ``DatabaseUnavailable``       locked or away; asking again later is safe
"""

from __future__ import annotations

from collections.abc import Iterable

from ticketing.domain.wording import Text


class TicketingError(Exception):
    """Base of all errors raised on purpose; ``id`` goes to programs, the text to people."""

    id = "ticketing_error"


class NotFound(TicketingError):
    id = "not_found"


class CallNotFound(NotFound):
    id = "call_not_found"


class RecordingNotFound(NotFound):
    id = "recording_not_found"


class OrderNotFound(NotFound):
    id = "order_not_found"


class AttachmentNotFound(NotFound):
    id = "attachment_not_found"


class PaperNotFound(NotFound):
    id = "paper_not_found"


class DraftNotFound(NotFound):
    id = "draft_not_found"


class MessageNotFound(NotFound):
    id = "message_not_found"


class DeliveryNotFound(NotFound):
    id = "delivery_not_found"


class SeatNotFound(NotFound):
    id = "seat_not_found"


class QueueNotFound(NotFound):
    id = "queue_not_found"


class UserNotFound(NotFound):
    id = "user_not_found"


class NoPolicy(NotFound):
    id = "no_policy"


class UnitNotFound(NotFound):
    id = "unit_not_found"


class CategoryNotFound(NotFound):
    id = "category_not_found"


class ResponsibilityNotFound(NotFound):
    id = "responsibility_not_found"


class ContactNotFound(NotFound):
    id = "contact_not_found"


class ArticleNotFound(NotFound):
    id = "article_not_found"


class NoticeNotFound(NotFound):
    id = "notice_not_found"


class RuleNotFound(NotFound):
    id = "rule_not_found"


class Refused(TicketingError):
    id = "refused"


class ExtensionRefused(Refused):
    id = "extension_refused"


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


class IllegalAction(Refused):
    """Attributes: action, state: what was wanted, and where the order is (None: not there yet)."""

    id = "illegal_action"

    def __init__(self, action: str, state: str | None) -> None:
        super().__init__(f"{action}: not possible in the state {state}")
        self.action, self.state = action, state


class GuardFailed(Refused):
    """Attributes: guard: the id of the condition; zh, en, ko: the condition in words."""

    id = "guard_failed"

    def __init__(self, guard: str, zh: str, en: str, ko: str = "") -> None:
        super().__init__(f"{guard}: {en}")
        self.guard, self.zh, self.en, self.ko = guard, zh, en, ko


class OrderChanged(Refused):
    id = "order_changed"


class KeyReused(Refused):
    id = "key_reused"


class BadAttachment(Refused):
    id = "bad_attachment"


class PhoneNotRegistered(Refused):
    id = "phone_not_registered"


class PhoneNotAnswered(Refused):
    id = "phone_not_answered"


class SeatBusy(Refused):
    id = "seat_busy"


class SeatTaken(Refused):
    id = "seat_taken"


class PersonSeated(Refused):
    """Attributes: seat: where the person sits."""

    id = "person_seated"

    def __init__(self, seat: str) -> None:
        super().__init__(f"already logged in at seat {seat}")
        self.seat = seat


class NobodyThere(Refused):
    id = "nobody_there"


class BadPauseReason(Refused):
    """Attributes: reasons: those there are."""

    id = "bad_pause_reason"

    def __init__(self, reason: str, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"{reason!r} is none of {', '.join(self.reasons)}")


class CallNotConnected(Refused):
    id = "call_not_connected"


class CallHeldElsewhere(Refused):
    id = "call_held_elsewhere"


class UnitExists(Refused):
    id = "unit_exists"


class BadUnitTree(Refused):
    id = "bad_unit_tree"


class UnitInactive(Refused):
    id = "unit_inactive"


class CategoryExists(Refused):
    id = "category_exists"


class ResponsibilityExists(Refused):
    id = "responsibility_exists"


class BadPeriod(Refused):
    id = "bad_period"


class ArticleChanged(Refused):
    id = "article_changed"


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


class NotYours(AccessError):
    id = "not_yours"


class NotYourUnit(AccessError):
    id = "not_your_unit"


class NotYourSeat(AccessError):
    id = "not_your_seat"


class TooManyAttempts(AccessError):
    """Attributes: retry_after: whole seconds until the next attempt is heard."""

    id = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after} s")
        self.retry_after = retry_after


class PolicyError(TicketingError):
    """Attributes: file, line (from 1), problem: what is wrong; cure: what to write instead."""

    id = "bad_policy"

    def __init__(self, file: str, line: int, problem: Text, cure: Text) -> None:
        super().__init__(
            f"{file}:{line}: {problem.zh}。{cure.zh}。\n{file}:{line}: {problem.en}; {cure.en}."
        )
        self.file = file
        self.line = line
        self.problem = problem
        self.cure = cure


class DatabaseUnavailable(TicketingError):
    id = "database_unavailable"
