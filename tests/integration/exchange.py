"""A small Asterisk of the tests' own: a trunk, seats, and a few numbers to dial."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr import certificates
from ivr.demo.leash import Leashed, free_port
from tests import tools

_MODULES = """
app_dial app_echo app_mixmonitor app_playtones app_queue app_read app_record app_stack app_verbose
bridge_builtin_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix chan_pjsip
codec_alaw codec_resample format_pcm format_sln format_wav func_callerid func_channel func_strings
pbx_config res_musiconhold res_pjproject res_pjsip res_pjsip_acl res_pjsip_authenticator_digest
res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_nat
res_pjsip_outbound_authenticator_digest res_pjsip_pubsub res_pjsip_refer res_pjsip_registrar
res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk res_sorcery_astdb
res_sorcery_config res_sorcery_memory res_srtp res_timing_timerfd
"""
_EMPTY = "acl.conf cdr.conf cel.conf features.conf queues.conf udptl.conf pjproject.conf ccss.conf"

_DIALPLAN = """
[from-trunk]
exten => busy,1,Hangup(17)
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => echo,1,Answer()
 same => n,Echo()
exten => farewell,1,Answer()
 same => n,PlayTones(600)
 same => n,Wait(1)
 same => n,Hangup()
exten => tone,1,Answer()
 same => n,PlayTones(1000)
 same => n,Wait(60)
exten => keys,1,Answer()
 same => n,Read(K,,2,,1,10)
 same => n,Record({spool}/keys-${{K}}.sln,0,0,kqy)
exten => name,1,Log(NOTICE,name=<${{CALLERID(name)}}> from=<${{PJSIP_HEADER(read,Diversion)}}>)
 same => n,Answer()
 same => n,Wait(60)
