"""Layers: programs unpacked from Debian packages, kept in the cache and run from there.

A layer is a folder ``CACHE/tools-1-amd64/NAME`` with ``root`` (the unpacked files), ``status``
(the packages, as dpkg lists them) and ``layer.json``. It appears by one rename, so a layer that
is there is whole. One may stand on another, its base, whose files it shares.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr import debian, elf
from ivr.commands import run
from ivr.errors import SetupError
from ivr.progress import Progress, Report

FORMAT = 1  # raise it when layers made so far are of no use any more
_USELESS = ("doc", "doc-base", "man", "info", "locale", "lintian", "bug", "bash-completion")
_LIBRARY_FOLDERS = ("usr/lib/{}", "lib/{}", "usr/lib/{}/pulseaudio")
_LATER_SUITES = {"debian": ("forky", "testing", "sid"), "ubuntu": ("noble",)}


@dataclass(frozen=True)
class Group:
    """What one layer is made of.

    Attributes:
        packages: Debian packages that are wanted, with all they need.
        programs: paths (patterns) below the root that must be there and find their libraries.
        minimum: lowest upstream major version of the first package.
        base: name of the layer to stand on where that is there.
        alone: take the packages without what they need.
        wrapped: folder (a pattern) whose programs start each other, so that each must be a file
            that runs by itself.
        direct: programs (patterns) that start themselves again and so must be started by their
            own path, with the folders of :meth:`Layer.libraries` in LD_LIBRARY_PATH.
    """

    name: str
    packages: tuple[str, ...]
    programs: tuple[str, ...] = ()
    minimum: int = 0
    base: str | None = None
    alone: bool = False
    wrapped: str | None = None
    direct: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A layer that is there and whole; ``packages`` maps names to Debian versions."""

    id: str
    root: Path
    suite: str
    packages: dict[str, str]
    base: Layer | None

    def argv(self, program: Path) -> tuple[str, ...]:
        """How to run an ELF program of this layer with the layer's own libraries."""
        return _loader_argv(self._roots, program)

    def libraries(self) -> str:
        """The folders of the layer's libraries, as LD_LIBRARY_PATH wants them."""
        return _libraries(self._roots, _loader(self._roots))

    @property
    def _roots(self) -> list[Path]:
        return [self.root, *([self.base.root] if self.base else [])]

    def find(self, pattern: str) -> Path | None:
        """The last path below the root that matches, so that the newest version wins."""
        return max(self.root.glob(pattern), default=None)


def upstream(version: str) -> str:
    """The upstream part of a Debian version: ``1:22.10.1~dfsg-1`` is ``22.10.1``."""
    number = version.rpartition(":")[2]
    end = next((i for i, c in enumerate(number) if not (c.isdigit() or c == ".")), len(number))
    return number[:end].strip(".")


