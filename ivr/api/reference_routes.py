"""The rows of reference data in the table of routes."""

from __future__ import annotations

from ivr.api import knowledge_handlers as knowledge
from ivr.api import knowledge_models as texts
from ivr.api import reference_handlers as handlers
from ivr.api import reference_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import Permission

_UNIT_CHANGE = (errors.BadUnitTree, errors.UnitInactive, errors.NotYourUnit)
_CONTACT = (errors.NotYourUnit, errors.GuardFailed)
_RESPONSIBILITY = (errors.NotYourUnit, errors.BadPeriod, errors.ResponsibilityExists)
_ARTICLE: tuple[type[TicketingError], ...] = (
    errors.ArticleNotFound,
    errors.ArticleChanged,
    errors.GuardFailed,
)
_POLICY = (errors.NoPolicy, errors.PolicyError)

_UNITS = (
    Route(
        "GET",
        "/api/v1/units",
        Permission.UNITS_VIEW,
        handlers.list_units,
        models.UnitsOut,
        query=models.UnitsQuery,
        raises=(errors.UnitNotFound,),
    ),
    Route(
        "POST",
        "/api/v1/units",
        Permission.UNITS_MANAGE,
        handlers.add_unit,
        models.UnitOut,
        body=models.UnitIn,
        status=201,
        raises=(errors.UnitExists, *_UNIT_CHANGE),
    ),
    Route(
        "GET",
        "/api/v1/units/{unit_id}",
        Permission.UNITS_VIEW,
        handlers.show_unit,
        models.UnitCardOut,
        raises=(errors.UnitNotFound,),
    ),
    Route(
        "PATCH",
        "/api/v1/units/{unit_id}",
        Permission.UNITS_MANAGE,
        handlers.change_unit,
        models.UnitOut,
        body=models.UnitChangeIn,
        raises=(errors.UnitNotFound, *_UNIT_CHANGE),
    ),
    Route(
        "GET",
        "/api/v1/contacts",
        Permission.UNITS_VIEW,
        handlers.list_contacts,
        models.ContactsOut,
        query=models.ContactsQuery,
    ),
    Route(
        "GET",
        "/api/v1/contact-changes",
        Permission.UNITS_VIEW,
        handlers.list_contact_changes,
        models.ContactChangesOut,
        query=models.PeriodQuery,
        raises=(errors.BadPeriod,),
    ),
    Route(
        "POST",
        "/api/v1/contacts",
        Permission.CONTACTS_WRITE,
        handlers.appoint_contact,
        models.ContactOut,
        body=models.ContactIn,
        status=201,
        raises=(errors.UnitNotFound, *_CONTACT),
    ),
    Route(
        "PATCH",
        "/api/v1/contacts/{contact_id}",
        Permission.CONTACTS_WRITE,
        handlers.change_contact,
        models.ContactOut,
        body=models.ContactChangeIn,
        raises=(errors.ContactNotFound, *_CONTACT),
    ),
)

