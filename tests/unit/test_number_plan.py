"""The number plan: the line of a call, what is due, what a wrong plan is told (T2 to T4)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.journal import Journal
from ivr.lines import CityLines
from ivr.numbers import Signalled
from tests.unit.test_journal import BEGIN, CITIZEN, END, QUEUED, SEAT, TALK, fact, hangup, row
from ticketing.domain.lines import (
    AlarmKind,
    Line,
    LineKind,
    LineMatch,
    LinePlan,
    Source,
    alarms,
    half_a_year_after,
    line_for,
)
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import FOLDER, load_pack, load_packs, problems_of

XIANNING, YANJI = load_pack("xianning-2019").lines, load_pack("yanji-2019").lines
DAY = date(2019, 9, 1)
MERGED = (
    *("12310", "12312", "12316", "12318", "12319", "12330", "12329", "12333", "12349", "12338"),
    *("12385", "12351", "12350", "12336", "12358", "12369", "12320", "12356", "12328", "12325"),
    *("8126141", "8126539", "8126725"),
)
NUMBERS = st.sampled_from(["12333", "12329", "071512333", "12345", "071512345", "8120000", "110"])


def merged(number: str = "12333", **fields: object) -> Line:
    values = {"since": date(2019, 7, 11), "unit": "市人社局", "announce": True, **fields}
    return Line(number, LineKind.MERGED, "人社热线", "인사 전화", **values)  # type: ignore[arg-type]


def plan(*lines: Line, recognise: tuple[Source, ...] = tuple(Source)) -> LinePlan:
    return LinePlan(recognise, ("0715",), (*LinePlan().numbers, *lines))


def match(
    dialled: str = "12345",
    diversions: tuple[str, ...] = (),
    history: tuple[str, ...] = (),
    day: date = DAY,
    of: LinePlan = XIANNING,
) -> LineMatch:
    return line_for(of, dialled, diversions, history, day)


def told(found: LineMatch) -> tuple[str, str, str | None, Source]:
    return found.line.number, found.number, found.forwarded_from, found.by


# --- the packs ----------------------------------------------------------------------------------
def test_xiannings_plan_is_that_of_its_document() -> None:
    of = {kind: [x for x in XIANNING.numbers if x.kind is kind] for kind in LineKind}
    assert sorted(x.number for x in of[LineKind.MERGED]) == sorted(MERGED)
    assert len(of[LineKind.MERGED]) == 23
    assert len({x.unit for x in of[LineKind.MERGED]}) == 22
    assert {x.number for x in of[LineKind.INTERCONNECT]} == {
        *("12388", "12366", "12389", "12348", "12363", "12313", "12315", "12365", "12331", "12301")
    }
    assert {x.number for x in of[LineKind.UTILITY]} == {
        *("8182111", "8155772", "8256559", "8253333", "8322576")
    }
    assert {x.number for x in of[LineKind.EMERGENCY]} == {"110", "119", "120", "122"}
    assert [x.number for x in of[LineKind.HOTLINE]] == ["12345"]
    assert all(x.announce and x.dual_track_until for x in of[LineKind.MERGED])
    assert Counter(x.unit for x in of[LineKind.MERGED])["市卫健委"] == 2


def test_yanji_has_a_smaller_plan_of_its_own() -> None:
    kinds = {line.kind for line in YANJI.numbers}
    assert kinds == set(LineKind)
    assert len(YANJI.numbers) < len(XIANNING.numbers)
    assert all(line.assumed for line in YANJI.numbers if line.kind is not LineKind.HOTLINE)


# --- which line ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (("12345",), ("12345", "12345", None, Source.DIALLED)),
        (("071512345",), ("12345", "071512345", None, Source.DIALLED)),
        (("12333",), ("12333", "12333", None, Source.DIALLED)),
        (("12345", ("12333",)), ("12333", "12333", "12333", Source.DIVERSION)),
        (("12345", (), ("12333",)), ("12333", "12333", "12333", Source.HISTORY)),
        # dialled in another city, and from abroad
        (("12345", ("071512333",)), ("12333", "071512333", "12333", Source.DIVERSION)),
        (("12345", ("71512333",)), ("12333", "71512333", "12333", Source.DIVERSION)),
        (("12345", ("07158126141",)), ("8126141", "07158126141", "8126141", Source.DIVERSION)),
        # of several, the oldest that is known; the very first was dialled
        (("12345", ("12333", "12329")), ("12333", "12333", "12333", Source.DIVERSION)),
        (("12345", ("8120000", "12333")), ("12333", "8120000", "12333", Source.DIVERSION)),
        # the surest place goes first, and one that knows nothing leaves it to the next
        (("12345", ("12333",), ("12329",)), ("12333", "12333", "12333", Source.DIVERSION)),
        (("12345", ("8120000",), ("12329",)), ("12329", "12329", "12329", Source.HISTORY)),
        (("12345", ("12345",), ("12329",)), ("12329", "12329", "12329", Source.HISTORY)),
        (("12333", ("8120000",)), ("12333", "8120000", "8120000", Source.DIALLED)),
        # nobody knows it: the hotline's own, and the number is kept
        (("12345", ("8120000",)), ("12345", "8120000", "8120000", Source.DIVERSION)),
        (("12345", (), ("02712333",)), ("12345", "02712333", "02712333", Source.HISTORY)),
        (("12345", ("12345",)), ("12345", "12345", None, Source.DIALLED)),
        # who dialled 12345 and was sent on by way of an old number
        (("12345", ("12345", "12333")), ("12345", "12345", None, Source.DIALLED)),
        (("88889999",), ("12345", "88889999", None, Source.DIALLED)),
        (("",), ("12345", "12345", None, Source.DIALLED)),
        (("12345", ("110",)), ("110", "110", "110", Source.DIVERSION)),
    ],
)
def test_the_line_of_a_call(
    came: tuple[str, tuple[str, ...], tuple[str, ...]],
    expected: tuple[str, str, str | None, Source],
) -> None:
    assert told(match(*came)) == expected


@pytest.mark.parametrize("order", list(permutations(Source)))
def test_the_pack_says_where_to_look_first(order: tuple[Source, ...]) -> None:
    lines = [merged(number) for number in ("12333", "12329", "12319")]
    found = match("12319", ("12333",), ("12329",), of=plan(*lines, recognise=order))
    wanted = {Source.DIVERSION: "12333", Source.HISTORY: "12329", Source.DIALLED: "12319"}
    assert (found.line.number, found.by) == (wanted[order[0]], order[0])


@given(
    NUMBERS,
    st.lists(NUMBERS, max_size=4),
    st.lists(NUMBERS, max_size=4),
    st.permutations(list(Source)),
)
def test_no_number_is_lost_or_made_up(
    dialled: str, diversions: list[str], history: list[str], order: list[Source]
) -> None:
    of = LinePlan(tuple(order), XIANNING.area_codes, XIANNING.numbers)
    found = match(dialled, tuple(diversions), tuple(history), of=of)
    assert found.number in {dialled, *diversions[:1], *history[:1]}
    strangers = [x for x in (dialled, *diversions, *history) if "12345" not in x]
    if strangers and found.line.kind is LineKind.HOTLINE:
        assert all(of.find(x, DAY) is None for x in (diversions + history)[:1] if x in strangers)


def test_before_its_day_and_after_its_end_a_number_is_a_strange_one() -> None:
    of = plan(merged(until=date(2019, 12, 31)))
    for day in (date(2019, 7, 10), date(2020, 1, 1)):
        assert told(match("12345", ("12333",), day=day, of=of)) == (
            *("12345", "12333", "12333"),
            Source.DIVERSION,
        )
    for day in (date(2019, 7, 11), date(2019, 12, 31)):
        assert match("12345", ("12333",), day=day, of=of).line.number == "12333"


def test_a_number_may_change_its_unit() -> None:
    old = merged(until=date(2019, 12, 31), unit="市物价局")
    new = merged(since=date(2020, 1, 1), unit="市市场监管局")
    of = plan(old, new)
    assert match("12333", day=date(2019, 12, 31), of=of).line.unit == "市物价局"
    assert match("12333", day=date(2020, 1, 1), of=of).line.unit == "市市场监管局"


def test_after_the_dual_track_a_call_is_still_taken_and_says_so() -> None:
    last, after = date(2020, 1, 11), date(2020, 1, 12)
    assert not match("12345", ("12333",), day=last).expired
    late = match("12345", ("12333",), day=after)
    assert (late.line.number, late.expired) == ("12333", True)
    assert "2020-01-11" in late.why.zh
    assert "2020-01-11" in late.why.en


# --- alarms -------------------------------------------------------------------------------------
def test_the_end_of_a_dual_track_is_told_thirty_days_before_and_until_it_is_closed() -> None:
    last = date(2020, 1, 11)
    of = plan(merged(dual_track_until=last), merged("12329"))
    assert alarms(of, last - timedelta(days=31)) == ()
    kinds = []
    for days in (30, 1, 0, -1, -400):
        (alarm,) = alarms(of, last - timedelta(days=days))
        assert (alarm.number, alarm.last, alarm.days) == ("12333", last, days)
        kinds.append(alarm.kind)
    assert kinds == [AlarmKind.DUE] * 3 + [AlarmKind.PAST] * 2
    closed = plan(merged(dual_track_until=last, until=last))
    assert alarms(closed, last + timedelta(days=1)) == ()


def test_the_most_pressing_alarm_comes_first() -> None:
    lines = [
        merged("12329", dual_track_until=date(2020, 1, 5)),
        merged("12333", dual_track_until=date(2020, 1, 1)),
        merged("12319", dual_track_until=date(2020, 1, 1)),
    ]
    found = [alarm.number for alarm in alarms(plan(*lines), date(2019, 12, 20))]
    assert found == ["12319", "12333", "12329"]


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2019, 7, 11), date(2020, 1, 11)),
        (date(2019, 8, 31), date(2020, 2, 29)),
        (date(2020, 8, 31), date(2021, 2, 28)),
        (date(2019, 12, 31), date(2020, 6, 30)),
        (date(2020, 5, 31), date(2020, 11, 30)),
        (date(2020, 6, 30), date(2020, 12, 30)),
    ],
)
def test_half_a_year(day: date, later: date) -> None:
    assert half_a_year_after(day) == later


# --- wrong plans --------------------------------------------------------------------------------
ROW = '"12333", kind: merged'
WRONG = [
    (ROW, '"1233x", kind: merged', "1233x is no telephone number"),
    (ROW, "12333, kind: merged", "in quotation marks"),
    (ROW, '"12333", kind: merge', "kind cannot be merge; write one of hotline, merged"),
    (ROW, '"12345", kind: merged', "12345 is there twice at a time"),
    (ROW, '"12333", kind: utility', "write announce: false"),
    (ROW, '"12333", until: 2019-01-01, kind: merged', "it ends before it begins"),
    (ROW, '"12333", queue: Recéption, kind: merged', "cannot be a name"),
    (ROW, '"12333", priority: 101, kind: merged', "101 is out of range"),
    (ROW, '"12333", knd: merged', "knd is not known; write kind"),
    ("until: 2020-01-11", "until: 2020-01-12", "half a year at most (T3); write a day from"),
    ("until: 2020-01-11", "until: soon", "write a date"),
    (
        "unit: 市税务局, name: 纳税服务热线, name_ko: 납세 서비스 전화",
        "unit: 市税务局",
        "is missing",
    ),
    (
        "kind: interconnect, unit: 市税务局",
        "dual_track_until: 2019-12-01, kind: interconnect, unit: 市税务局",
        "only a merged number has a dual-track period",
    ),
    ("recognise: [diversion, history, dialled]", "recognise: [diversion]", "each of the three"),
    ("recognise: [diversion, history", "recognise: [diversion, diversion", "each of the three"),
    ("recognise: [diversion,", "recognise: [paid,", "cannot be paid; write one of diversion"),
    ('area_codes: ["0715"]', 'area_codes: ["715"]', "715 is no area code"),
    ('"12345", kind: hotline', '"12345", kind: utility', "own number is missing"),
]


@pytest.mark.parametrize(("old", "new", "english"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_wrong_plan_is_told_with_its_line_and_a_cure(
    tmp_path: Path, old: str, new: str, english: str
) -> None:
    text = (FOLDER / "xianning-2019.yaml").read_text("utf-8")
    assert old in text
    file = tmp_path / "xianning-2019.yaml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    problems = problems_of(file)
    assert problems
    problem = problems[0]
    assert english in f"{problem.problem.en}; {problem.cure.en}"
    lines = file.read_text("utf-8").splitlines()
    changed = next(n for n, line in enumerate(lines, 1) if new in line)
    around = {n for n, line in enumerate(lines, 1) if line.strip() == "numbers:"}
    assert problem.line in {changed} | around
    assert problem.problem.zh != problem.problem.en
    assert problem.cure.zh != problem.cure.en


def test_a_plan_is_checked_without_a_file_too() -> None:
    with pytest.raises(BadSetting, match="twice"):
        plan(merged(), merged(since=date(2019, 12, 1)))


# --- with the city's packs, and in the journal --------------------------------------------------
CITY = CityLines(load_packs(), "xianning", ZoneInfo("Asia/Shanghai"))


def test_the_day_of_a_call_is_the_citys() -> None:
    """The plan begins on the 11th of July in the city, while it is still the 10th in UTC."""
    came = Signalled("12345", ("12333",))
    evening = datetime(2019, 7, 10, 16, tzinfo=UTC)
    assert CITY.find(came, evening).line.number == "12333"
    assert CITY.find(came, evening - timedelta(seconds=1)).line.number == "12345"
    assert CITY.find(came, datetime(2015, 1, 1, tzinfo=UTC)).forwarded_from == "12333"


def test_the_number_stays_through_menu_queue_and_transfer() -> None:
    """What a transfer back tells of the number counts no more (FIELD-NOTES: Diversion race)."""
    first = fact(0.1, "diversion1=%3Csip%3A0715-12333%40c%3E%3Breason%3Dunconditional")
    older = fact(0.2, "diversion2=%3Csip%3A8120000%40c%3E")
    back = [
        row(40, "BLINDTRANSFER"),
        fact(40.1, "dialled=12345"),
        fact(40.2, "diversion1=%3Csip%3A12329%40c%3E"),
        fact(41, "menu=1%3E1"),
    ]
    journal = Journal(CITY.find)
    rows = [*BEGIN, first, older, QUEUED, *TALK, *back]
    assert list(journal.read(rows)) == []
    (story,) = journal.open.values()
    assert story.line().number == "8120000"
    (record,) = journal.read([hangup(60, SEAT["channel"], **SEAT), hangup(90, CITIZEN), *END])
    assert (record.line, record.dialled, record.forwarded_from) == ("12333", "8120000", "12333")
    assert (record.seat, record.queue) == ("8001", "reception")


def test_a_thousand_forwarded_calls_are_all_attributed() -> None:
    """Interleaved as in a busy hour, each with one of the 23 numbers in one of the places."""
    lines = [MERGED[n % len(MERGED)] for n in range(1000)]
    told: list[object] = []
    for n, number in enumerate(lines):
        call = f"hotline-1795291538.{n}"
        header = ("diversion1", "history1", "dialled")[n % 3]
        address = f"%3Csip%3A{number}%40c%3E"
        if header == "history1":
            address += "%3Bindex%3D1%2C%3Csip%3A12345%40c%3E%3Bindex%3D1.1"
        value = number if header == "dialled" else address
        told.append(
            [
                row(n, "CHAN_START", call=call),
                fact_of(n + 0.1, f"{header}={value}", call),
                hangup(n + 900, CITIZEN, call=call),
                row(n + 900, "LINKEDID_END", call=call),
            ]
        )
    rows = [each[step] for step in range(4) for each in told]  # type: ignore[index]
    records = list(Journal(CITY.find).read(rows))
    assert Counter(record.line for record in records) == Counter(lines)


def fact_of(seconds: float, text: str, call: str) -> object:
    return row(seconds, "HOTLINE", call=call, extra=json.dumps({"extra": text}))
