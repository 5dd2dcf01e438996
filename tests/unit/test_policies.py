"""Policy packs: what the two cities' documents say, and what a wrong file is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from ticketing.domain.actions import Coordination, Measure
from ticketing.domain.errors import NoPolicy, PolicyError
from ticketing.domain.matters import OrderType, Urgency
from ticketing.domain.policy import Clock, Limit, PolicyPack, ReplyBy
from ticketing.domain.routing import Rule
from ticketing.domain.supervision import Kind
from ticketing.domain.tariff import Denominator, Period
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import (
    FOLDER,
    WORKDAYS,
    load_calendar,
    load_pack,
    load_packs,
    pack_files,
    pack_in_force,
    problems_of,
    read_pack,
)

YANJI, XIANNING = load_pack("yanji-2019"), load_pack("xianning-2019")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def spoilt(tmp_path: Path, old: str, new: str, name: str = "yanji-2019.yaml") -> Path:
    """A copy of a file with one place changed."""
    text = (FOLDER / name).read_text("utf-8")
    assert old in text
    file = tmp_path / name
    file.write_text(text.replace(old, new, 1), "utf-8")
    return file


def line_of(file: Path, part: str) -> int:
    lines = file.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if part in line)


@pytest.mark.parametrize("file", [*pack_files().values(), FOLDER / WORKDAYS], ids=lambda f: f.stem)
def test_what_is_shipped_is_right(file: Path) -> None:
    assert problems_of(file) == []


# --- what the documents say ---------------------------------------------------------------------
def test_yanji_says_what_its_document_says() -> None:
    assert YANJI.in_force == date(2019, 11, 4)
    assert YANJI.sign == Limit("W1", hours=1, clock=Clock.WALL)  # 附五1
    assert YANJI.returns.limit == Limit("W2", working_days=1)  # 附五2
    assert YANJI.returns.site_check == Limit("W2", working_days=2)
    days = {kind: YANJI.limits.of(kind, False).working_days for kind in OrderType}
    assert days == {
        OrderType.CONSULTATION: 1,
        OrderType.HELP: 3,
        OrderType.COMPLAINT: 3,
        OrderType.REPORT: 3,
        OrderType.SUGGESTION: 3,
        OrderType.EMERGENCY: 0,
    }  # 附五3
    assert YANJI.limits.complex.working_days == 3
    assert (YANJI.extensions.most, YANJI.extensions.ask_before) == (3, 1)  # 附五4
    assert YANJI.supervision.publish_listed  # 第十八条
    assert YANJI.reply_by is ReplyBy.UNIT  # 第十二条
    assert YANJI.scoring.bulletin.every is Period.MONTH  # 第二十二条


def test_xianning_says_what_its_document_says() -> None:
    assert XIANNING.in_force == date(2019, 7, 11)
    assert XIANNING.documents.notice == "督办通知书"  # 三(二)3
    assert XIANNING.documents.dispatch == "咸宁市政府公共服务热线交办通知书"  # 三(二)2
    assert XIANNING.reply_by is ReplyBy.CENTRE  # 三(二)2
    assert [each.measure for each in XIANNING.supervision.measures] == [
        Measure.REMINDER,
        Measure.NOTICE,
        Measure.ACCOUNTABILITY,
    ]
    assert set(XIANNING.coordination) == {
        Coordination.LETTER,
        Coordination.MEETING,
        Coordination.INVESTIGATION,
        Coordination.REFERRAL,
    }  # 三(五)
    assert XIANNING.scoring.bulletin.every is Period.WEEK  # 三(六)
    assert len(XIANNING.intake.accepted) == len(XIANNING.intake.declined) == 5  # 二(一)
    assert all(
        limit.assumed
        for limit in (
            XIANNING.sign,
            XIANNING.returns.limit,
            *(XIANNING.limits.of(k, False) for k in OrderType),
        )
    ), "its document names no figure"


@pytest.mark.parametrize("pack", [YANJI, XIANNING], ids=lambda pack: pack.id)
def test_defaults_where_both_documents_are_silent(pack: PolicyPack) -> None:
    assert pack.callback.attempts == 3  # note 11
    assert (pack.repeats.days, pack.repeats.count) == (90, 2)  # note 12
    assert pack.routing.bounces == 2  # I6
    assert pack.intake.line_overrides  # note 13
    assert pack.returns.clock_runs_while_pending  # note 14
    assert pack.returns.restarts_when_accepted
    assert pack.limits.emergency.assumed
    assert pack.urgency.assumed
    urgent = next(each for each in pack.intake.declined if "紧急" in each.title)
    assert urgent.divert == ("110", "119", "120")  # I2


def test_the_two_cities_differ_in_their_hours() -> None:
    assert YANJI.office_hours == ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 0)))
    assert XIANNING.office_hours == ((time(8, 30), time(12, 0)), (time(14, 30), time(17, 30)))


def test_yanji_puts_the_territory_first_and_xianning_the_county_and_competence() -> None:
    def before(pack: PolicyPack, first: Rule, second: Rule) -> bool:
        return pack.routing.order.index(first) < pack.routing.order.index(second)

    assert before(YANJI, Rule.TERRITORY, Rule.COMPETENCE)
    assert before(XIANNING, Rule.COUNTY, Rule.COMPETENCE)
    assert before(XIANNING, Rule.COMPETENCE, Rule.TERRITORY)


def test_the_ladder_of_supervision_is_the_packs() -> None:
    assert YANJI.supervision_settings.ladder == (
        Kind.SUPERVISION,
        Kind.NOTICE,
        Kind.LISTED,
        Kind.ACCOUNTABILITY,
    )
    assert XIANNING.supervision_settings.ladder == (Kind.NOTICE, Kind.ACCOUNTABILITY)
    assert XIANNING.supervision.limit(Measure.LISTED) is None


@pytest.mark.parametrize("pack", [YANJI, XIANNING], ids=lambda pack: pack.id)
def test_the_table_of_points_is_the_annexs(pack: PolicyPack) -> None:
    items = {item.id: item for part in pack.scoring.parts for item in part.items}
    assert list(items) == [f"S{number}" for number in range(1, 28)]
    parts = {part.title: part for part in pack.scoring.parts}
    assert [part.points for part in pack.scoring.parts] == [4, 4, 6, 6, 57, 15, 8]
    assert sum(part.points for part in pack.scoring.parts if part.monthly) == 72  # note 5
    assert parts["服务质量"].offsets  # note 3
    assert {tariff.code: tariff.points for tariff in items["S12"].tariffs} == {
        "late": 1,
        "not_done": 2,
    }
    assert items["S15"].tariffs[0].points == Decimal("0.11")
    assert items["S15"].full_from == 95
    assert pack.scoring.denominator is Denominator.FORWARDED  # note 4
    unset = [id_ for id_, item in items.items() if any(t.points is None for t in item.tariffs)]
    assert unset == [f"S{number}" for number in range(18, 24)]  # note 2
    assert pack.scoring.unset_blocks_quarter
    assert pack.scoring.suggested * len(unset) == 15


@pytest.mark.parametrize("pack", [YANJI, XIANNING], ids=lambda pack: pack.id)
def test_a_rule_without_a_source_carries_no_settled_figure(pack: PolicyPack) -> None:
    """What the document is silent on says so in its text: 暂 or 文件未 or a note."""
    for rule in pack.rules:
        assert rule.source or re.search("暂|文件未|注 ", rule.text), rule.id


# --- which pack -----------------------------------------------------------------------------------
def test_the_pack_in_force_on_the_day_of_dispatch() -> None:
    old = replace(YANJI, until=date(2026, 6, 30))
    new = replace(YANJI, id="yanji-2026", in_force=date(2026, 7, 1))
    packs = (XIANNING, new, old)
    assert pack_in_force(packs, "yanji", date(2026, 6, 30)) is old
    assert pack_in_force(packs, "yanji", date(2026, 7, 1)) is new
    assert pack_in_force(packs, "xianning", date(2026, 7, 1)) is XIANNING
    for city, day in (("yanji", date(2019, 11, 3)), ("wuhan", date(2026, 1, 1))):
        with pytest.raises(NoPolicy, match=city):
            pack_in_force(packs, city, day)


def test_a_pack_that_is_not_there() -> None:
    with pytest.raises(NoPolicy, match="yanji-2019"):
        load_pack("yanji-2091")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([("id: yanji-2019", "id: yanji-2020")], "in_force:"),
        # one day in both
        (
            [
                ("id: yanji-2019", "id: yanji-2020"),
                ("in_force: 2019-11-04", "in_force: 2019-01-01"),
                ("until: null", "until: 2019-11-04"),
            ],
            "in_force:",
        ),
        ([], "id:"),  # the file's name is not its id
    ],
)
def test_packs_of_one_city_follow_one_another(
    tmp_path: Path, changes: list[tuple[str, str]], line: str
) -> None:
    text = (FOLDER / "yanji-2019.yaml").read_text("utf-8")
    (tmp_path / "yanji-2019.yaml").write_text(text, "utf-8")
    for old, new in changes:
        text = text.replace(old, new, 1)
    second = tmp_path / "yanji-2020.yaml"
    second.write_text(text, "utf-8")
    with pytest.raises(PolicyError) as told:
        load_packs(tmp_path)
    assert (told.value.file, told.value.line) == (str(second), line_of(second, line))


def test_two_packs_with_an_end_between_them(tmp_path: Path) -> None:
    text = (FOLDER / "yanji-2019.yaml").read_text("utf-8")
    first = text.replace("until: null", "until: 2025-12-31")
    second = text.replace("in_force: 2019-11-04", "in_force: 2026-01-01")
    (tmp_path / "yanji-2019.yaml").write_text(first, "utf-8")
    (tmp_path / "yanji-2026.yaml").write_text(second.replace("id: yanji-2019", "id: yanji-2026"))
    packs = load_packs(tmp_path)
    assert pack_in_force(packs, "yanji", date(2025, 12, 31)).id == "yanji-2019"
    assert pack_in_force(packs, "yanji", date(2026, 1, 1)).id == "yanji-2026"


# --- wrong files --------------------------------------------------------------------------------
WRONG = [
    # what is changed, into what, what stands in the line that is named, what English says
    ("returns:", "retuns:", "retuns:", "retuns is not known; write returns"),
    ("city: yanji", "city: yanji\nmayor: x", "mayor:", "take it away; there may be id, city"),
    ("reply_by: unit  #", "# reply_by: unit  #", "id: yanji", "reply_by is missing; add"),
    (
        "reply_by: unit",
        "reply_by: mayor",
        "reply_by:",
        "cannot be mayor; write one of unit, centre",
    ),
    ("archive_after_days: 30", 'archive_after_days: "30"', "archive_after", "a whole number"),
    (
        "archive_after_days: 30",
        "archive_after_days: -1",
        "archive_after",
        "-1 is not within 0 to 3650",
    ),
    ('["08:30", "11:30"]', '["08:30", 1130]', "office_hours:", "a time in quotation marks"),
    ('["08:30", "11:30"]', '["11:30", "08:30"]', "office_hours:", "from early to late"),
    ('["13:30", "17:00"]', '["11:00", "17:00"]', "office_hours:", "from early to late"),
    ("in_force: 2019-11-04", "in_force: 2019-13-04", "in_force:", "write a date"),
    ("until: null", "until: 2018-01-01", "until:", "ends before it begins"),
    ("timezone: Asia/Shanghai", "timezone: Asia/Yanji", "timezone:", "no time zone Asia/Yanji"),
    ("W3, working_days: 1}", "W3}", "consultation:", "in working days or in hours"),
    ("W3, working_days: 1}", "W3, working_days: 1, hours: 2}", "consultation:", "or in hours"),
    ("W3, working_days: 1}", "W3, working_days: -1}", "consultation:", "-1 is not within"),
    ("W3, working_days: 1}", "W3, workin_days: 1}", "consultation:", "write working_days"),
    (
        "urgent: 50, critical: 25",
        "urgent: 25, critical: 50",
        "urgency:",
        "50 is not within 1 to 25",
    ),
    (
        "urgent: 50, critical: 25",
        "urgent: 150, critical: 25",
        "urgency:",
        "150 is not within 1 to 100",
    ),
    ("measure: notice", "measure: supervision", "measures:", "there twice"),
    ("publish_listed: true", "publish_listed: yes", "publish_listed:", "write true or false"),
    ("callback: {attempts: 3", "callback: {attempts: 0", "callback:", "0 is not within 1 to 10"),
    ("threshold: 0.5", "threshold: 1.5", "repeats:", "out of range"),
    ("count: 2, threshold", "count: two, threshold", "repeats:", "a whole number"),
    ("code: N2", "code: N1", "intake:", "the same code"),
    (
        'divert: ["110", "119", "120"]',
        'divert: ["110", "119", 120]',
        "divert:",
        "in quotation marks",
    ),
    ("[leader, bounced,", "[boss, bounced,", "routing:", "boss: no such routing rule"),
    ("points: 57", "points: 58", "points: 58", "has 58 points, its items 57"),
    ("points: 15", "points: 16", "parts:", "add up to 101, not 100"),
    ("id: S27", "id: S26", "parts:", "S26 is there twice"),
    ("points: 0.11", "points: -0.11", "points: -0.11", "more than 0"),
    ("points: 0.11", "points: much", "points: much", "a number, for example 0.5"),
    ("settings: [sign]", "settings: [sing]", "settings: [sing]", "sing is no setting here"),
    ("sign: {rule: W1, hours: 1, clock: wall}", "sign: 1", "sign: 1", "several `key: value`"),
    ("coordination: [record, meeting]", "coordination: record", "coordination:", "write a list"),
    ("reply_by: unit", "reply_by: unit\nreply_by: both", "reply_by: both", "there twice"),
    ("reply_by: unit", "  reply_by: unit", "  reply_by: unit", "not YAML"),
]


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_wrong_pack_is_told_with_file_line_and_cure(
    tmp_path: Path, old: str, new: str, line: str, told: str
) -> None:
    file = spoilt(tmp_path, old, new)
    (problem,) = problems_of(file)
    assert problem.file == str(file)
    assert line in file.read_text("utf-8").splitlines()[problem.line - 1]
    assert told in f"{problem.problem.en}; {problem.cure.en}"
    assert CHINESE.search(problem.problem.zh)
    assert CHINESE.search(problem.cure.zh)
    assert f"{file}:{problem.line}: {problem.problem.en}" in str(problem)
    with pytest.raises(PolicyError):
        read_pack(file)


def test_every_problem_is_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    file = spoilt(tmp_path, "reply_by: unit", "reply_by: mayor")
    text = file.read_text("utf-8").replace("archive_after_days: 30", "archive_after_days: x")
    file.write_text(text.replace("city: yanji\n", ""), "utf-8")
    found = problems_of(file)
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("content", "english"),
    [
        (b"", "not a list of"),
        (b"- 1\n- 2\n", "not a list of"),
        (b"a: \xff\xfe", "UTF-8"),
        (b"a: \x07", "not usable YAML"),
        (b"a: &x [1]\nb: *x\n", "not supported"),
        (b"a: &x [*x]\n", "not supported"),
        (b"a: [" + b"[" * 3000, "usable YAML"),
        (b"a: 1\na: 2\n", "there twice"),
        (b"a: !!python/object:os.system x\n", "is not known"),
    ],
)
def test_a_file_that_is_no_pack_at_all(tmp_path: Path, content: bytes, english: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    assert any(english in problem.problem.en for problem in problems_of(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "none.yaml")
    assert "cannot be read" in problem.problem.en


@pytest.mark.parametrize(
    ("old", "new", "line", "english"),
    [
        (
            "first: 2026-02-15, last: 2026-02-23",
            "first: 2026-02-23, last: 2026-02-15",
            "2026-02-23, last",
            "before it begins",
        ),
        ("[2026-02-14, 2026-02-28]", "[2026-02-13, 2026-02-28]", "2026-02-13", "no weekend"),
        ("[2026-02-14, 2026-02-28]", "[2026-02-14, 2062-02-25]", "2062", "not within 2026"),
        (
            "[2026-02-14, 2026-02-28]",
            "[2026-02-15, 2026-02-28]",
            "[2026-02-15",
            "both off and worked",
        ),
        ("first: 2026-04-04", "first: 2026-02-23", "清明节, first: 2026-02-23", "in two holidays"),
        ("name: 春节, first: 2024", "nam: 春节, first: 2024", "nam: 春节", "nam"),
    ],
)
def test_a_wrong_table_of_days_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: str, english: str
) -> None:
    file = spoilt(tmp_path, old, new, WORKDAYS)
    problems = problems_of(file)
    assert problems
    assert line in file.read_text("utf-8").splitlines()[problems[0].line - 1]
    assert english in problems[0].problem.en
    with pytest.raises(PolicyError):
        load_calendar(tmp_path)


def test_one_year_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / WORKDAYS
    file.write_text("years:\n  - {year: 2030, source: x, holidays: []}\n", "utf-8")
    assert problems_of(file) == []
    twice = "years:\n" + "  - {year: 2030, source: x, holidays: []}\n" * 2
    file.write_text(twice, "utf-8")
    assert "there twice" in problems_of(file)[0].problem.en


# --- limits -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "hours", "percent", "left"),
    [
        (3, 0, 50, (2, 0)),
        (3, 0, 25, (1, 0)),
        (1, 0, 1, (1, 0)),
        (0, 4, 50, (0, 2)),
        (5, 0, 100, (5, 0)),
    ],
)
def test_a_shortened_limit_is_rounded_up(
    days: int, hours: int, percent: int, left: tuple[int, int]
) -> None:
    short = Limit("W4", days, hours).shortened(percent)
    assert (short.working_days, short.hours) == left


def test_a_normal_matter_keeps_its_limit() -> None:
    assert YANJI.urgency.of(Urgency.NORMAL) == 100


def test_values_are_checked_without_a_file_too() -> None:
    with pytest.raises(BadSetting) as told:
        replace(YANJI, archive_after_days=-1)
    assert told.value.field == "archive_after_days"
    noon = time.fromisoformat("11:30+08:00")
    morning = time.fromisoformat("08:30+08:00")
    with pytest.raises(BadSetting, match="offset"):
        replace(YANJI, office_hours=((morning, noon),))
