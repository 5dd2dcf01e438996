"""How our requests are signed, and how a receiver checks them.

Three headers go with a body::

    Hotline-Delivery: 7f3c…            the same for every try of one message
    Hotline-Timestamp: 1771234567      Unix seconds of this try
    Hotline-Signature: v1=<hex>        HMAC-SHA256, key: the shared secret

The signed bytes are ``v1.<timestamp>.<delivery>.<body>``. A receiver compares in constant time,
refuses what is older or newer than five minutes, and remembers the deliveries of that time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from ticketing.channels.errors import BadSignature

DELIVERY = "Hotline-Delivery"
TIMESTAMP = "Hotline-Timestamp"
SIGNATURE = "Hotline-Signature"
WINDOW = timedelta(minutes=5)
SHORTEST_SECRET = 16  # bytes

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SECONDS = re.compile(r"[0-9]{1,12}")


def check_id(delivery: str) -> str:
    """``delivery`` itself, when it can stand in a header and in a signature.

    Raises:
        ValueError: other than 1 to 100 letters, digits, ``-`` and ``_``.
    """
    if not _ID.fullmatch(delivery):
        raise ValueError("an id of a delivery is 1 to 100 letters, digits, '-' and '_'")
    return delivery


def check_secret(secret: bytes) -> bytes:
    """``secret`` itself, when it is long enough to sign with.

    Raises:
        ValueError: shorter than ``SHORTEST_SECRET``.
    """
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"a secret needs {SHORTEST_SECRET} bytes or more")
    return secret


def signed(body: bytes, secret: bytes, delivery: str, now: datetime) -> dict[str, str]:
    """The three headers for ``body``, sent at ``now`` (aware)."""
    seconds = str(int(now.timestamp()))
    return {
        DELIVERY: check_id(delivery),
        TIMESTAMP: seconds,
        SIGNATURE: f"v1={_digest(body, secret, delivery, seconds)}",
    }


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: bytes,
    now: datetime,
    window: timedelta = WINDOW,
) -> str:
    """Check what a receiver got; gives the delivery's id, by which it drops repetitions.

    Args:
        headers: as they came; names in any case.
        now: the receiver's clock, aware.
        window: how far the sender's clock may be off, either way.

    Raises:
        BadSignature: a header is not there, the signature is not ours, or the moment is too far.
    """
    given = {name.lower(): value for name, value in headers.items()}
    delivery = given.get(DELIVERY.lower(), "")
    seconds = given.get(TIMESTAMP.lower(), "")
    signature = given.get(SIGNATURE.lower(), "")
    if not _ID.fullmatch(delivery) or not _SECONDS.fullmatch(seconds):
        raise BadSignature(f"{DELIVERY} or {TIMESTAMP} is not there, or not well formed")
    expected = f"v1={_digest(body, secret, delivery, seconds)}"
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        raise BadSignature("the signature does not fit the body; is the secret the same?")
    if abs(now.timestamp() - int(seconds)) > window.total_seconds():
        raise BadSignature("the signature is too old or from the future; check the clocks")
    return delivery


def _digest(body: bytes, secret: bytes, delivery: str, seconds: str) -> str:
    signed_bytes = b".".join((b"v1", seconds.encode(), delivery.encode(), body))
    return hmac.new(secret, signed_bytes, hashlib.sha256).hexdigest()
