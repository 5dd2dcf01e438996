"""Debian packages without root: an apt of our own, beside the host's and fed by its mirror."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.commands import lines, run
from ivr.errors import SetupError
from ivr.progress import Report

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<rest>\S.*)")
_ARCHIVE_PATH = re.compile(r"/(debian|ubuntu|ubuntu-ports)/?$")
_KEPT = ("signed-by", "trusted", "check-valid-until")
_OURS = ("IndexTargets", "Languages", "GzipIndexes", "CompressionTypes", "Retries")


@dataclass(frozen=True)
class Archive:
    """The package archive this machine's apt is configured with.

    Attributes:
        vendor: ``debian`` or ``ubuntu``.
        suite: the suite of the machine itself, such as ``bookworm``.
        options: deb822 fields to carry over, such as the keys to trust.
    """

    vendor: str
    uri: str
    suite: str
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)

    def source(self, suite: str) -> str:
        """The deb822 text of a source that gives ``suite`` from this archive."""
        fields = {
            "Types": "deb",
            "URIs": self.uri,
            "Suites": suite,
            "Components": " ".join(self.components),
            **{name.title(): value for name, value in self.options.items()},
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def host_archive(
    etc: Path = Path("/etc/apt"), os_release: Path = Path("/etc/os-release")
) -> Archive:
    """Find the archive in apt's own configuration.

    Raises:
        SetupError: apt has no network source for Debian or Ubuntu.
    """
    system = _os_release(os_release)
    ubuntu = "ubuntu" in (system.get("ID", ""), *system.get("ID_LIKE", "").split())
    codenames = {system.get("VERSION_CODENAME"), system.get("UBUNTU_CODENAME")}
    best: Archive | None = None
    for entry in _entries(etc):
        for uri in entry["uris"].split():
            for suite in entry["suites"].split():
                if uri.startswith("cdrom:") or "-" in suite or suite.endswith("/"):
                    continue
                archive = Archive(
                    "ubuntu" if ubuntu else "debian",
                    re.sub(r"^file:", "copy:", uri),  # what is used in place is not handed over
                    suite,
                    ("main", "universe") if ubuntu else ("main",),
                    {name: entry[name] for name in _KEPT if name in entry},
                )
                if suite in codenames:
                    return archive
                if best is None and _ARCHIVE_PATH.search(uri):
                    best = archive
    if best is None:
        raise SetupError(
            f"apt has no network source for packages ({etc}/sources.list); "
            "add your Debian or Ubuntu mirror there, then try again"
        )
    return best


def _os_release(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name: value.strip("\"'") for name, equals, value in pairs if equals}


def _entries(etc: Path) -> Iterator[dict[str, str]]:
    """Every enabled binary source as deb822 fields with lower-case names."""
    lists = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    for file in lists:
        for line in _read(file).splitlines():
            match = _ONE_LINE.match(line.partition("#")[0].strip())
            if match and not match["uri"].startswith("cdrom:"):
                suite = match["rest"].split()[0]
                options = dict(
                    o.split("=", 1) for o in (match["options"] or "").split() if "=" in o
                )
                yield {
                    **{name.lower(): value.replace(",", " ") for name, value in options.items()},
                    "uris": match["uri"],
                    "suites": suite,
                }
    for file in sorted((etc / "sources.list.d").glob("*.sources")):
        for fields in _paragraphs(_read(file)):
            enabled = fields.get("enabled", "yes").lower() not in {"no", "false", "0", "off"}
            if (
                enabled
                and "deb" in fields.get("types", "").split()
                and {"uris", "suites"} <= {*fields}
            ):
                yield fields


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif line[0].isspace() and name in fields:
            fields[name] += f"\n{line}"
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def architecture() -> str:
    """This machine's Debian architecture, such as ``amd64``.

    Raises:
        SetupError: this is no Debian or Ubuntu.
    """
    for tool in ("apt-get", "dpkg", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SetupError(
                f"{tool} is not here, so programs cannot be fetched: use Debian or Ubuntu, or "
                "install Asterisk 20 or newer yourself and set HOTLINE_ASTERISK to its path"
            )
    return run(["dpkg", "--print-architecture"]).strip()


class Apt:
    """One apt of our own: its state is in ``folder``, it installs nothing, it needs no root.

    Args:
        folder: an empty folder; may be removed when the packages are unpacked.
        archive: where packages come from.
        arch: Debian architecture of the packages.
    """

    def __init__(self, folder: Path, archive: Archive, arch: str) -> None:
        self._folder = folder
        self._archive = archive
        for name in ("lists/partial", "archives/partial", "sources"):
            (folder / name).mkdir(parents=True)
        conf = {
            "Dir::State": folder,
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::State::extended_states": folder / "extended_states",
            "Dir::Cache": folder,
            "Dir::Cache::archives": folder / "archives",
            "Dir::Log": folder,
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": folder / "sources",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "APT::Architecture": arch,
            "APT::Architectures::": arch,
            "APT::Install-Recommends": "false",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "true",
        }
        text = _host_network() + "".join(f'{key} "{value}";\n' for key, value in conf.items())
        (folder / "apt.conf").write_text(text, "utf-8")
        self._env = {"APT_CONFIG": str(folder / "apt.conf")}
        self.pretend_installed("")

    def use(self, suite: str) -> None:
        """Read the index of ``suite``, forgetting any other.

        Raises:
            SetupError: the mirror does not have it, or cannot be reached.
        """
        (self._folder / "sources/archive.sources").write_text(self._archive.source(suite), "utf-8")
        run(["apt-get", "-q", "update"], self._env)

    def version(self, package: str) -> str | None:
        """The Debian version of a package of the suite in use; None where it has none."""
        try:
            text = run(["apt-cache", "show", "--no-all-versions", package], self._env)
        except SetupError:
            return None
        found = re.search(r"^Version: (\S+)", text, re.MULTILINE)
        return found[1] if found else None

    def pretend_installed(self, status: str) -> None:
        """Take the packages of ``status`` (text of a dpkg status file) for installed."""
        (self._folder / "status").write_text(status, "utf-8")

    def plan(self, packages: Sequence[str]) -> tuple[int, int]:
        """How many packages, and how many bytes, ``download`` would fetch."""
        text = run(["apt-get", "-y", "install", "--print-uris", *packages], self._env)
        sizes = re.findall(r"^'\S+' \S+ (\d+)", text, re.MULTILINE)
        return len(sizes), sum(map(int, sizes))

    def download(
        self, packages: Sequence[str], report: Report, *, alone: bool = False
    ) -> list[Path]:
        """Fetch packages with all they need; returns the package files.

        Args:
            packages: names of packages.
            report: told the share done.
            alone: leave out what they need.
        """
        archives = self._folder / "archives"
        for old in archives.glob("*.deb"):
            old.unlink()
        verb = ["download"] if alone else ["-y", "--download-only", "install"]
        argv = ["apt-get", "-q", "-o", "APT::Status-Fd=1", *verb, *packages]
        for line in lines(argv, self._env, cwd=archives):
            if line.startswith("dlstatus:"):
                report(f"{float(line.split(':')[2]):.0f} %")
        return sorted(archives.glob("*.deb"))


def _host_network() -> str:
    """The host apt's own network settings: proxy, certificates, time-outs."""
    text = run(["apt-config", "dump", "Acquire"])
    ours = tuple(f"Acquire::{name}" for name in _OURS)
    kept = (x for x in text.splitlines() if x.startswith("Acquire::") and not x.startswith(ours))
    return "".join(f"{line}\n" for line in kept)


def unpack(debs: Iterable[Path], root: Path, report: Report) -> str:
    """Unpack package files below ``root``; returns their text for a dpkg status file."""
    files = list(debs)
    status = []
    for number, deb in enumerate(files):
        report(f"unpacking, {100 * number // len(files)} %")
        run(["dpkg-deb", "-x", str(deb), str(root)])
        fields = run(["dpkg-deb", "-f", str(deb)]).rstrip("\n")
        status.append(f"{fields}\nStatus: install ok installed\n")
    return "\n".join(status)


def packages(status: str) -> dict[str, str]:
    """Name and version of each package in the text of a dpkg status file."""
    return {p["package"]: p["version"] for p in _paragraphs(status) if "version" in p}
