"""The toolbox against a package mirror of our own, with packages of a few bytes."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest

from ivr import debian, elf, toolbox
from ivr.errors import SetupError
from ivr.layers import Group, Layers, upstream
from ivr.progress import Progress
from ivr.settings import PROJECT, SETTINGS, load

BASE = Group("base", ("speaker",), ("usr/bin/speak",), minimum=20)
MORE = Group(
    "more", ("printer",), ("opt/*/bin/print",), base="base", wrapped="opt/*/bin"
)  # its programs need the libraries of ``base``
DIRECT = Group("direct", ("browser",), ("opt/look",), base="base", direct=("opt/look",))


class Mirror:
    """A package archive in a folder: suites of packages made from a few files each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arch = debian.architecture()

    def archive(self, suite: str) -> debian.Archive:
        return debian.Archive("debian", f"copy:{self.folder}", suite, ("main",), {"trusted": "yes"})

    def add(
        self, suite: str, name: str, version: str, files: dict[str, Path], depends: str = ""
    ) -> Path:
        """Make a package of ``files`` (path in the package → file to copy) and list it."""
        tree = self.folder / "trees" / suite / name
        (tree / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {self.arch}\n"
        control += "Maintainer: Nobody <nobody@example.invalid>\nDescription: a toy\n"
        control += f"Depends: {depends}\n" if depends else ""
        (tree / "DEBIAN/control").write_text(control)
        for path, source in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tree / path)
        deb = self.folder / "pool" / suite / f"{name}.deb"
        deb.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-Znone", "-b", tree, deb], check=True, capture_output=True)
        index = self.folder / "dists" / suite / f"main/binary-{self.arch}/Packages"
        index.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        with index.open("a") as file:
            file.write(
                f"{control}Filename: pool/{suite}/{name}.deb\nSize: {deb.stat().st_size}\n"
                f"SHA256: {digest}\n\n"
            )
        text = index.read_bytes()
        (self.folder / "dists" / suite / "Release").write_text(
            f"Suite: {suite}\nCodename: {suite}\nArchitectures: {self.arch}\nComponents: main\n"
            f"Date: Sat, 01 Jan 2000 00:00:00 UTC\nSHA256:\n {hashlib.sha256(text).hexdigest()} "
            f"{len(text)} main/binary-{self.arch}/Packages\n"
        )
        return deb


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    """``host`` has a speaker too old; ``forky`` has a new one, and a printer."""
    made = Mirror(tmp_path / "mirror")
    libc = next(p for p in Path("/").glob("lib/*-linux-gnu/libc.so.6"))
    loader = next(p for p in libc.parent.glob("ld-linux*.so.*"))
    system = {f"usr/lib/{libc.parent.name}/{p.name}": p for p in (libc, loader)}
    echo = Path("/bin/echo")
    made.add("host", "speaker", "1:18.2-1", {"usr/bin/speak": echo})
    made.add("forky", "toy-libc", "2.40-1", system)
    made.add("forky", "speaker", "1:22.10.1~dfsg-1", {"usr/bin/speak": echo}, "toy-libc")
    made.add("forky", "printer", "3-1", {"opt/7/bin/print": echo}, "toy-libc")
    return made


@pytest.fixture
def layers(tmp_path: Path, mirror: Mirror) -> Layers:
    return Layers(tmp_path / "cache", mirror.archive("host"))


def say(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_first_suite_that_is_new_enough_is_taken(layers: Layers) -> None:
    layers.ensure([BASE], Progress(None))
    layer = layers.get("base")
    assert layer is not None
    assert layer.suite == "forky"
    assert layer.packages == {"toy-libc": "2.40-1", "speaker": "1:22.10.1~dfsg-1"}
    assert say(*layer.argv(layer.root / "usr/bin/speak"), "12345") == "12345"


def test_layer_holds_only_what_its_base_lacks_and_uses_its_libraries(layers: Layers) -> None:
    layers.ensure([BASE], Progress(None))
    layers.ensure([MORE], Progress(None))
    layer = layers.get("more")
    assert layer is not None
    assert layer.packages == {"printer": "3-1"}
    assert say(*layer.argv(layer.root / "opt/7/elf/print"), "heard") == "heard"


def test_wrapped_programs_run_by_their_own_path(layers: Layers) -> None:
    layers.ensure([BASE, MORE], Progress(None))
    layer = layers.get("more")
    assert layer is not None
    script = layer.find("opt/*/bin/print")
    assert script is not None
    assert say(str(script), "two words", "$HOME") == "two words $HOME"


def test_a_direct_program_knows_its_own_path(layers: Layers, mirror: Mirror) -> None:
    mirror.add("forky", "browser", "9-1", {"opt/look": Path("/bin/readlink")}, "toy-libc")
    layers.ensure([BASE, DIRECT], Progress(None))
    layer = layers.get("direct")
    assert layer is not None
    program = layer.root / "opt/look"
    assert say(
        "env", f"LD_LIBRARY_PATH={layer.libraries()}", str(program), "/proc/self/exe"
    ) == str(program)
    base = layers.get("base")
    assert base is not None
    assert f"{base.root}/".encode() in program.read_bytes()


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(80)])
def test_what_names_no_loader_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "program"
    file.write_bytes(content)
    with pytest.raises(SetupError, match="program"):
        elf.set_loader(file, "/lib/ld.so")
    assert file.read_bytes() == content


