"""Worked examples: each counted by hand from the published calendar, not by a program.

Every row: when it was dispatched, then the first, second and third working day after that day. They
are the returns of W2 (first; second with a site check) and the limits of W3 (first) and W4 (third).
The extension of a W4 order is asked for by the second day, of a W3 order until it is due (note 9).
The published days are in the comments: "off" is a holiday, "worked" a make-up day.
"""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from ticketing.domain.deadlines import set_deadlines
from ticketing.domain.matters import OrderType, StatutoryLimit, Urgency
from ticketing.policies.loader import load_calendar, load_pack

CLOSING = {"yanji-2019": time(17, 0), "xianning-2019": time(17, 30)}

# 2025. Spring Festival off 28 Jan (Tue) to 4 Feb (Tue); worked: Sun 26 Jan, Sat 8 Feb.
# Qingming off 4 Apr (Fri) to 6 Apr (Sun). Labour Day off 1 May (Thu) to 5 May (Mon); worked: Sun
# 27 Apr. Dragon Boat off 31 May (Sat) to 2 Jun (Mon). National Day and Mid-Autumn off 1 Oct (Wed)
# to 8 Oct (Wed); worked: Sun 28 Sep, Sat 11 Oct.
# 2026. New Year off 1 Jan (Thu) to 3 Jan (Sat); worked: Sun 4 Jan. Spring Festival off 15 Feb (Sun)
# to 23 Feb (Mon); worked: Sat 14 Feb, Sat 28 Feb. Qingming off 4 Apr (Sat) to 6 Apr (Mon). Labour
# Day off 1 May (Fri) to 5 May (Tue); worked: Sat 9 May. Dragon Boat off 19 Jun (Fri) to 21 Jun
# (Sun). Mid-Autumn off 25 Sep (Fri) to 27 Sep (Sun). National Day off 1 Oct (Thu) to 7 Oct (Wed);
# worked: Sun 20 Sep, Sat 10 Oct.
EXAMPLES = [
    # --- Spring Festival 2025
    # Wed: Thu 23 is 1, Fri 24 is 2, Sat 25 free, Sun 26 worked is 3
    ("2025-01-22T10:00", "2025-01-23", "2025-01-24", "2025-01-26"),
    # Thu: Fri 24 is 1, Sat 25 free, Sun 26 worked is 2, Mon 27 is 3
    ("2025-01-23T16:59", "2025-01-24", "2025-01-26", "2025-01-27"),
    # Fri: Sat 25 free, Sun 26 worked is 1, Mon 27 is 2, off 28 to 4, Wed 5 Feb is 3
    ("2025-01-24T09:00", "2025-01-26", "2025-01-27", "2025-02-05"),
    # Sat, free: Sun 26 worked is 1, Mon 27 is 2, Wed 5 Feb is 3
    ("2025-01-25T12:00", "2025-01-26", "2025-01-27", "2025-02-05"),
    # Sun, worked: Mon 27 is 1, Wed 5 Feb is 2, Thu 6 is 3
    ("2025-01-26T14:00", "2025-01-27", "2025-02-05", "2025-02-06"),
    # Mon, after close; its day still is the day of dispatch: Wed 5 Feb is 1, Thu 6 is 2, Fri 7 is 3
    ("2025-01-27T20:15", "2025-02-05", "2025-02-06", "2025-02-07"),
    # Tue, New Year's Eve, off: the same as Mon
    ("2025-01-28T23:59", "2025-02-05", "2025-02-06", "2025-02-07"),
    # Tue, last day off: the same again
    ("2025-02-04T08:00", "2025-02-05", "2025-02-06", "2025-02-07"),
    # Wed: Thu 6 is 1, Fri 7 is 2, Sat 8 worked is 3
    ("2025-02-05T08:30", "2025-02-06", "2025-02-07", "2025-02-08"),
    # Thu: Fri 7 is 1, Sat 8 worked is 2, Sun 9 free, Mon 10 is 3
    ("2025-02-06T11:45", "2025-02-07", "2025-02-08", "2025-02-10"),
    # Fri: Sat 8 worked is 1, Mon 10 is 2, Tue 11 is 3
    ("2025-02-07T17:00", "2025-02-08", "2025-02-10", "2025-02-11"),
    # Sat, worked: Mon 10 is 1, Tue 11 is 2, Wed 12 is 3
    ("2025-02-08T16:40", "2025-02-10", "2025-02-11", "2025-02-12"),
    # --- Qingming, Labour Day and Dragon Boat 2025
    # Thu: off Fri 4 to Sun 6 with no make-up; Mon 7, Tue 8, Wed 9
    ("2025-04-03T15:00", "2025-04-07", "2025-04-08", "2025-04-09"),
    # Fri: Sat 26 free, Sun 27 worked is 1, Mon 28 is 2, Tue 29 is 3
    ("2025-04-25T09:30", "2025-04-27", "2025-04-28", "2025-04-29"),
    # Tue: Wed 30 is 1, off 1 to 5 May, Tue 6 is 2, Wed 7 is 3
    ("2025-04-29T13:30", "2025-04-30", "2025-05-06", "2025-05-07"),
    # Thu 1 May, off: Tue 6, Wed 7, Thu 8
    ("2025-05-01T10:00", "2025-05-06", "2025-05-07", "2025-05-08"),
    # Fri: off Sat 31 to Mon 2 Jun; Tue 3, Wed 4, Thu 5
    ("2025-05-30T16:00", "2025-06-03", "2025-06-04", "2025-06-05"),
    # --- National Day and Mid-Autumn 2025
    # Thu: Fri 26 is 1, Sat 27 free, Sun 28 worked is 2, Mon 29 is 3
    ("2025-09-25T10:00", "2025-09-26", "2025-09-28", "2025-09-29"),
    # Fri: Sun 28 worked is 1, Mon 29 is 2, Tue 30 is 3
    ("2025-09-26T16:40", "2025-09-28", "2025-09-29", "2025-09-30"),
    # Sat, free: the same as Fri
    ("2025-09-27T10:00", "2025-09-28", "2025-09-29", "2025-09-30"),
    # Sun, worked: Mon 29 is 1, Tue 30 is 2, off 1 to 8 Oct, Thu 9 is 3
    ("2025-09-28T08:31", "2025-09-29", "2025-09-30", "2025-10-09"),
    # Mon: Tue 30 is 1, Thu 9 is 2, Fri 10 is 3
    ("2025-09-29T12:30", "2025-09-30", "2025-10-09", "2025-10-10"),
    # Tue: Thu 9 is 1, Fri 10 is 2, Sat 11 worked is 3
    ("2025-09-30T16:59", "2025-10-09", "2025-10-10", "2025-10-11"),
    # Mon, Mid-Autumn Day itself, off: the same as Tue 30 Sep
    ("2025-10-06T06:00", "2025-10-09", "2025-10-10", "2025-10-11"),
    # Thu: Fri 10 is 1, Sat 11 worked is 2, Sun 12 free, Mon 13 is 3
    ("2025-10-09T09:00", "2025-10-10", "2025-10-11", "2025-10-13"),
    # Sat, worked: Mon 13, Tue 14, Wed 15
    ("2025-10-11T10:00", "2025-10-13", "2025-10-14", "2025-10-15"),
    # --- New Year 2026, over the year's end
    # Tue: Wed 31 is 1, off 1 to 3 Jan, Sun 4 worked is 2, Mon 5 is 3
    ("2025-12-30T10:00", "2025-12-31", "2026-01-04", "2026-01-05"),
    # Wed: Sun 4 worked is 1, Mon 5 is 2, Tue 6 is 3
    ("2025-12-31T17:30", "2026-01-04", "2026-01-05", "2026-01-06"),
    # --- Spring Festival 2026
    # Wed: Thu 12 is 1, Fri 13 is 2, Sat 14 worked is 3
    ("2026-02-11T10:00", "2026-02-12", "2026-02-13", "2026-02-14"),
    # Thu: Fri 13 is 1, Sat 14 worked is 2, off 15 to 23, Tue 24 is 3
    ("2026-02-12T15:00", "2026-02-13", "2026-02-14", "2026-02-24"),
    # Fri: Sat 14 worked is 1, Tue 24 is 2, Wed 25 is 3
    ("2026-02-13T16:40", "2026-02-14", "2026-02-24", "2026-02-25"),
    # Sat, worked: Tue 24, Wed 25, Thu 26
    ("2026-02-14T11:30", "2026-02-24", "2026-02-25", "2026-02-26"),
    # Tue, New Year's Day of the lunar year, off: the same
    ("2026-02-17T00:00", "2026-02-24", "2026-02-25", "2026-02-26"),
    # Wed: Thu 26 is 1, Fri 27 is 2, Sat 28 worked is 3
    ("2026-02-25T10:00", "2026-02-26", "2026-02-27", "2026-02-28"),
    # Fri: Sat 28 worked is 1, Sun 1 Mar free, Mon 2 is 2, Tue 3 is 3
    ("2026-02-27T10:00", "2026-02-28", "2026-03-02", "2026-03-03"),
    # --- Qingming, Labour Day and Dragon Boat 2026
    # Fri: off Sat 4 to Mon 6; Tue 7, Wed 8, Thu 9
    ("2026-04-03T10:00", "2026-04-07", "2026-04-08", "2026-04-09"),
    # Thu: off 1 to 5 May; Wed 6 is 1, Thu 7 is 2, Fri 8 is 3
    ("2026-04-30T16:00", "2026-05-06", "2026-05-07", "2026-05-08"),
    # Thu: Fri 8 is 1, Sat 9 worked is 2, Sun 10 free, Mon 11 is 3
    ("2026-05-07T09:00", "2026-05-08", "2026-05-09", "2026-05-11"),
    # Thu: off Fri 19 to Sun 21; Mon 22, Tue 23, Wed 24
    ("2026-06-18T14:00", "2026-06-22", "2026-06-23", "2026-06-24"),
    # --- Mid-Autumn and National Day 2026
    # Fri: Sat 19 free, Sun 20 worked is 1, Mon 21 is 2, Tue 22 is 3
    ("2026-09-18T10:00", "2026-09-20", "2026-09-21", "2026-09-22"),
    # Wed: Thu 24 is 1, off Fri 25 to Sun 27, Mon 28 is 2, Tue 29 is 3
    ("2026-09-23T10:00", "2026-09-24", "2026-09-28", "2026-09-29"),
    # Mon: Tue 29 is 1, Wed 30 is 2, off 1 to 7 Oct, Thu 8 is 3
    ("2026-09-28T16:59", "2026-09-29", "2026-09-30", "2026-10-08"),
    # Wed: Thu 8 is 1, Fri 9 is 2, Sat 10 worked is 3
    ("2026-09-30T18:00", "2026-10-08", "2026-10-09", "2026-10-10"),
    # Fri: Sat 10 worked is 1, Sun 11 free, Mon 12 is 2, Tue 13 is 3
    ("2026-10-09T10:00", "2026-10-10", "2026-10-12", "2026-10-13"),
    # Sat, worked: Mon 12, Tue 13, Wed 14
    ("2026-10-10T08:00", "2026-10-12", "2026-10-13", "2026-10-14"),
]


