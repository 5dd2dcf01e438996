"""The models: learned from decided orders, kept safely, explained, and better than guessing."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ticketing.assist.corpus import Example, Kind
from ticketing.assist.evaluation import Evaluation, Split, evaluate, part
from ticketing.assist.linear import softmax
from ticketing.assist.model import Model, ModelError, Shelf
from ticketing.assist.places import Gazetteer
from ticketing.assist.training import learned
from ticketing.assist.words import words
from ticketing.demo.city import City, found
from ticketing.demo.generator import generate
from ticketing.policies.loader import load_calendar, load_packs

UNTIL = datetime(2026, 3, 1, 16, tzinfo=UTC)
LAMP, HEAT, NOISE = "01.02", "03.04.01", "06.01.01"
TOLD = {
    LAMP: ("解放路的路灯不亮了", "小区门口路灯坏了，天黑看不清", "几盏路灯全部熄灭"),
    HEAT: ("家里暖气不热", "供暖以后室内温度低", "暖气片上面热下面凉"),
    NOISE: ("工地夜间施工噪声大", "半夜还在施工打桩", "楼下工地浇筑混凝土吵得睡不着"),
}


def small(times: int = 8) -> list[Example]:
    return [
        Example(
            number=f"{time}{code}{place}",
            at=UNTIL - timedelta(days=time),
            content=text,
            citizen=f"{time}-{place}",
            type="help" if code == LAMP else "complaint",
            category=code,
            district="D",
        )
        for time in range(times)
        for code, texts in TOLD.items()
        for place, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def model() -> Model:
    return learned(small(), {LAMP: "路灯照明"}, UNTIL)


@pytest.fixture(scope="module")
def city() -> City:
    return found(7, UNTIL)


@pytest.fixture(scope="module")
def year(city: City) -> list[Example]:
    """A small year of the demo city, as persons there have decided."""
    made = generate(city, load_packs(), load_calendar(), seed=7, orders=900, until=UNTIL)
    return [
        Example(
            number=order.number,
            at=order.received_at,
            content=order.content,
            address=order.citizen.address,
            citizen=order.citizen.phone,
            private=(order.citizen.name, order.citizen.phone),
            type=order.type.value,
            category=order.category,
            district=order.district,
            unit=order.chain[0].unit if order.chain else "",
        )
        for order, _ in made.orders
        if order.type is not None
    ]


def judged(year: list[Example], city: City, split: Split) -> Evaluation:
    names = {category.code: category.name for category in city.categories}

    def places(model: Model) -> Gazetteer:
        return Gazetteer(city.places.tree, model.heads[Kind.DISTRICT].labels)

    return evaluate(year, names, split, places=places)


def test_what_comes_later_is_judged_far_better_than_by_the_commonest(
    year: list[Example], city: City
) -> None:
    found = judged(year, city, Split.TIME)
    assert found.learned + found.asked == len(year)
    assert found.asked == pytest.approx(0.2 * len(year), abs=1)
    category = found.score("category")
    assert category.top1 > category.commonest + 0.5
    assert category.top3 > 0.9
    kind = found.score("type")
    assert kind.top1 > kind.commonest + 0.1
    district = found.score("district")
    assert district.top1 > district.commonest + 0.5


def test_words_never_met_are_still_judged_better_than_by_the_commonest(
    year: list[Example], city: City
) -> None:
    category = judged(year, city, Split.WORDING).score("category")
    assert category.top1 > category.commonest + 0.1
    assert category.top3 > category.commonest + 0.2


@pytest.mark.parametrize("split", list(Split))
def test_no_order_is_both_learned_from_and_asked_about(year: list[Example], split: Split) -> None:
    known, asked = part(year, split, 0.25)
    assert not {each.number for each in known} & {each.number for each in asked}
    assert len(known) + len(asked) == len(year)
    if split is Split.TIME:
        assert max(each.at for each in known) <= min(each.at for each in asked)
    if split is Split.WORDING:
        assert {each.category for each in asked} <= {each.category for each in known}


def test_a_proposal_names_the_words_that_decided(model: Model) -> None:
    best, *others = model.choices(Kind.CATEGORY, "我家门口的路灯又不亮了，请来修")
    assert best.label == LAMP
    assert "路灯" in {because.word for because in best.words}
    assert all(because.weight > 0 for because in best.words)
    assert 0 <= sum(each.share for each in (best, *others)) <= 1 + 1e-5
    assert model.choices(Kind.TYPE, "暖气不热")[0].label == "complaint"


def test_a_text_without_a_known_word_gets_no_proposal(model: Model) -> None:
    assert model.choices(Kind.CATEGORY, "1234，王小明。") == ()


def test_a_category_without_orders_is_known_by_its_name() -> None:
    model = learned(small(), {"09.01": "公交线路", LAMP: "路灯照明"}, UNTIL)
    assert model.choices(Kind.CATEGORY, "公交什么时候来")[0].label == "09.01"


def test_the_same_orders_make_the_same_model(model: Model) -> None:
    again = learned(small(), {LAMP: "路灯照明"}, UNTIL)
    assert again.vocabulary.words == model.vocabulary.words
    for kind in Kind:
        assert np.array_equal(again.heads[kind].weights, model.heads[kind].weights)


def test_nothing_can_be_learned_from_nothing() -> None:
    with pytest.raises(ValueError, match="no decided order"):
        learned([], {}, UNTIL)
    with pytest.raises(ValueError, match="too few"):
        evaluate(small()[:1], {}, Split.TIME)


def test_a_model_holds_no_name_and_no_number(year: list[Example]) -> None:
    names = [f"{surname}{given}" for surname in "王李张刘陈" for given in ("小雨", "国栋", "美玉")]
    told = [
        Example(
            number=f"9{place}",
            at=UNTIL,
            content=f"{each.content}我叫{name}，电话1{place:010d}，身份证2224{place:014d}，是{name}家的",
            citizen=str(place),
            private=(name,),
            type=each.type,
            category=each.category,
        )
        for place, each in enumerate(year[:200])
        for name in [names[place % len(names)]]
    ]
    known = learned(told, {}, UNTIL).vocabulary.words
    assert len(known) > 100
    assert not [word for word in known if any(character.isdigit() for character in word)]
    assert not [word for word in known for name in names if word in name or name in word]


# --- kept ---------------------------------------------------------------------------------------
@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "assist")


def test_a_model_is_kept_and_read_back(shelf: Shelf, model: Model) -> None:
    assert shelf.current() is None
    assert shelf.load() is None
    shelf.save(model)
    again = shelf.load()
    assert again is not None
    assert again.origin == model.origin
    text = "暖气不热"
    assert again.choices(Kind.CATEGORY, text) == model.choices(Kind.CATEGORY, text)
    assert sorted(each.name for each in shelf.folder.iterdir()) == [
        model.origin.version,
        "current",
    ]


def test_the_oldest_models_go_and_an_older_one_can_be_used_again(shelf: Shelf) -> None:
    made = [learned(small(3), {}, UNTIL + timedelta(minutes=minute)) for minute in range(5)]
    for each in made:
        shelf.save(each)
    versions = [each.origin.version for each in made]
    assert shelf.versions() == versions[-3:]
    assert shelf.current() == versions[-1]
    shelf.use(versions[-2])
    assert shelf.load().origin.version == versions[-2]  # type: ignore[union-attr]
    with pytest.raises(ModelError, match="no such model"):
        shelf.use("../somewhere")


@pytest.mark.parametrize("file", ["model.npz", "model.json"])
def test_a_damaged_model_is_refused(shelf: Shelf, model: Model, file: str) -> None:
    place = shelf.save(model) / file
    place.write_bytes(place.read_bytes()[:-20] + b"x" * 20)
    with pytest.raises(ModelError, match="hotline assist train"):
        shelf.load()


def test_no_program_can_hide_in_a_model(shelf: Shelf, model: Model) -> None:
    place = shelf.save(model)
    card = json.loads((place / "model.json").read_text("utf-8"))
    with (place / "model.npz").open("wb") as file:
        np.savez(file, words=np.array([print], object), allow_pickle=True)
    card["sha256"] = hashlib.sha256((place / "model.npz").read_bytes()).hexdigest()
    (place / "model.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        shelf.load()


# --- pure ---------------------------------------------------------------------------------------
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 6)),
        elements=st.floats(-80, 80, width=32),
    )
)
def test_shares_are_shares_in_the_order_of_the_scores(scores: np.ndarray) -> None:
    shares = softmax(scores)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(scores)), abs=1e-5)
    for row, share in zip(scores, shares, strict=True):
        assert share[int(np.argmax(row))] == share.max()


def test_districts_are_told_by_their_names(city: City) -> None:
    tree = city.places.tree
    gazetteer = Gazetteer(tree)
    county = city.places.counties[0]
    town = county.towns[0]
    best = gazetteer.choices(f"{county.name}{town.name}的路灯不亮")[0]
    assert best.label == town.district
    assert best.share == 1
    assert {because.word for because in best.words} >= {town.name}
    assert gazetteer.choices("路灯不亮") == ()
    shared = Gazetteer(tree, used={county.district})
    assert shared.choices(f"{town.name}的路灯不亮")[0].label == county.district


def test_two_places_of_one_name_are_told_apart_by_what_is_around(city: City) -> None:
    gazetteer = Gazetteer(city.places.tree)
    by_name: dict[str, list[tuple[str, str]]] = {}
    for county in city.places.counties:
        for town in county.towns:
            for village in town.villages:
                unit = city.places.tree[village]
                by_name.setdefault(unit.short_name, []).append((town.name, unit.district))
    name, homes = next((n, h) for n, h in by_name.items() if len({t for t, _ in h}) > 1)
    alone = gazetteer.choices(f"{name}没水", 10)
    assert alone[0].share < 1, "several have this name"
    for town_name, district in homes:
        assert gazetteer.choices(f"{town_name}{name}没水")[0].label == district


def test_words_are_fast_enough_for_a_screen(model: Model) -> None:
    text = "".join(text for texts in TOLD.values() for text in texts) * 20
    begun = datetime.now(UTC)
    model.choices(Kind.CATEGORY, text)
    assert (datetime.now(UTC) - begun).total_seconds() < 0.5
    assert len(words(text)) > 100