def test_layer_without_its_base_counts_as_missing(layers: Layers) -> None:
    layers.ensure([BASE, MORE], Progress(None))
    base = layers.get("base")
    assert base is not None
    shutil.rmtree(base.root.parent)
    assert layers.get("more") is None
    layers.ensure([BASE, MORE], Progress(None))
    assert layers.get("more") is not None


def test_nothing_is_fetched_twice(layers: Layers, mirror: Mirror) -> None:
    layers.ensure([BASE], Progress(None))
    shutil.rmtree(mirror.folder)
    layers.ensure([BASE], Progress(None))


def test_half_finished_fetch_is_done_again(layers: Layers, tmp_path: Path, mirror: Mirror) -> None:
    folder = tmp_path / f"cache/tools-1-{mirror.arch}"
    (folder / ".work/base/root/usr/bin").mkdir(parents=True)
    (folder / "base/root").mkdir(parents=True)
    layers.ensure([BASE], Progress(None))
    layer = layers.get("base")
    assert layer is not None
    assert (layer.root / "usr/bin/speak").is_file()
    assert sorted(p.name for p in folder.iterdir()) == ["base", "lock"]


def test_failed_fetch_leaves_no_layer(layers: Layers, tmp_path: Path, mirror: Mirror) -> None:
    deb = mirror.folder / "pool/forky/printer.deb"
    deb.write_bytes(bytes(deb.stat().st_size))
    with pytest.raises(SetupError, match="printer"):
        layers.ensure([BASE, MORE], Progress(None))
    assert layers.get("base") is not None
    assert layers.get("more") is None
    assert not (tmp_path / f"cache/tools-1-{mirror.arch}/.work").exists()


def test_two_runs_at_once_fetch_once(layers: Layers) -> None:
    said = io.StringIO()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(layers.ensure, [BASE], Progress(said)) for _ in range(2)]
        for run in runs:
            run.result(timeout=60)
    assert said.getvalue().count("Fetching base") == 2  # once begun, once done


def test_no_setuid_program_is_left(layers: Layers, mirror: Mirror) -> None:
    risky = mirror.folder / "risky"
    shutil.copy("/bin/echo", risky)
    risky.chmod(0o6711)
    mirror.add("forky", "risk", "1", {"usr/bin/risk": risky})
    layers.ensure([Group("risk", ("risk",))], Progress(None))
    layer = layers.get("risk")
    assert layer is not None
    assert stat.S_IMODE((layer.root / "usr/bin/risk").stat().st_mode) == 0o755


def test_package_nobody_has_is_named(layers: Layers) -> None:
    with pytest.raises(SetupError, match=r"forky: has no ghost(.|\n)*HOTLINE_ASTERISK"):
        layers.ensure([Group("ghost", ("ghost",))], Progress(None))


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="HOTLINE_CACHE"):
        Layers(tmp_path / "file").ensure([BASE], Progress(None))


@pytest.mark.parametrize(
    ("version", "number"),
    [("1:22.10.1~dfsg+~cs6-1", "22.10.1"), ("3.8.0-2+b1", "3.8.0"), ("18+293", "18"), ("7.", "7")],
)
def test_upstream_version(version: str, number: str) -> None:
    assert upstream(version) == number


def etc(tmp_path: Path, os_release: str, **files: str) -> debian.Archive:
    folder = tmp_path / "etc"
    (folder / "sources.list.d").mkdir(parents=True)
    for name, text in files.items():
        path = "sources.list" if name == "main" else f"sources.list.d/x.{name}"
        (folder / path).write_text(dedent(text))
    (tmp_path / "os-release").write_text(os_release)
    return debian.host_archive(folder, tmp_path / "os-release")