@pytest.mark.parametrize("pack", CLOSING)
@pytest.mark.parametrize(
    ("dispatched", "first", "second", "third"), EXAMPLES, ids=[row[0] for row in EXAMPLES]
)
def test_days_counted_by_hand(
    pack: str, dispatched: str, first: str, second: str, third: str
) -> None:
    rules, calendar = load_pack(pack), load_calendar()

    def closing(day: str) -> datetime:
        return datetime.combine(date.fromisoformat(day), CLOSING[pack], rules.zone)

    moment = datetime.fromisoformat(f"{dispatched}+08:00")
    asked = set_deadlines(rules, calendar, type=OrderType.CONSULTATION, dispatched=moment)
    told = set_deadlines(rules, calendar, type=OrderType.COMPLAINT, dispatched=moment)
    assert asked.due.at == asked.extension_by.at == closing(first)
    assert told.return_by.at == closing(first)
    assert told.return_by_site_check.at == told.extension_by.at == closing(second)
    assert told.due.at == closing(third)
    assert (asked.due.rule, told.due.rule, told.return_by.rule) == ("W3", "W4", "W2")
    assert not told.due.provisional


def test_there_are_enough_of_them() -> None:
    assert len({row[0] for row in EXAMPLES}) == len(EXAMPLES) >= 40