_CATEGORIES = (
    Route(
        "GET",
        "/api/v1/categories",
        Permission.UNITS_VIEW,
        handlers.list_categories,
        models.CategoriesOut,
        query=models.CategoriesQuery,
    ),
    Route(
        "POST",
        "/api/v1/categories",
        Permission.UNITS_MANAGE,
        handlers.add_category,
        models.CategoryOut,
        body=models.CategoryIn,
        status=201,
        raises=(errors.CategoryExists, errors.CategoryNotFound),
    ),
    Route(
        "PATCH",
        "/api/v1/categories/{code}",
        Permission.UNITS_MANAGE,
        handlers.change_category,
        models.CategoryOut,
        body=models.CategoryChangeIn,
        raises=(errors.CategoryNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/responsibilities",
        Permission.UNITS_VIEW,
        handlers.list_responsibilities,
        models.ResponsibilitiesOut,
        query=models.ResponsibilitiesQuery,
    ),
    Route(
        "POST",
        "/api/v1/responsibilities",
        Permission.UNITS_MANAGE,
        handlers.add_responsibility,
        models.ResponsibilityOut,
        body=models.ResponsibilityIn,
        status=201,
        raises=(
            errors.CategoryNotFound,
            errors.UnitNotFound,
            errors.UnitInactive,
            *_RESPONSIBILITY,
        ),
    ),
    Route(
        "PATCH",
        "/api/v1/responsibilities/{responsibility_id}",
        Permission.UNITS_MANAGE,
        handlers.end_responsibility,
        models.ResponsibilityOut,
        body=models.ResponsibilityEndIn,
        raises=(errors.ResponsibilityNotFound, *_RESPONSIBILITY),
    ),
)

_KNOWLEDGE = (
    Route(
        "GET",
        "/api/v1/articles",
        Permission.KNOWLEDGE_READ,
        knowledge.list_articles,
        texts.ArticlesOut,
        query=texts.ArticlesQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "POST",
        "/api/v1/articles",
        Permission.KNOWLEDGE_WRITE,
        knowledge.add_article,
        texts.ArticleOut,
        body=texts.ArticleIn,
        status=201,
        raises=(errors.UnitNotFound, errors.CategoryNotFound, errors.GuardFailed),
    ),
    Route(
        "GET",
        "/api/v1/articles/{article_id}",
        Permission.KNOWLEDGE_READ,
        knowledge.show_article,
        texts.ArticleOut,
        raises=(errors.ArticleNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/articles/{article_id}/versions/{version}",
        Permission.KNOWLEDGE_READ,
        knowledge.show_article_version,
        texts.VersionOut,
        raises=(errors.ArticleNotFound,),
    ),
    Route(
        "PUT",
        "/api/v1/articles/{article_id}/draft",
        Permission.KNOWLEDGE_WRITE,
        knowledge.write_article,
        texts.ArticleOut,
        body=texts.ArticleWriteIn,
        raises=(errors.CategoryNotFound, *_ARTICLE),
    ),
    Route(
        "POST",
        "/api/v1/articles/{article_id}/submission",
        Permission.KNOWLEDGE_WRITE,
        knowledge.submit_article,
        texts.ArticleOut,
        body=texts.RevisionIn,
        raises=_ARTICLE,
    ),
    Route(
        "POST",
        "/api/v1/articles/{article_id}/approval",
        Permission.KNOWLEDGE_APPROVE,
        knowledge.approve_article,
        texts.ArticleOut,
        body=texts.ArticleReviewIn,
        raises=_ARTICLE,
    ),
    Route(
        "POST",
        "/api/v1/articles/{article_id}/return",
        Permission.KNOWLEDGE_APPROVE,
        knowledge.send_article_back,
        texts.ArticleOut,
        body=texts.RevisionWhyIn,
        raises=_ARTICLE,
    ),
    Route(
        "POST",
        "/api/v1/articles/{article_id}/withdrawal",
        Permission.KNOWLEDGE_APPROVE,
        knowledge.withdraw_article,
        texts.ArticleOut,
        body=texts.RevisionWhyIn,
        raises=_ARTICLE,
    ),
    Route(
        "POST",
        "/api/v1/articles/{article_id}/review",
        Permission.KNOWLEDGE_WRITE,
        knowledge.confirm_article,
        texts.ArticleOut,
        body=texts.ArticleReviewIn,
        raises=_ARTICLE,
    ),
    Route(
        "POST",
        "/api/v1/questions",
        Permission.KNOWLEDGE_ASK,
        knowledge.ask_question,
        texts.QuestionOut,
        body=texts.QuestionIn,
        status=201,
        raises=(errors.CategoryNotFound, errors.ArticleNotFound),
    ),
    Route(
        "GET",
        "/api/v1/questions/report",
        Permission.KNOWLEDGE_WRITE,
        knowledge.report_questions,
        texts.QuestionReportOut,
        query=texts.QuestionsQuery,
        raises=(errors.BadPeriod,),
    ),
)

_NOTICES = (
    Route(
        "GET",
        "/api/v1/notices",
        Permission.NOTICES_VIEW,
        knowledge.list_notices,
        texts.NoticesOut,
        query=texts.NoticesQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "GET",
        "/api/v1/notices/active",
        Permission.NOTICES_VIEW,
        knowledge.list_active_notices,
        texts.ActiveNoticesOut,
        query=texts.ActiveNoticesQuery,
    ),
    Route(
        "GET",
        "/api/v1/notices/{notice_id}",
        Permission.NOTICES_VIEW,
        knowledge.show_notice,
        texts.NoticeOut,
        raises=(errors.NoticeNotFound,),
    ),
    Route(
        "POST",
        "/api/v1/notices",
        Permission.NOTICES_WRITE,
        knowledge.add_notice,
        texts.NoticeOut,
        body=texts.NoticeIn,
        status=201,
        raises=(errors.UnitNotFound, errors.NotYourUnit, errors.GuardFailed),
    ),
    Route(
        "POST",
        "/api/v1/notices/{notice_id}/publication",
        Permission.NOTICES_PUBLISH,
        knowledge.publish_notice,
        texts.PublishedOut,
        raises=(errors.NoticeNotFound, errors.NotYourUnit, errors.GuardFailed),
    ),
    Route(
        "POST",
        "/api/v1/notices/{notice_id}/end",
        Permission.NOTICES_WRITE,
        knowledge.end_notice,
        texts.NoticeOut,
        body=texts.WhyIn,
        raises=(errors.NoticeNotFound, errors.NotYourUnit, errors.GuardFailed),
    ),
)

_POLICIES = (
    Route(
        "GET",
        "/api/v1/calendar",
        Permission.POLICY_VIEW,
        knowledge.show_calendar,
        texts.CalendarOut,
        query=texts.CalendarQuery,
        raises=(errors.PolicyError,),
    ),
    Route(
        "GET",
        "/api/v1/policies",
        Permission.POLICY_VIEW,
        knowledge.list_policies,
        texts.PoliciesOut,
        raises=(errors.PolicyError,),
    ),
    Route(
        "GET",
        "/api/v1/policies/{pack}",
        Permission.POLICY_VIEW,
        knowledge.show_policy,
        texts.PolicyOut,
        raises=_POLICY,
    ),
    Route(
        "GET",
        "/api/v1/policies/{pack}/explain/{rule}",
        Permission.POLICY_VIEW,
        knowledge.explain_policy,
        texts.ExplainedOut,
        raises=(errors.RuleNotFound, *_POLICY),
    ),
)

REFERENCE_ROUTES = (*_UNITS, *_CATEGORIES, *_KNOWLEDGE, *_NOTICES, *_POLICIES)
