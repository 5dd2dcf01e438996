"""``hotline policy`` and ``hotline deadline``: without a running hotline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ticketing.policies.loader import FOLDER

DISPATCH = ("deadline", "--pack", "yanji-2019", "--dispatched", "2026-02-13T16:40+08:00")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))


def hotline(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_check_finds_nothing_wrong_with_what_is_shipped() -> None:
    done = hotline("policy", "check")
    assert (done.exit_code, done.stdout) == (0, "3 files, 0 problems.\n")


def test_check_tells_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "town.yaml"
    text = (FOLDER / "yanji-2019.yaml").read_text("utf-8")
    file.write_text(text.replace("until: null", "until: soon"), "utf-8")
    done = hotline("policy", "check", str(file))
    assert done.exit_code == 1
    assert f"{file}:7: until 的值不对。应写日期" in done.stdout
    assert f"{file}:7: the value of until is not usable; write a date" in done.stdout
    told = json.loads(hotline("policy", "check", str(file), "--json").stdout)
    (problem,) = told["problems"]
    assert (problem["file"], problem["line"]) == (str(file), 7)
    assert "2026-01-01" in problem["cure"]["en"]


def test_diff_shows_where_the_cities_differ() -> None:
    rows = json.loads(hotline("policy", "diff", "yanji-2019", "xianning-2019", "--json").stdout)
    found = {row["setting"]: (row["a"], row["b"]) for row in rows}
    assert found["reply_by"] == ("unit", "centre")
    assert found["office_hours"][1] == [["08:30", "12:00"], ["14:30", "17:30"]]
    assert found["supervision.measures[listed].limit.working_days"] == (2, "（没有此项）")
    assert found["documents.notice"] == ("督办通知", "督办通知书")
    assert "timezone" not in found
    shown = hotline("policy", "diff", "yanji-2019", "xianning-2019").stdout
    assert "  xianning-2019: centre\n" in shown


def test_a_pack_does_not_differ_from_its_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes((FOLDER / "yanji-2019.yaml").read_bytes())
    assert hotline("policy", "diff", "yanji-2019", str(copy)).stdout == "0 differences.\n"


def test_explain_tells_source_text_and_setting() -> None:
    done = hotline("policy", "explain", "w3", "--pack", "yanji-2019")
    assert "附五3" in done.stdout
    assert "咨询类 1 个工作日内办结" in done.stdout
    both = json.loads(hotline("policy", "explain", "W3", "--json").stdout)
    assert [each["pack"] for each in both] == ["xianning-2019", "yanji-2019"]
    (setting,) = both[1]["settings"]
    assert setting["value"] == {"rule": "W3", "working_days": 1}
    line = Path(setting["file"]).read_text("utf-8").splitlines()[setting["line"] - 1]
    assert line.strip().startswith("consultation:")


def test_explain_says_when_a_figure_is_assumed() -> None:
    assert (
        "文件未规定，系暂定" in hotline("policy", "explain", "W1", "--pack", "xianning-2019").stdout
    )


@pytest.mark.parametrize(
    "args",
    [
        ("policy", "explain", "W99"),
        ("policy", "diff", "yanji-2019", "nowhere"),
        ("deadline", "--pack", "nowhere", "--type", "help", "--dispatched", "2026-02-13T16:40"),
        ("deadline", "--pack", "yanji-2019", "--type", "help", "--dispatched", "2019-01-04T16:40"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(args: tuple[str, ...]) -> None:
    done = hotline(*args)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_deadlines_as_json() -> None:
    told = json.loads(hotline(*DISPATCH, "--type", "complaint", "--json").stdout)
    assert {name: each["at"] for name, each in told.items()} == {
        "sign_by": "2026-02-13T17:40:00+08:00",
        "return_by": "2026-02-14T17:00:00+08:00",
        "return_by_site_check": "2026-02-24T17:00:00+08:00",
        "extension_by": "2026-02-24T17:00:00+08:00",
        "due": "2026-02-25T17:00:00+08:00",
    }
    assert {name: each["rule"] for name, each in told.items()} == {
        "sign_by": "W1",
        "return_by": "W2",
        "return_by_site_check": "W2",
        "extension_by": "W5",
        "due": "W4",
    }
    days = told["due"]["days"]
    assert [day["day"] for day in days if day["working"]] == [
        "2026-02-14",
        "2026-02-24",
        "2026-02-25",
    ]
    assert days[0] == {
        "day": "2026-02-14",
        "working": True,
        "reason": "调休",
        "provisional": False,
    }
    assert {day["reason"] for day in days[1:10]} == {"春节"}
    assert not told["due"]["provisional"]
    assert told["sign_by"]["days"] == []


def test_the_two_packs_give_different_answers() -> None:
    args = ("deadline", "--type", "complaint", "--dispatched", "2026-02-13T16:40+08:00", "--json")
    yanji = json.loads(hotline(*args, "--pack", "yanji-2019").stdout)
    xianning = json.loads(hotline(*args, "--pack", "xianning-2019").stdout)
    assert yanji["due"]["at"].endswith("T17:00:00+08:00")
    assert xianning["due"]["at"].endswith("T17:30:00+08:00")
    assert "文件未定" in xianning["due"]["why"]
    assert "文件未定" not in yanji["due"]["why"]


def test_a_table_for_people() -> None:
    shown = hotline(*DISPATCH, "--type", "complaint").stdout
    assert "办结截止                  2026-02-25 周三 17:00  W4\n" in shown
    assert "2026-02-14 周六  上班（调休）\n" in shown
    assert "暂定" not in shown


def test_a_provisional_limit_is_flagged_for_people() -> None:
    """2040 will not be published before 2039."""
    args = ("deadline", "--pack", "yanji-2019", "--type", "help", "--dispatched")
    shown = hotline(*args, "2040-05-10T10:00").stdout
    assert "W4  暂定\n" in shown
    assert "公布后重新计算" in shown


def test_all_that_can_be_given() -> None:
    args = (*DISPATCH, "--type", "consultation", "--json")
    assert json.loads(hotline(*args, "--complex").stdout)["due"]["rule"] == "W4"
    urgent = json.loads(
        hotline(*DISPATCH, "--type", "help", "--urgency", "critical", "--json").stdout
    )
    assert urgent["due"]["at"] == "2026-02-14T17:00:00+08:00"
    law = ("--statutory-days", "5", "--basis", "某法第三条")
    by_law = json.loads(hotline(*args, *law).stdout)
    assert by_law["due"]["at"] == "2026-02-27T17:00:00+08:00"  # Sat 14, Tue 24 to Fri 27
    assert "某法第三条" in by_law["due"]["why"]
    every_day = json.loads(hotline(*args, *law, "--calendar-days").stdout)
    assert every_day["due"]["at"] == "2026-02-24T17:00:00+08:00"  # Wed 18 is off


def test_a_moment_without_an_offset_is_local() -> None:
    args = ("deadline", "--pack", "yanji-2019", "--type", "help", "--json", "--dispatched")
    assert hotline(*args, "2026-02-13T16:40").stdout == hotline(*args, "2026-02-13T08:40Z").stdout


@pytest.mark.parametrize(
    "more",
    [
        ("--statutory-days", "5"),
        ("--basis", "某法"),
        ("--calendar-days",),
        ("--statutory-days", "0", "--basis", "某法"),
        ("--dispatched", "yesterday"),
        ("--dispatched", "9999-12-31T23:00"),
        ("--urgency", "very"),
    ],
)
def test_what_cannot_be_meant_is_refused(more: tuple[str, ...]) -> None:
    done = hotline(*DISPATCH, "--type", "help", *more)
    assert done.exit_code == 2
    assert "Error: " in done.stderr
