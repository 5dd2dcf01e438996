"""When a round's period is, and what the papers of supervision say (D3, D6 to D9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.documents import follow_up_forms, round_forms
from ticketing.documents.facts import Issue, OrderFacts
from ticketing.documents.model import OfficialPaper
from ticketing.documents.round_forms import OrderLine
from ticketing.domain.matters import OrderType
from ticketing.domain.supervision_rounds import Rhythm, last_period

CITY = ZoneInfo("Asia/Shanghai")
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ISSUE = Issue("市热线办", date(2026, 3, 3))
LIMIT = datetime(2026, 3, 6, 17, 0, tzinfo=CITY)
ORDER = OrderFacts(
    number="26030200017",
    received=datetime(2026, 3, 2, 9, 0, tzinfo=CITY),
    type=OrderType.HELP,
    category="路灯",
    content="路灯不亮",
    unit="住建局",
)


@given(now=MOMENTS, rhythm=st.sampled_from([Rhythm.WEEKLY, Rhythm.MONTHLY]))
def test_the_last_period_is_over_and_the_next_is_not(now: datetime, rhythm: Rhythm) -> None:
    period = last_period(rhythm, now, CITY)
    assert period is not None
    assert period.end <= now
    following = last_period(rhythm, period.end + timedelta(days=35), CITY)
    assert following is not None
    assert following.id > period.id
    assert last_period(rhythm, period.end, CITY) == period, "from its end on"
    just_before = last_period(rhythm, period.end - timedelta(seconds=1), CITY)
    assert just_before is not None
    assert just_before.end == period.start, "periods meet"


@pytest.mark.parametrize(
    ("rhythm", "now", "name", "start", "end"),
    [
        (Rhythm.MONTHLY, "2026-03-01T00:00", "2026-02", "2026-02-01", "2026-03-01"),
        (Rhythm.MONTHLY, "2026-02-28T23:59", "2026-01", "2026-01-01", "2026-02-01"),
        (Rhythm.WEEKLY, "2026-03-02T00:00", "2026-W09", "2026-02-23", "2026-03-02"),
        (Rhythm.WEEKLY, "2026-03-01T23:59", "2026-W08", "2026-02-16", "2026-02-23"),
        (Rhythm.WEEKLY, "2027-01-04T08:00", "2026-W53", "2026-12-28", "2027-01-04"),
    ],
)
def test_periods(rhythm: Rhythm, now: str, name: str, start: str, end: str) -> None:
    period = last_period(rhythm, datetime.fromisoformat(now).replace(tzinfo=CITY), CITY)
    assert period is not None
    days = [f"{moment.astimezone(CITY):%Y-%m-%d %H}" for moment in (period.start, period.end)]
    assert (period.id, days) == (name, [f"{start} 00", f"{end} 00"])


def test_there_may_be_no_rounds() -> None:
    assert last_period(Rhythm.NEVER, datetime(2026, 3, 1, tzinfo=UTC), CITY) is None


def words(paper: OfficialPaper) -> str:
    cells = [f"{cell.label}={cell.value}" for row in paper.rows for cell in row.cells]
    return "\n".join([paper.title, *paper.to, *paper.paragraphs, *cells, *paper.closing])


def test_an_instruction_names_its_limit() -> None:
    paper = follow_up_forms.instruction_notice(ORDER, ISSUE, said="尽快办结", limit=LIMIT)
    assert "批示要求=尽快办结。" in words(paper)
    assert "2026年3月6日17:00前" in words(paper)
    assert paper.to == ("住建局",)


def test_a_record_of_a_visit_names_who_came_and_what_shows_it() -> None:
    paper = follow_up_forms.verification_record(
        ORDER, ISSUE, attended=("李明", " ", "王芳"), evidence="照片三张", found="已修好"
    )
    assert "到场人员=李明、王芳" in words(paper)
    assert "核实依据=照片三张" in words(paper)


@pytest.mark.parametrize("steps", [3, 4])
def test_a_case_file_tells_the_whole_course(steps: int) -> None:
    course = [(f"步骤{i}", f"第{i}天") for i in range(steps)]
    paper = follow_up_forms.case_file(
        ORDER, ISSUE, fault="推诿扯皮", said="两次推诿", course=course
    )
    assert "认定情形=推诿扯皮" in words(paper)
    for name, told in course:
        assert f"{name}={told}" in words(paper)


def test_a_batch_of_hard_cases_names_units_and_leaves_no_order_unsaid() -> None:
    orders = [OrderLine(f"2603{i:07}", "停水", "水务公司", LIMIT) for i in range(205)]
    paper = round_forms.hard_cases_report(
        ISSUE, to=("督查部门", "信访部门"), said="疑难", orders=orders, title="疑难办件"
    )
    assert paper.to == ("督查部门", "信访部门")
    assert "承办单位=水务公司" in words(paper)
    assert "其余 5 件从略" in words(paper)