class Layers:
    """The layers below one cache folder, for this machine's architecture.

    Args:
        archive: where packages come from; by default that of this machine's apt.
    """

    def __init__(self, cache: Path, archive: debian.Archive | None = None) -> None:
        self._cache = cache.absolute()
        self._archive = archive

    def get(self, name: str) -> Layer | None:
        """The layer if it is there, and its base too; fetches nothing."""
        for folder in sorted(self._cache.glob(f"tools-{FORMAT}-*/{name}")):
            try:
                about = json.loads((folder / "layer.json").read_text("utf-8"))
            except (OSError, ValueError):
                continue
            base = self.get(about["base"]["name"]) if about["base"] else None
            if about["machine"] == os.uname().machine and (
                not about["base"] or (base and base.id == about["base"]["id"])
            ):
                packages = about["packages"]
                return Layer(about["id"], folder / "root", about["suite"], packages, base)
        return None

    def ensure(self, groups: Sequence[Group], progress: Progress) -> None:
        """Fetch the groups that are not there yet. Two runs at once are safe.

        Raises:
            SetupError: no package archive, no network, no room, or no right to write.
        """
        if all(self.get(group.name) for group in groups):
            return
        arch = debian.architecture()
        folder = self._cache / f"tools-{FORMAT}-{arch}"
        try:
            for each in (self._cache, folder):
                if not each.is_dir():
                    each.mkdir(parents=True, exist_ok=True)  # another run may be faster
                    each.chmod(0o755)
            with _lock(folder / "lock", progress):
                missing = [group for group in groups if self.get(group.name) is None]
                if not missing:  # another run has done it
                    return
                work = folder / ".work"
                shutil.rmtree(work, ignore_errors=True)
                try:
                    self._fetch(missing, folder, work, arch, progress)
                finally:
                    shutil.rmtree(work, ignore_errors=True)
        except OSError as error:
            raise SetupError(
                f"the cache {self._cache} cannot be used: {error}; "
                "make room there, or set HOTLINE_CACHE to a folder of yours"
            ) from error

    def _fetch(
        self, groups: list[Group], folder: Path, work: Path, arch: str, progress: Progress
    ) -> None:
        archive = self._archive or debian.host_archive()
        work.mkdir()
        apt = debian.Apt(work / "apt", archive, arch)
        known = [layer.suite for group in groups if (layer := self._base(group))]
        names = ", ".join(group.name for group in groups)
        suites = [*known, archive.suite, *_LATER_SUITES[archive.vendor]]
        with progress.step(f"Looking for {names} at the package mirror") as report:
            suite = _choose(apt, groups, list(dict.fromkeys(suites)), report)
        for group in groups:
            base = self._base(group)
            status = (base.root.parent / "status").read_text("utf-8") if base else ""
            apt.pretend_installed(status)
            count, size = (len(group.packages), 0) if group.alone else apt.plan(group.packages)
            what = f"Fetching {group.name}: {count} packages"
            with progress.step(what + (f", {size / 1e6:.0f} MB" if size else "")) as report:
                debs = apt.download(group.packages, report, alone=group.alone)
                self._build(group, base, suite, debs, work / group.name, folder, report)

    def _base(self, group: Group) -> Layer | None:
        return self.get(group.base) if group.base else None

    def _build(
        self,
        group: Group,
        base: Layer | None,
        suite: str,
        debs: list[Path],
        draft: Path,
        folder: Path,
        report: Report,
    ) -> None:
        draft.mkdir(mode=0o700)  # nobody else may see setuid files before they are tamed
        root = draft / "root"
        status = debian.unpack(debs, root, report)
        report("checking")
        _tidy(root)
        roots = [root, *([base.root] if base else [])]
        for pattern in group.programs:
            program = max(root.glob(pattern), default=None)
            if program is None:
                raise SetupError(f"the packages of {group.name} hold no {pattern}")
            run(_loader_argv(roots, program, "--list"))
        moved = {str(draft): str(folder / group.name)}
        for programs in root.glob(group.wrapped) if group.wrapped else ():
            _wrap(programs, roots, moved)
        for program in (path for pattern in group.direct for path in root.glob(pattern)):
            elf.set_loader(program, _after(moved, str(_loader(roots))))
        about = {
            "id": secrets.token_hex(8),
            "machine": os.uname().machine,
            "suite": suite,
            "base": {"name": group.base, "id": base.id} if base else None,
            "packages": debian.packages(status),
        }
        (draft / "status").write_text(status, "utf-8")
        (draft / "layer.json").write_text(json.dumps(about, indent=1), "utf-8")
        for file in (root, draft / "status", draft / "layer.json"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        draft.chmod(0o755)
        shutil.rmtree(folder / group.name, ignore_errors=True)
        draft.rename(folder / group.name)


def _choose(apt: debian.Apt, groups: list[Group], suites: list[str], report: Report) -> str:
    """Use the first suite that has all the groups; returns its name."""
    problems = []
    for suite in suites:
        report(suite)
        try:
            apt.use(suite)
        except SetupError as error:
            problems.append(f"{suite}: {error}")
            continue
        lacks = [group.packages[0] for group in groups if not _carries(apt, group)]
        if not lacks:
            return suite
        problems.append(f"{suite}: has no {', '.join(lacks)} that is new enough")
    said = "\n".join(problems)
    raise SetupError(
        f"the package mirror of this machine's apt cannot give what is needed:\n{said}\n"
        "Check the network, apt's sources and its proxy. Asterisk 20 or newer may also be "
        "installed by hand: set HOTLINE_ASTERISK to its path."
    )


def _carries(apt: debian.Apt, group: Group) -> bool:
    versions = [apt.version(package) for package in group.packages]
    if None in versions:
        return False
    major = upstream(versions[0] or "").partition(".")[0]
    return not group.minimum or int(major or 0) >= group.minimum


def _loader_argv(roots: Sequence[Path], program: Path, *options: str) -> tuple[str, ...]:
    """The dynamic loader, told where all libraries are."""
    loader = _loader(roots)
    return (str(loader), "--library-path", _libraries(roots, loader), *options, str(program))


def _loader(roots: Sequence[Path]) -> Path:
    """The dynamic loader of the first root that has one."""
    found = (r.glob(p) for r in roots for p in ("usr/lib/*/ld-linux*", "lib/*/ld-linux*"))
    loader = next((path for paths in found for path in sorted(paths)), None)
    if loader is None:
        raise SetupError(f"no loader is in {roots[0]}; remove {roots[0].parent} and try again")
    return loader


def _libraries(roots: Sequence[Path], loader: Path) -> str:
    """The folders of libraries that are there, as ``ld.so`` wants them."""
    machine = loader.parent.name
    folders = [root / name.format(machine) for root in roots for name in _LIBRARY_FOLDERS]
    return ":".join(str(folder) for folder in folders if folder.is_dir())


def _after(moved: Mapping[str, str], text: str) -> str:
    """``text`` with paths as they will be."""
    for now, later in moved.items():
        text = text.replace(now, later)
    return text


def _wrap(folder: Path, roots: Sequence[Path], moved: Mapping[str, str]) -> None:
    """Put a script in the place of each program of ``folder`` that starts it with its loader.

    Args:
        moved: paths as they are now and as they will be.
    """
    programs = folder.rename(folder.with_name("elf"))
    folder.mkdir(mode=0o755)
    for program in programs.iterdir():
        loader, *rest = _loader_argv(roots, program, "--argv0", "$0")
        words = _after(moved, " ".join(f'"{word}"' for word in (loader, *rest)))
        script = folder / program.name
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
        script.chmod(0o755)


def _tidy(root: Path) -> None:
    """Drop what only people read, and every setuid, setgid and too tight permission."""
    for name in _USELESS:
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)
    for folder, _, files in os.walk(root):
        for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            readable = (mode & 0o755) | (0o755 if path is folder else 0o444)
            if mode != readable and not os.path.islink(path):  # noqa: PTH114
                os.chmod(path, readable)  # noqa: PTH101


@contextmanager
def _lock(file: Path, progress: Progress) -> Iterator[None]:
    """Hold ``file`` alone among all processes; the kernel lets go of it if we die."""
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Another run is fetching programs; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
