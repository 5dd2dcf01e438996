"""The two packs judge the same ten orders: different answers, each right, explained by its rule.

Counted by hand. Yanji's offices close at 17:00, Xianning's at 17:30; a limit ends with the last
working day. Days off: the Spring Festival 15 to 23 February 2026 with Saturdays 14 and 28 February
worked; the National Day 1 to 7 October 2026 with Sunday 20 September and Saturday 10 October
worked.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from ticketing.domain.deadlines import extended, set_deadlines
from ticketing.domain.matters import OrderType, StatutoryLimit, Urgency
from ticketing.policies.loader import load_calendar, load_pack

CALENDAR = load_calendar()
LAW = StatutoryLimit(5, working=True, basis="某条例第八条")
# what it is, dispatched, more; the day on which it is due, its rule, and how many days were looked
# at after the day of dispatch
ORDERS = [
    ("consultation", "2026-03-02T09:00", {}, "03-03", "W3", 1),  # Monday → Tuesday
    ("consultation", "2026-03-06T16:59", {}, "03-09", "W3", 3),  # Friday → Monday
    ("consultation", "2026-03-02T09:00", {"complex_matter": True}, "03-05", "W4", 3),
    ("complaint", "2026-02-13T16:40", {}, "02-25", "W4", 12),  # Sat 14 works; 24, 25
    ("help", "2026-02-27T10:00", {}, "03-03", "W4", 4),  # Saturday 28 is worked; 2, 3 March
    ("report", "2026-09-29T15:00", {}, "10-09", "W4", 10),  # 30; 8, 9 October
    ("suggestion", "2026-10-08T08:31", {}, "10-12", "W4", 4),  # 9, Saturday 10, Monday 12
    ("complaint", "2026-03-02T09:00", {"statutory": LAW}, "03-09", "W4", 7),
    ("help", "2026-03-02T09:00", {"urgency": Urgency.URGENT}, "03-04", "W4", 2),  # half, rounded up
    ("complaint", "2026-03-02T09:00", {"urgency": Urgency.CRITICAL}, "03-03", "W4", 1),
]
CLOSING = {"yanji-2019": "17:00", "xianning-2019": "17:30"}


@pytest.mark.parametrize("pack_id", CLOSING)
@pytest.mark.parametrize(("kind", "dispatched", "more", "day", "rule", "looked_at"), ORDERS)
def test_each_pack_gives_its_own_answer_and_says_why(
    pack_id: str,
    kind: str,
    dispatched: str,
    more: dict[str, object],
    day: str,
    rule: str,
    looked_at: int,
) -> None:
    pack = load_pack(pack_id)
    at = datetime.fromisoformat(f"{dispatched}:00+08:00")
    limits = set_deadlines(pack, CALENDAR, type=OrderType(kind), dispatched=at, **more)  # type: ignore[arg-type]
    due = limits.due
    assert f"{due.at.astimezone(pack.zone):%m-%d %H:%M}" == f"{day} {CLOSING[pack_id]}"
    assert due.rule == rule
    assert len(due.days) == looked_at
    assert f"{due.at.astimezone(pack.zone):%H:%M}" in due.why
    if "statutory" in more:
        assert "某条例第八条" in due.why
    explained = {text.id: text for text in pack.rules}
    assert explained[rule].text
    assert explained[rule].settings


def test_the_same_extension_ends_with_each_citys_own_day() -> None:
    at = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    ends = {}
    for pack_id in CLOSING:
        pack = load_pack(pack_id)
        due = set_deadlines(pack, CALENDAR, type=OrderType.COMPLAINT, dispatched=at).due.at
        later = extended(pack, CALENDAR, due, 3, original_days=3, granted=0)
        ends[pack_id] = f"{later.at.astimezone(pack.zone):%m-%d %H:%M}"
    assert ends == {"yanji-2019": "03-10 17:00", "xianning-2019": "03-10 17:30"}


def test_the_packs_differ_beyond_the_clock() -> None:
    yanji, xianning = (load_pack(name) for name in CLOSING)
    assert yanji.reply_by != xianning.reply_by
    assert yanji.coordination != xianning.coordination
    assert [m.measure for m in yanji.supervision.measures] != [
        m.measure for m in xianning.supervision.measures
    ]
