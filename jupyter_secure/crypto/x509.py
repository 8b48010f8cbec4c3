"""Certificates: make one, read one, tell whether a key belongs to one.

A certificate is PEM bytes, RFC 7468; where a file holds a chain, the first one counts. All times
are UTC and aware. Nothing here touches a file: ``transport/certificates.py`` knows the paths.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from jupyter_secure.errors import CertificateUnusable

# Clocks of two machines differ: a certificate made "now" must be good on the slower one too.
CLOCK_SKEW = timedelta(minutes=5)

# The longest subject common name that RFC 5280 (upper bound ub-common-name) allows, in characters.
COMMON_NAME_MAX = 64


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says of itself.

    ``names`` are its DNS names and IP addresses as text (RFC 6125: only the subject alternative
    names count); ``fingerprint_sha256`` is 64 hex digits over the DER form.
    """

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint_sha256: str
    subject: str
    issuer: str

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer, so that no browser trusts it unasked."""
        return self.subject == self.issuer


def make_self_signed(
    names: Sequence[str], days: int, *, now: datetime | None = None, key_pem: bytes | None = None
) -> tuple[bytes, bytes]:
    """Return ``(certificate, key)`` in PEM: ECDSA on P-256, good for ``names`` and ``days`` days.

    A name is a host name (international ones are turned to their ASCII form) or an IP address.
    ``key_pem`` is a key to use again, as ``make_self_signed`` gave it; otherwise a new one is made.
    Raises CertificateUnusable when there is no name, one of them is not a host name, or the key is
    not such a key.
    """
    alternatives = [_general_name(name) for name in dict.fromkeys(names)]
    if not alternatives:
        raise CertificateUnusable("A certificate needs at least one host name.")
    start = now or datetime.now(timezone.utc)
    key = ec.generate_private_key(ec.SECP256R1()) if key_pem is None else _own_key(key_pem)
    common_name = str(alternatives[0].value)[:COMMON_NAME_MAX]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - CLOCK_SKEW)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        # Not a CA: whoever trusts this certificate trusts this one server and nothing that its
        # key could sign. Firefox also refuses a CA certificate as a server's own.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def inspect(cert_pem: bytes) -> CertificateFacts:
    """Return what the (first) certificate in ``cert_pem`` says; CertificateUnusable if none."""
    certificate = _load(cert_pem)
    return CertificateFacts(
        names=_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
    )


def matches(cert_pem: bytes, key_pem: bytes) -> bool:
    """Return whether the private key belongs to the (first) certificate.

    Raises CertificateUnusable when either cannot be read; a key under a passphrase is one of those,
    because a server that starts on its own has nobody to ask.
    """
    certificate = _load(cert_pem)
    key = _load_key(key_pem)
    return _public_der(key.public_key()) == _public_der(certificate.public_key())


def _own_key(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = _load_key(key_pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateUnusable(
            "The key is not one that a set-up makes (ECDSA on P-256).",
            remedy="Renew the certificate with a new key.",
        )
    return key


def _load_key(key_pem: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(key_pem, password=None)
    except TypeError:
        raise CertificateUnusable(
            "The key is encrypted with a passphrase.",
            remedy="Give a key without one, in a file that only you can read.",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateUnusable(
            "That is not a private key in PEM form.",
            remedy="The file should hold a block that begins with -----BEGIN PRIVATE KEY-----.",
        ) from None


def _load(cert_pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(cert_pem)
    except ValueError:
        raise CertificateUnusable(
            "That is not a certificate in PEM form.",
            remedy="The file should hold a block that begins with -----BEGIN CERTIFICATE-----.",
        ) from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(
        str(name.value)
        for name in extension.value
        if isinstance(name, (x509.DNSName, x509.IPAddress))
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        # IDNA, RFC 3490: a name on the wire is ASCII.
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_name = ""
    labels = ascii_name.removeprefix("*.").split(".")
    if not all(label.replace("-", "").replace("_", "").isalnum() for label in labels):
        raise CertificateUnusable(
            f"{name!r} is not a host name or an IP address.",
            remedy="Give a name such as lab.example.org, without https:// or a port.",
        )
    return x509.DNSName(ascii_name)


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _public_der(key: object) -> bytes:
    # Every public key type of the library has this method; its union type is not one class.
    der: bytes = key.public_bytes(  # type: ignore[attr-defined]  # see the line above
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return der