exten => _8XXX,1,Dial(PJSIP/${{EXTEN}},30)
"""

_SEAT = """
[{n}]
type=endpoint
context=from-trunk
allow=!all,alaw
direct_media=no
auth={n}
rewrite_contact=yes
aors={n}
[{n}]
type=auth
auth_type=userpass
username={n}
password=secret{n}
[{n}]
type=aor
max_contacts=1
remove_existing=yes
"""


@dataclass(frozen=True)
class Tools:
    """Where the programs of these tests are.

    Attributes:
        asterisk, sipp, baresip: program and first arguments.
        asterisk_modules, asterisk_data, baresip_modules: their folders.
    """

    asterisk: tuple[str, ...]
    sipp: tuple[str, ...]
    baresip: tuple[str, ...]
    asterisk_modules: Path
    asterisk_data: Path
    baresip_modules: Path


def find_tools() -> Tools:
    """As the product finds or fetches them."""
    asterisk = tools.asterisk()
    return Tools(
        asterisk=asterisk.argv,
        sipp=tools.phone("sipp").argv,
        baresip=tools.phone("baresip").argv,
        asterisk_modules=asterisk.modules,
        asterisk_data=asterisk.data,
        baresip_modules=tools.baresip_modules(),
    )


class Exchange:
    """One Asterisk.

    ``sip`` and ``tls`` are its ``host:port``; ``spool`` holds what callers recorded.
    """

    def __init__(self, tools: Tools, folder: Path, seats: Sequence[str]) -> None:
        self._tools = tools
        self._folder = folder
        self._seats = seats
        self._process: Leashed | None = None
        self.sip = f"127.0.0.1:{free_port()}"
        self.tls = f"127.0.0.1:{free_port()}"
        self.spool = folder / "spool"
        self.log = folder / "log" / "all"

    async def start(self) -> None:
        """Start it and wait until it takes calls."""
        for name in ("etc", "run", "log", "spool", "db"):
            (self._folder / name).mkdir(parents=True)
        self._write()
        self._process = await Leashed.start(
            [*self._tools.asterisk, "-C", str(self._folder / "asterisk.conf"), "-f"],
            log=self._folder / "asterisk.out",
            cwd=self._folder,
        )
        control = self._folder / "run/asterisk.ctl"
        process = self._process
        await until(lambda: control.exists() or process.exit_code is not None, 20)
        assert process.exit_code is None, process.tail()
        await self.cli("core waitfullybooted")

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop(5.0)

    async def cli(self, command: str) -> str:
        """Give a console command; return what it prints."""
        process = await asyncio.create_subprocess_exec(
            *self._tools.asterisk, "-C", str(self._folder / "asterisk.conf"), "-rx", command,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        return output.decode("utf-8", "replace")

    async def quiet(self, timeout: float = 5.0) -> None:
        """Wait until no channel is left. Raises TimeoutError, with what is left in its text."""
        listed = ""
        try:
            async with asyncio.timeout(timeout):
                while "\n0 active channels" not in listed:
                    listed = await self.cli("core show channels")
        except TimeoutError:
            raise TimeoutError(f"channels are left: {listed}") from None

    def _write(self) -> None:
        folders = {
            "astetcdir": "etc", "astvarlibdir": "db", "astdbdir": "db", "astkeydir": "db",
            "astspooldir": "spool", "astrundir": "run", "astlogdir": "log", "astagidir": "db",
        }  # fmt: skip
        lines = [f"{key} => {self._folder / name}" for key, name in folders.items()]
        lines.append(f"astmoddir => {self._tools.asterisk_modules}")
        lines.append(f"astdatadir => {self._tools.asterisk_data}")
        (self._folder / "asterisk.conf").write_text("\n".join(["[directories]", *lines, ""]))
        certificate, key = self._folder / "certificate.pem", self._folder / "key.pem"
        certificates.make(certificate, key, "127.0.0.1")
        low = random.randrange(20_000, 38_000, 1000)
        seats = "".join(_SEAT.format(n=number) for number in self._seats)
        files = {
            "modules.conf": "[modules]\nautoload=no\n"
            + "".join(f"load={name}.so\n" for name in _MODULES.split()),
            "rtp.conf": f"[general]\nrtpstart={low}\nrtpend={low + 998}\n",
            "logger.conf": "[general]\n[logfiles]\nall => notice,warning,error,verbose,dtmf\n",
            "indications.conf": "[general]\ncountry=cn\n[cn]\nringcadence=1000,4000\n",
            "musiconhold.conf": "[general]\n",
            "extensions.conf": _DIALPLAN.format(spool=self.spool),
            "pjsip.conf": (
                "[global]\ntype=global\nendpoint_identifier_order=username,ip\n"
                f"[udp]\ntype=transport\nprotocol=udp\nbind={self.sip}\n"
                f"[tcp]\ntype=transport\nprotocol=tcp\nbind={self.sip}\n"
                f"[tls]\ntype=transport\nprotocol=tls\nbind={self.tls}\n"
                f"cert_file={certificate}\npriv_key_file={key}\nmethod=tlsv1_2\n"
                "[trunk]\ntype=endpoint\ncontext=from-trunk\nallow=!all,alaw\ndirect_media=no\n"
                f"[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.1\n{seats}"
            ),
            **dict.fromkeys(_EMPTY.split(), "[general]\n"),
        }
        for name, text in files.items():
            (self._folder / "etc" / name).write_text(text, "utf-8")

    async def grown(self, name: str, size: int, timeout: float = 10.0) -> Path:
        """Wait until a file of ``spool`` has ``size`` bytes; return its path."""
        file = self.spool / name
        await until(lambda: file.exists() and file.stat().st_size >= size, timeout)
        return file

    def forget(self) -> None:
        """Remove its files, with the folder they are in."""
        shutil.rmtree(self._folder.parent, ignore_errors=True)


async def until(done: Callable[[], bool], timeout: float) -> None:
    """Look every 50 ms until ``done``. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while not done():
            await asyncio.sleep(0.05)