LAW = "《信访工作条例》第二十三条"

# type, urgency, complex, statutory limit, dispatched, due; of yanji-2019
PARTICULAR = [
    # a complex consultation has 3 working days: Sat 14 Feb worked, Tue 24, Wed 25
    ("consultation", "normal", True, None, "2026-02-13T16:40", "2026-02-25T17:00"),
    # urgent: half of 3 days, rounded up to 2: Sat 14 worked, Tue 24
    ("complaint", "urgent", False, None, "2026-02-13T16:40", "2026-02-24T17:00"),
    # critical: a quarter of 3 days, rounded up to 1: Sat 14 worked
    ("complaint", "critical", False, None, "2026-02-13T16:40", "2026-02-14T17:00"),
    # urgent, of 1 day: no less than 1
    ("consultation", "urgent", False, None, "2025-09-30T10:00", "2025-10-09T17:00"),
    # an emergency: 4 hours on the wall clock, in the night of the holiday
    ("emergency", "normal", False, None, "2026-02-16T22:30", "2026-02-17T02:30"),
    # urgent emergency: half of 4 hours; it stays an emergency when it is complex
    ("emergency", "urgent", True, None, "2026-02-16T22:30", "2026-02-17T00:30"),
    # 5 working days by law: Wed 5, Thu 6, Fri 7, Sat 8 worked, Mon 10 Feb; urgency changes nothing
    ("help", "critical", False, (5, True), "2025-01-27T10:00", "2025-02-10T17:00"),
    # a law may be shorter: 1 working day, Sun 28 Sep worked
    ("report", "normal", False, (1, True), "2025-09-26T10:00", "2025-09-28T17:00"),
    # 10 calendar days from Fri 26 Sep: 6 Oct, off until the 8th, so Thu 9
    ("report", "normal", False, (10, False), "2025-09-26T10:00", "2025-10-09T17:00"),
    # 15 calendar days from Fri 26 Sep: Sat 11 Oct, worked, and there it ends
    ("report", "normal", False, (15, False), "2025-09-26T10:00", "2025-10-11T17:00"),
    # 60 calendar days from 14 Jan: 31 to 14 Feb, 28 more to 14 Mar are 59; 15 Mar is a Sunday, so
    # Mon 16
    ("complaint", "normal", False, (60, False), "2026-01-14T10:00", "2026-03-16T17:00"),
]


@pytest.mark.parametrize(("kind", "urgency", "hard", "law", "dispatched", "due"), PARTICULAR)
def test_particular_limits_counted_by_hand(
    kind: str, urgency: str, hard: bool, law: tuple[int, bool] | None, dispatched: str, due: str
) -> None:
    found = set_deadlines(
        load_pack("yanji-2019"),
        load_calendar(),
        type=OrderType(kind),
        dispatched=datetime.fromisoformat(f"{dispatched}+08:00"),
        urgency=Urgency(urgency),
        complex_matter=hard,
        statutory=None if law is None else StatutoryLimit(*law, basis=LAW),
    )
    assert found.due.at == datetime.fromisoformat(f"{due}+08:00")
    assert (LAW in found.due.why) == (law is not None)
