"""Every error that the use cases raise on purpose.

``TicketingError``                anything below; ``id`` is stable, the text is for people
├── ``NotFound``                  what was asked for is not there
│   ├── ``CallNotFound``          no call has this id
│   ├── ``LegNotFound``           no third party of the call has this number
│   ├── ``MarkNotFound``          no mark of conduct has this number
│   ├── ``DutyNotFound``          no row of the duty roster has this number
│   ├── ``RecordingNotFound``     the call has no recording, or its file is gone
│   ├── ``RecordingDeleted``      the recording or its text was deleted by policy, ``at``
│   ├── ``SeatNotFound``          no seat has this number
│   ├── ``DispatchCallNotFound``  nobody was, or is, rung for the order
│   ├── ``CallbackNotFound``      nobody on the list of callbacks has this number
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
│   ├── ``ProposalNotFound``      nothing with this id was proposed to who asks
│   ├── ``PromptNotFound``        no prompt has this id in this language
│   ├── ``ProbeTargetNotFound``   the number is none of those that must answer
│   ├── ``MeasureNotFound``       no measure against a caller has this number
│   ├── ``BanNotFound``           the address is not shut out
│   └── ``OrderNotFound``         no work order has this number, or none that one may see
├── ``Refused``                   understood, and not done; the text says why
│   ├── ``DispatchCallGoing``     the persons responsible are being rung already
│   ├── ``NotTranscribed``        there is no text of the call yet, or none can be made
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
│   ├── ``UploadBroken``          a recording did not come as it was announced; send it again
│   ├── ``NothingSaid``           there are no words to propose anything from
│   ├── ``PhoneNotRegistered``    the seat's phone is not there: no call could reach it
│   ├── ``PhoneNotAnswered``      it was rung, and nobody answered
│   ├── ``SeatBusy``              the seat has a call, or another one rings there
│   ├── ``SeatTaken``             another person sits there
│   ├── ``PersonSeated``          the person sits at another seat; ``seat`` names it
│   ├── ``NobodyThere``           nobody is logged in at the seat
│   ├── ``BadPauseReason``        not one of the reasons for a pause
│   ├── ``CallNotConnected``      the call is not with a seat now, or over
│   ├── ``CallerUnknown``         no number of a citizen that something could be done against
│   ├── ``NumberNotAllowed``      the plan of outward calls does not let this number out
│   ├── ``OutboundLimit``         one outward call more would be too many
│   ├── ``NoTrunk``               no way out is set: HOTLINE_TRUNK_OUT
│   ├── ``BadSkill``              no skill of the pack, or no level from 0 to 5
│   ├── ``CallbackClosed``        it was called back already, or is being called
│   ├── ``CallNotWaiting``        the call waits in no queue now
│   ├── ``NobodyOnCall``          the unit has nobody to ring now
│   ├── ``NobodyAnswered``        who was rung for a call did not answer; ``tried`` names them
│   ├── ``ConsultUnderWay``       a third party is being rung for this call, or is in it
│   ├── ``NoThirdParty``          nobody but a seat talks to the citizen
│   ├── ``CallNotRecorded``       there is no recording to pause
│   └── ``CallHeldElsewhere``     it was put on hold on the telephone, and is resumed there
├── ``AccessError``               who is asking, and may they?
│   ├── ``WrongCredentials``      name or password is wrong; which of them is not told
│   ├── ``WrongPassword``         the old password, asked for again, is wrong
│   ├── ``NotLoggedIn``           no session, or it has ended
│   ├── ``NotAllowed``            no role of the user's gives the permission
│   ├── ``NotYourUnit``           neither one's own unit's nor of one below it
│   ├── ``NotYourSeat``           another person's seat, or a call of another seat
│   ├── ``NotYours``              not from this role or this place in the tree (W8)
│   ├── ``JobNotHeld``            the job after a call is not this worker's at this moment
│   └── ``TooManyAttempts``       wait ``retry_after`` seconds
├── ``PolicyError``               a policy pack's file cannot be used: file, line and cure
└── ``DatabaseUnavailable``       locked or away; asking again later is safe
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ticketing.domain.wording import Text


class TicketingError(Exception):
    """Base of all errors raised on purpose; ``id`` goes to programs, the text to people."""

    id = "ticketing_error"


class NotFound(TicketingError):
    id = "not_found"


class CallNotFound(NotFound):
    id = "call_not_found"


class LegNotFound(NotFound):
    id = "leg_not_found"


class MarkNotFound(NotFound):
    id = "mark_not_found"


class DutyNotFound(NotFound):
    id = "duty_not_found"


class RecordingNotFound(NotFound):
    id = "recording_not_found"


class RecordingDeleted(NotFound):
    """Attributes: at: when."""

    id = "recording_deleted"

    def __init__(self, at: datetime) -> None:
        super().__init__(f"deleted by policy on {at:%Y-%m-%d}")
        self.at = at


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


class ProbeTargetNotFound(NotFound):
    id = "probe_target_not_found"


class MeasureNotFound(NotFound):
    id = "measure_not_found"


class BanNotFound(NotFound):
    id = "ban_not_found"


class DeliveryNotFound(NotFound):
    id = "delivery_not_found"


class PromptNotFound(NotFound):
    id = "prompt_not_found"


class ProposalNotFound(NotFound):
    id = "proposal_not_found"


class SeatNotFound(NotFound):
    id = "seat_not_found"


class DispatchCallNotFound(NotFound):
    id = "dispatch_call_not_found"


class CallbackNotFound(NotFound):
    id = "callback_not_found"


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


class NotTranscribed(Refused):
    id = "not_transcribed"


class DispatchCallGoing(Refused):
    id = "dispatch_call_going"


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

    def __init__(self, guard: str, zh: str, en: str, ko: str) -> None:
        super().__init__(f"{guard}: {en}")
        self.guard, self.zh, self.en, self.ko = guard, zh, en, ko


class OrderChanged(Refused):
    id = "order_changed"


class KeyReused(Refused):
    id = "key_reused"


class BadAttachment(Refused):
    id = "bad_attachment"


class UploadBroken(Refused):
    id = "upload_broken"


class NothingSaid(Refused):
    id = "nothing_said"


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


class NobodyOnCall(Refused):
    id = "nobody_on_call"


class NobodyAnswered(Refused):
    """Attributes: tried: for each who was rung, how that ended, in order."""

    id = "nobody_answered"

    def __init__(self, tried: Iterable[str]) -> None:
        self.tried = tuple(tried)
        super().__init__(f"nobody answered: {', '.join(self.tried)}")


class ConsultUnderWay(Refused):
    id = "consult_under_way"


class NoThirdParty(Refused):
    id = "no_third_party"


class CallNotRecorded(Refused):
    id = "call_not_recorded"


class CallHeldElsewhere(Refused):
    id = "call_held_elsewhere"


class CallerUnknown(Refused):
    id = "caller_unknown"


class NumberNotAllowed(Refused):
    """Attributes: number: masked; reason: a ``Refusal`` of `ticketing.domain.outbound`."""

    id = "number_not_allowed"

    def __init__(self, number: str, reason: str) -> None:
        super().__init__(f"{number or 'this'} may not be called: {reason}")
        self.number, self.reason = number, str(reason)


class OutboundLimit(Refused):
    """Attributes: limit: which of the pack's limits; most: what it is set to."""

    id = "outbound_limit"

    def __init__(self, limit: str, most: int) -> None:
        super().__init__(f"no more outward calls: {limit} is {most}")
        self.limit, self.most = limit, most


class BadSkill(Refused):
    """Attributes: skills: those there are."""

    id = "bad_skill"

    def __init__(self, given: str, skills: Iterable[str]) -> None:
        super().__init__(f"{given}: write a skill of the pack with a level from 0 to 5")
        self.skills = "、".join(skills)


class CallbackClosed(Refused):
    id = "callback_closed"


class CallNotWaiting(Refused):
    id = "call_not_waiting"


class NoTrunk(Refused):
    id = "no_trunk"


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


class JobNotHeld(AccessError):
    id = "job_not_held"


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
