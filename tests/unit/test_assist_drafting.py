"""A draft is drawn from what was said; sensitive words are found; articles are ranked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.assist.bm25 import Bm25
from ticketing.assist.drafting import TITLE, draft
from ticketing.domain.sensitive import SensitiveWords, sensitive
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import load_packs

SUNDAY = date(2026, 11, 22)
SAID = (
    "喂，你好，我想反映一下，上周五晚上八点半啊，解放路一百二十号门口那个路灯不亮了，有三盏。"
    "那个，我妈昨天摔了一跤，花了两千五百块医药费。嗯，希望你们尽快修好。谢谢，再见。"
)


def test_a_draft_says_what_was_said_in_digits_and_without_fillers() -> None:
    made = draft(SAID, SUNDAY, {"路灯": 3.0, "不亮": 2.0})
    assert made.title == "解放路120号门口那个路灯不亮了"
    assert made.content == (
        "上周五（11月13日）20:30，解放路120号门口那个路灯不亮了，有3盏。"
        "我妈昨天（11月21日）摔了一跤，花了2500块医药费。希望你们尽快修好。"
    )
    assert ("昨天", "11月21日") in {(fact.said, fact.means) for fact in made.facts}


def test_each_sentence_tells_where_it_was_said() -> None:
    made = draft(SAID, SUNDAY)
    for sentence in made.sentences:
        assert SAID[sentence.start : sentence.end].endswith(sentence.text[-2:])
    assert [each.start for each in made.sentences] == sorted(each.start for each in made.sentences)


def test_of_a_long_call_what_matters_is_kept_in_its_order() -> None:
    idle = "我跟你讲这个事情说来话长真的是一言难尽没有办法。" * 60
    made = draft(f"{idle}解放路的路灯不亮。{idle}希望尽快维修。", SUNDAY, {"路灯": 5.0})
    assert "解放路的路灯不亮。" in made.content
    assert made.content.index("路灯不亮") < made.content.index("希望尽快维修")
    assert len(made.content) < 700
    assert "路灯" in made.title


WORDS = st.text("路灯不亮希望修上周五昨天三点二十块元号楼。，！？\n喂嗯 abc123", max_size=80)


@given(WORDS, st.dates(date(2019, 1, 1), date(2099, 12, 31)))
def test_nothing_is_made_up(said: str, today: date) -> None:
    made = draft(said, today)
    means = "".join(fact.means for fact in made.facts)
    allowed = set(said) | set(means) | set("。（）")
    assert set(made.content) <= allowed
    assert set(made.title) <= allowed
    assert len(made.title) <= TITLE
    for sentence in made.sentences:
        assert 0 <= sentence.start < sentence.end <= len(said)


def test_nothing_said_makes_an_empty_draft() -> None:
    for said in ("", "喂，你好。", "谢谢，再见！"):
        made = draft(said, SUNDAY)
        assert (made.title, made.content) == ("", "")


# --- sensitive words ----------------------------------------------------------------------------
KINDS = (
    SensitiveWords("轻生", ("跳楼", "不想活"), "报警"),
    SensitiveWords("信访", ("上访", "进京上访")),
)


def test_sensitive_words_are_found_with_their_kind_and_what_to_do() -> None:
    found = sensitive("再不解决我就跳楼，不想活了，全家进京上访", KINDS)
    assert [(each.kind, each.words) for each in found] == [
        ("轻生", ("跳楼", "不想活")),
        ("信访", ("进京上访",)),
    ]
    assert found[0].advice == "报警"
    assert found[0].start == 6
    assert sensitive("路灯不亮", KINDS) == ()


def test_a_kind_without_words_is_refused() -> None:
    for kind, some in (("", ("a",)), ("k", ()), ("k", ("a", " "))):
        with pytest.raises(BadSetting):
            SensitiveWords(kind, some)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("再不管我就从楼上跳楼", "自伤轻生"),
        ("我们几百人准备去政府门口拉横幅", "群体性事件"),
        ("不行我就去北京上访", "信访动向"),
        ("楼道里有燃气味", "安全事故"),
        ("老板拖欠工资三个月", "欠薪"),
    ],
)
def test_every_city_marks_what_must_not_be_overlooked(said: str, kind: str) -> None:
    for pack in load_packs():
        assert kind in {each.kind for each in sensitive(said, pack.sensitive)}, pack.id


# --- articles -----------------------------------------------------------------------------------
def test_the_article_that_is_about_it_comes_first() -> None:
    index = Bm25(
        [
            (
                "heating",
                (("取暖费缴纳与报停", 3.0), ("居民取暖费按建筑面积计算，可申请报停。", 1.0)),
            ),
            ("fund", (("公积金提取", 3.0), ("租房可提取公积金。", 1.0))),
            ("water", (("停水公告", 3.0), ("停水时可拨打供水公司电话。", 1.0))),
        ]
    )
    assert index.search("取暖费怎么交，能不能报停")[0].key == "heating"
    assert index.search("租房子能提公积金吗")[0].key == "fund"
    assert index.search("xyz") == []
    assert Bm25[str](()).search("取暖费") == []


@given(st.lists(st.text("甲乙丙丁戊", min_size=2, max_size=8), min_size=1, max_size=8, unique=True))
def test_a_text_finds_itself_best(texts: list[str]) -> None:
    index = Bm25((text, ((text, 1.0),)) for text in texts)
    for text in texts:
        hits = index.search(text, len(texts))
        best = hits[0]
        mine = next(hit for hit in hits if hit.key == text)
        assert mine.score > 0
        assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        assert best.score >= mine.score
