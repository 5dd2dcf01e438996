"""What must stay between those whom it concerns: the sound, the signalling, every password."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509

from ivr import certificates
from ivr.asterisk_files import AsteriskFiles
from ivr.demo.baresip import Seat
from ivr.demo.phones import SeatPhone
from ivr.demo.sound import RATE, tone_seconds
from ivr.settings import Settings
from tests import tools
from tests.e2e.hotline import ADMIN_PASSWORD, Hotline, eventually, free_tcp_port, to_the_queue
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ, CITIZEN_HZ = 600, 1000
MAIL_PASSWORD, SIGNING, AMI = "mail-Pa55-word", "signing-secret-of-16", "ami-s3cret-0f-ours"


@dataclass(frozen=True)
class Given:
    """A certificate as a city would bring it."""

    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    files = AsteriskFiles(Settings(home=tmp_path_factory.mktemp("city"), sip_host="sip.city.cn"))
    certificates.ensure(files)
    return Given(files.certificate, files.private_key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(given: Given) -> AsyncIterator[Hotline]:
    nobody = f"127.0.0.1:{free_tcp_port()}"
    async with Hotline(
        HOTLINE_LOG_LEVEL="DEBUG",
        HOTLINE_TLS_CERT=str(given.certificate),
        HOTLINE_TLS_KEY=str(given.key),
        HOTLINE_SEAT_ENCRYPTION="required",
        HOTLINE_AMI_SECRET=AMI,
        HOTLINE_WEBHOOK_URL=f"http://{nobody}/hook/{SIGNING}",
        HOTLINE_WEBHOOK_SECRET=SIGNING,
        HOTLINE_SMS_URL=f"http://{nobody}/sms",
        HOTLINE_SMS_SECRET=SIGNING,
        HOTLINE_IMAP_URL=f"imap://post:{MAIL_PASSWORD}@{nobody}/INBOX",
    ) as running:
        yield running


def phone(shown: dict[str, Any], **account: Any) -> SeatPhone:
    """A telephone with a seat's account, as ``hotline seats show`` prints it."""
    baresip = tools.phone("baresip")
    seat = Seat(shown["number"], shown["password"], user=shown["user"], **account)
    return SeatPhone(baresip.argv, tools.baresip_modules(), seat, env=baresip.env)


async def shown(hotline: Hotline, number: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(await hotline.cli("seats", "show", number, "--json"))
    return facts


async def test_phones_are_shown_the_citys_certificate(hotline: Hotline, given: Given) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = (await shown(hotline, "8001"))["tls_port"]
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    seen = writer.get_extra_info("ssl_object").getpeercert(True)
    writer.close()
    mine = x509.load_pem_x509_certificate(given.certificate.read_bytes())
    assert x509.load_der_x509_certificate(seen) == mine


async def test_a_seat_talks_over_tls_with_srtp(hotline: Hotline) -> None:
    facts = await shown(hotline, "8001")
    assert (facts["transports"], facts["encryption"]) == (["tls"], "srtp, required")
    registrar = f"127.0.0.1:{facts['tls_port']}"
    safe = phone(facts, registrar=registrar, transport="tls", encrypts=True, speaks=SEAT_HZ)
    async with Watcher(hotline) as board, safe:
        await safe.registered()
        await board.seat("8001", "idle")
        async with hotline.citizen("13800060001") as citizen:
            await to_the_queue(citizen)
            await safe.talking(20)
            await citizen.hears(SEAT_HZ, seconds=1.0, timeout=15)
            await citizen.say(CITIZEN_HZ, 2.0)
            await citizen.hang_up()
        await safe.idle()
        assert tone_seconds(await safe.heard(), RATE, CITIZEN_HZ) > 1.0
    assert (await hotline.record("13800060001"))["seat"] == "8001"


async def test_a_phone_without_tls_is_no_seat(hotline: Hotline) -> None:
    facts = await shown(hotline, "8002")
    async with phone(facts, registrar=facts["registrar"]) as open_, Watcher(hotline) as board:
        await open_.registered()
        async with hotline.citizen("13800060002") as citizen:
            await to_the_queue(citizen)
            await board.until(lambda now: now.waiting() == ["13800060002"], "one who waits")
            await open_.dial("12345")
            assert (await open_.event("CALL_CLOSED"))["param"].startswith("488")
            assert await hotline.seat_state("8002") == "unavailable"
            await citizen.hang_up()
        assert not open_.calls


async def test_a_phone_without_srtp_is_refused(hotline: Hotline) -> None:
    facts = await shown(hotline, "8003")
    registrar = f"127.0.0.1:{facts['tls_port']}"
    async with phone(facts, registrar=registrar, transport="tls") as half:
        await half.registered()
        await half.dial("12345")
        assert (await half.event("CALL_CLOSED"))["param"].startswith("488")


async def test_no_log_holds_a_secret(hotline: Hotline) -> None:
    """At DEBUG, after everything that has to do with a password was done once, and done wrong."""
    messages = hotline.home / "asterisk" / "log" / "messages.log"

    async def refused() -> bool:
        return "Failed to authenticate" in messages.read_text()

    seat = json.loads(await hotline.cli("seats", "password", "8004", "--json"))
    await hotline.cli("users", "add", "wang", "agent")
    tokens = []
    client = await hotline.http()
    for password in (ADMIN_PASSWORD, "wr0ng-Pa55word"):
        body = {"username": "admin", "password": password}
        async with client.post(f"{hotline.url}/api/v1/session", json=body) as answer:
            tokens.append((await answer.json()).get("token"))
    assert tokens[0]
    assert tokens[1] is None
    registrar = f"127.0.0.1:{seat['tls_port']}"
    async with phone({**seat, "password": "wr0ng-Pa55word"}, registrar=registrar, transport="tls"):
        await eventually(refused, "a failed log-in")
    wiring = json.loads((hotline.home / "wiring.json").read_text())
    secrets = {
        ADMIN_PASSWORD, MAIL_PASSWORD, SIGNING, AMI, tokens[0], seat["password"],
        "wr0ng-Pa55word", *(value for key, value in wiring.items() if "secret" in key),
    }  # fmt: skip
    logs = [file for file in hotline.home.rglob("*log*/**/*") if file.is_file()]
    logs.append(hotline.home / "serve.log")
    assert {"controller.log", "messages.log"} <= {file.name for file in logs}
    found = [
        (file.name, secret)
        for file in logs
        for secret in secrets
        if secret.encode() in file.read_bytes()
    ]
    assert found == []


async def test_files_with_secrets_are_for_their_owner_alone(hotline: Hotline) -> None:
    etc = hotline.home / "asterisk" / "etc"
    private = [hotline.home / "wiring.json", *(file for file in etc.glob("*.conf"))]
    open_ = [file.name for file in private if file.stat().st_mode & 0o077 and file.stat().st_size]
    assert open_ == []
