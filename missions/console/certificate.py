"""A certificate of our own, so that a tablet on the crew's own network speaks to the console encrypted.

Browsers ask once whether it is to be trusted; its fingerprint stands on the screen of the console's computer.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from missions.console.access import write_private

CERTIFICATE, KEY = "certificate.pem", "key.pem"
_DAYS = 397  # browsers take none that lasts longer
_EARLY = datetime.timedelta(days=1)  # tablets' clocks are not all right


def certify(home: Path, address: str) -> str:
    """The fingerprint of a certificate in `home` that holds for `address`; made anew if there is none that does."""
    names = {address, "localhost", "127.0.0.1", socket.gethostname()}
    known = _read(home / CERTIFICATE)
    if known is None or not (home / KEY).exists() or not _holds(known, names):
        known = _make(home, names)
    digest = hashlib.sha256(known.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _make(home: Path, names: set[str]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Silkline console")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + datetime.timedelta(days=_DAYS) - _EARLY)
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(home / KEY, secret.decode())
    write_private(home / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return certificate


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _holds(certificate: x509.Certificate, names: set[str]) -> bool:
    """For these names, and for some days yet."""
    known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=7)
    return certificate.not_valid_after_utc > soon and all(_name(name) in known for name in names)
