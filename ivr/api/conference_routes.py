"""The rows of third parties in calls, of conduct, and of the duty roster."""

from __future__ import annotations

from ivr.api import conference_handlers as handlers
from ivr.api import conference_models as models
from ivr.api.control_models import SteeredOut
from ivr.api.models import In
from ivr.api.route import Handler, Route
from ticketing.domain import errors
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import Permission

_CALL = (errors.CallNotFound, errors.NotYourSeat, errors.CallNotConnected)
_WAY_OUT = (errors.NumberNotAllowed, errors.OutboundLimit, errors.NoTrunk)
_RING = (
    *_CALL,
    *_WAY_OUT,
    errors.CallHeldElsewhere,
    errors.ConsultUnderWay,
    errors.NobodyAnswered,
)
_DUTY = (errors.NotYourUnit, errors.GuardFailed)


def _call(
    verb: str,
    handler: Handler,
    raises: tuple[type[TicketingError], ...],
    body: type[In] | None = None,
) -> Route:
    path = f"/api/v1/calls/{{call_id}}/{verb}"
    return Route("POST", path, Permission.DESK_SIT, handler, SteeredOut, body=body, raises=raises)


CONFERENCE_ROUTES: tuple[Route, ...] = (
    _call(
        "consult",
        handlers.call_consult,
        (
            *_RING,
            errors.SeatNotFound,
            errors.PhoneNotRegistered,
            errors.SeatBusy,
            errors.UnitNotFound,
            errors.NobodyOnCall,
        ),
        models.ConsultIn,
    ),
    _call("emergency", handlers.call_emergency, _RING, models.EmergencyIn),
    _call("merge", handlers.call_merge, (*_CALL, errors.NoThirdParty, errors.CallHeldElsewhere)),
    _call("leave", handlers.call_leave, (*_CALL, errors.NoThirdParty, errors.CallHeldElsewhere)),
    _call(
        "drop",
        handlers.call_drop,
        (*_CALL, errors.NoThirdParty, errors.CallHeldElsewhere),
        models.DropIn,
    ),
    _call("record-pause", handlers.call_record_pause, (*_CALL, errors.CallNotRecorded)),
    _call("record-resume", handlers.call_record_resume, (*_CALL, errors.CallNotRecorded)),
    _call("case", handlers.call_case, _CALL, models.CaseIn),
    Route(
        "GET",
        "/api/v1/calls/{call_id}/handling",
        Permission.CALLS_LIST,
        handlers.call_handling,
        models.HandlingOut,
        raises=(errors.CallNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/calls/{call_id}/thirds/{third}/recording",
        Permission.CALLS_RECORDING,
        handlers.leg_recording,
        media="audio/wav",
        raises=(errors.LegNotFound, errors.RecordingNotFound, errors.NotAllowed),
    ),
    Route(
        "POST",
        "/api/v1/calls/{call_id}/thirds/{third}/marks",
        Permission.DESK_SIT,
        handlers.mark_conduct,
        models.MarkOut,
        body=models.MarkIn,
        status=201,
        raises=(errors.LegNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/conduct-marks",
        Permission.CALLS_LIST,
        handlers.list_marks,
        models.MarksOut,
        query=models.MarksQuery,
    ),
    Route(
        "POST",
        "/api/v1/conduct-marks/{mark}/withdraw",
        Permission.DESK_MANAGE,
        handlers.withdraw_mark,
        models.MarkOut,
        raises=(errors.MarkNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/on-call",
        Permission.UNITS_VIEW,
        handlers.list_on_call,
        models.CascadeOut,
        query=models.CascadeQuery,
        raises=(errors.UnitNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/duties",
        Permission.UNITS_VIEW,
        handlers.list_duties,
        models.DutiesOut,
        query=models.DutiesQuery,
    ),
    Route(
        "POST",
        "/api/v1/duties",
        Permission.CONTACTS_WRITE,
        handlers.add_duty,
        models.DutyOut,
        body=models.DutyIn,
        status=201,
        raises=(*_DUTY, errors.UnitNotFound),
    ),
    Route(
        "PATCH",
        "/api/v1/duties/{duty}",
        Permission.CONTACTS_WRITE,
        handlers.change_duty,
        models.DutyOut,
        body=models.DutyChangeIn,
        raises=(*_DUTY, errors.DutyNotFound),
    ),
    Route(
        "DELETE",
        "/api/v1/duties/{duty}",
        Permission.CONTACTS_WRITE,
        handlers.remove_duty,
        status=204,
        raises=(errors.NotYourUnit, errors.DutyNotFound),
    ),
)
