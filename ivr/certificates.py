"""The certificate of SIP over TLS: the operator's, or one made and renewed here."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from ivr.asterisk_files import AsteriskFiles
from ivr.errors import SettingsError
from ivr.wiring import write_private

VALID_DAYS = 825
RENEWED_DAYS = 30
"""Days before its end from which on a certificate is soon to be replaced."""


def ensure(files: AsteriskFiles) -> None:
    """See to it that the certificate and the key that Asterisk is told of can be used.

    Raises:
        SettingsError: those given by HOTLINE_TLS_CERT and HOTLINE_TLS_KEY cannot.
    """
    settings = files.settings
    if settings.tls_certificate is not None:
        ends(files)
        return
    with contextlib.suppress(SettingsError):  # else there is none yet, or none that can be used
        if ends(files) - datetime.now(UTC) > timedelta(days=RENEWED_DAYS):
            return
    make(files.certificate, files.private_key, settings.sip_host)


def ends(files: AsteriskFiles) -> datetime:
    """Until when the certificate holds.

    Raises:
        SettingsError: it or its key cannot be read, they do not belong together, or its time is
            over.
    """
    certificate = _certificate(files.certificate)
    if certificate.public_key() != _key(files.private_key).public_key():
        raise SettingsError(f"{files.private_key} is not the key of {files.certificate}")
    until = certificate.not_valid_after_utc
    if until <= datetime.now(UTC):
        raise SettingsError(f"{files.certificate} is valid no longer: it ended on {until:%Y-%m-%d}")
    return until


def _certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as problem:
        raise SettingsError(f"{file} cannot be read: {problem.strerror}") from problem
    except ValueError:
        raise SettingsError(f"{file} holds no certificate in PEM form") from None


def _key(file: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as problem:
        raise SettingsError(f"{file} cannot be read: {problem.strerror}") from problem
    except (ValueError, TypeError):
        raise SettingsError(f"{file} holds no private key in PEM form without a password") from None


def make(certificate: Path, private_key: Path, host: str) -> None:
    """Make a self-signed certificate for ``host``, and its key."""
    certificate.parent.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    write_private(private_key, key.private_bytes(encoding, form, plain).decode("ascii"))
    write_private(certificate, made.public_bytes(encoding).decode("ascii"))


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
