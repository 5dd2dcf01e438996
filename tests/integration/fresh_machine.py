"""Proves the set-up on a machine that has only git, make and Python; run by hand, as root.

    python3 -m tests.integration.fresh_machine bookworm trixie --keep /tmp/fresh

makes each suite's smallest system with debootstrap (which must be installed), puts this checkout
in, and runs ``make prepare``, ``make prepare`` again and ``make check`` in it, once as root and
once as a plain user. The machine's own way to the network (name service, certificates, settings
of apt and pip) is lent to the new system.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ivr.debian import host_archive
from ivr.settings import PROJECT

CERTIFICATES = "/etc/lent-certificates.pem"
SECOND_RUN_LIMIT = 5.0  # seconds
USERS = {"root": ("0:0", "/root"), "plain": ("1000:1000", "/home/plain")}


def main() -> int:
    """Try each suite named; returns 1 when a step fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    parser.add_argument("--keep", type=Path, help="folder to make the systems in, and keep them")
    parser.add_argument("--make", action="append", default=[], help="further arguments to make")
    args = parser.parse_args()
    steps = ["prepare", "prepare", "check", *args.make]
    folder = args.keep or Path(tempfile.mkdtemp(prefix="fresh-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        results = [
            try_step(system, user, number, target)
            for suite in args.suites
            for system in [make_system(folder / suite, suite)]
            for user in USERS
            for number, target in enumerate(steps, 1)
        ]
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(results) else 1


def make_system(root: Path, suite: str) -> Path:
    """The smallest system of ``suite`` with git, make and Python, and this checkout twice."""
    if not (root / "usr/bin/git").exists():
        packages = "--include=git,make,python3"
        mirror = host_archive().uri
        run("debootstrap", "--variant=minbase", packages, suite, str(root), mirror)
    for file in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / file, root / "etc" / file)
    bundle = os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt"
    shutil.copy(bundle, root / CERTIFICATES.lstrip("/"))
    network = subprocess.check_output(["apt-config", "dump", "Acquire"], text=True).splitlines()
    lent = [line for line in network if "IndexTargets" not in line and "Languages" not in line]
    (root / "etc/apt/apt.conf.d/90lent").write_text("\n".join(lent) + "\n", "utf-8")
    if not (root / "home/plain").exists():
        run("chroot", str(root), "useradd", "--create-home", "--uid", "1000", "plain")
    for owner, home in USERS.values():
        put_checkout(root / home.lstrip("/") / "hotline")
        run("chroot", str(root), "chown", "-R", owner, f"{home}/hotline")
    return root


def put_checkout(target: Path) -> None:
    """Copy what git knows or would know of this checkout."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=PROJECT
    )
    shutil.rmtree(target, ignore_errors=True)
    for name in filter(None, listed.decode().split("\0")):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)


def try_step(root: Path, user: str, number: int, target: str) -> bool:
    """Run ``make target`` in the system; the second step must be quick."""
    owner, home = USERS[user]
    inside = (
        'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
        "root=$0 owner=$1 home=$2 lent=$3 && shift 3 && "
        'exec chroot --userspec="$owner" "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin '
        'HOME="$home" PIP_CERT="$lent" make -C "$home/hotline" "$@"'
    )
    # Namespaces of its own: no mount and no process outlives the step.
    space = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside)
    started = time.monotonic()
    done = subprocess.run(
        [*space, str(root), owner, home, CERTIFICATES, *shlex.split(target)], check=False
    )
    seconds = time.monotonic() - started
    good = done.returncode == 0 and (number != 2 or seconds < SECOND_RUN_LIMIT)
    verdict = "ok" if good else "FAILED"
    sys.stdout.write(
        f"== {root.name} {user}: {number}. make {target}: {verdict}, {seconds:.1f} s\n"
    )
    sys.stdout.flush()
    return good


def run(*argv: str) -> None:
    """Run a command that must succeed, quietly."""
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