def test_archive_of_one_line_sources(tmp_path: Path) -> None:
    found = etc(
        tmp_path,
        'ID=debian\nVERSION_CODENAME="trixie"\n',
        main="""\
            # deb http://commented.example/debian trixie main
            deb cdrom:[Debian GNU/Linux 13 - amd64 DVD]/ trixie main
            deb-src http://mirror.example/debian trixie main
            deb http://security.example/debian-security trixie-security main
            deb http://tool.example/apt stable main
            deb [arch=amd64 signed-by=/a.gpg,/b.gpg] http://mirror.example/linux trixie main # x
            """,
    )
    assert found == debian.Archive(
        "debian", "http://mirror.example/linux", "trixie", ("main",), {"signed-by": "/a.gpg /b.gpg"}
    )
    assert "Signed-By: /a.gpg /b.gpg\n" in found.source("forky")
    assert "Suites: forky\n" in found.source("forky")


def test_archive_of_deb822_sources(tmp_path: Path) -> None:
    found = etc(
        tmp_path,
        "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n",
        sources="""\
            Types: deb
            Enabled: no
            URIs: http://off.example/ubuntu
            Suites: noble

            Types: deb deb-src
            # a comment
            URIs: http://mirror.example/ubuntu/
            Suites: noble-updates noble
            Components: main restricted
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             abc
            """,
    )
    assert (found.vendor, found.uri, found.suite) == (
        "ubuntu",
        "http://mirror.example/ubuntu/",
        "noble",
    )
    assert found.components == ("main", "universe")
    assert "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n" in found.source("noble")


def test_suite_by_another_name_is_known_by_its_path(tmp_path: Path) -> None:
    found = etc(
        tmp_path,
        "ID=debian\n",
        list="""\
            deb http://tool.example/apt any main
            deb file:/srv/mirror/debian sid main
            """,
    )
    assert (found.uri, found.suite) == ("copy:/srv/mirror/debian", "sid")


def test_machine_without_a_mirror_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no network source"):
        etc(tmp_path, "ID=debian\n", main="deb cdrom:[Debian]/ trixie main\n")


def test_asterisk_that_was_set_but_is_none_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "asterisk"
    fake.write_text("#!/bin/sh\necho Asterisk 18.26.4\n")
    fake.chmod(0o755)
    with pytest.raises(SetupError, match="HOTLINE_ASTERISK"):
        toolbox.asterisk(tmp_path / "cache", given=fake, progress=Progress(None))


def test_asterisk_of_this_machine_is_taken_with_its_folders(tmp_path: Path) -> None:
    for folder in ("sbin", "lib/asterisk/modules", "share/asterisk/documentation"):
        (tmp_path / folder).mkdir(parents=True)
    binary = tmp_path / "sbin/asterisk"
    binary.write_text("#!/bin/sh\necho Asterisk 20.9.3\n")
    binary.chmod(0o755)
    found = toolbox.asterisk(tmp_path / "cache", given=binary, progress=Progress(None))
    assert (found.argv, found.version) == ((str(binary),), "20.9.3")
    assert found.modules == tmp_path / "lib/asterisk/modules"
    assert found.data == tmp_path / "share/asterisk"
    assert not (tmp_path / "cache").exists()


def test_available_fetches_nothing(tmp_path: Path) -> None:
    found = toolbox.available(tmp_path / "cache")
    assert found["sipp"] is None
    assert {"asterisk", "redis", "baresip", "postgres", "ffmpeg"} < found.keys()
    assert not (tmp_path / "cache").exists()


def test_postgres_runs_as_another_user_only_where_we_are_root() -> None:
    own = toolbox.PostgresProgram(Path("/pg/bin"), "17", None)
    assert own.argv("initdb", "-D", Path("/data")) == ("/pg/bin/initdb", "-D", "/data")
    dropped = toolbox.PostgresProgram(Path("/pg/bin"), "17", "nobody").argv("postgres")
    assert dropped[:2] == ("setpriv", "--reuid=nobody")
    assert dropped[-1] == "/pg/bin/postgres"


def test_env_example_names_every_setting_and_can_be_used(tmp_path: Path) -> None:
    text = (PROJECT / ".env.example").read_text("utf-8")
    named = [
        line[1:].partition("=")[0] for line in text.splitlines() if line.startswith("#HOTLINE")
    ]
    assert named == [row.variable for row in SETTINGS]
    file = tmp_path / ".env"
    file.write_text(text.replace("#HOTLINE", "HOTLINE"))
    assert load({"HOME": os.fspath(tmp_path)}, dotenv=file).http_port == 8080
