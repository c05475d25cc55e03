"""Signatures of e-invoice QR codes: a JWT is held against public keys that the operator has.

Only RS256 (RFC 7518, 3.3) counts, whatever the token says of itself: a token without an
algorithm, or with a symmetric one whose secret would be the public key, is never verified.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

MOST_TOKEN = 20_000
MOST_KEYS = 100
MOST_KEY_FILE_BYTES = 1_000_000
KEY_BITS = (2048, 8192)
_SUFFIXES = (".pem", ".json", ".jwk", ".jwks", ".cer", ".crt", ".der", ".key", ".txt")
_TOKEN = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.{1,20000}?-----END \1-----", re.DOTALL)
_THUMBPRINT = re.compile(r"[0-9A-F]{40}")


class UnreadableKeys(ValueError):
    """A key file that cannot be used; the message says which and why."""


class Verdict(Enum):
    """What can be said of a token's signature."""

    UNCHECKED = "no key is configured"
    VERIFIED = "a configured key made the signature"
    UNKNOWN_KEY = "it names a key that is not configured"
    FALSE = "no configured key made the signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key. `kid` names it, "" where the file does not say: it is tried always."""

    kid: str
    public: RSAPublicKey


def read_keys(path: str) -> tuple[Key, ...]:
    """The keys of a PEM or JWKS file, or of a folder of them; () for an empty path.

    A key's name is the JWK's kid, a certificate's SHA-1 thumbprint (as the Indian portal names
    its keys), or the name of a PEM file that is one. UnreadableKeys where a file holds none."""
    if not path:
        return ()
    place = Path(path)
    try:
        files = [place]
        if place.is_dir():
            files = sorted(f for f in place.iterdir() if f.suffix.lower() in _SUFFIXES)
        keys = [key for file in files for key in _keys_of(file)]
    except OSError as error:
        raise UnreadableKeys(f"{error.filename} cannot be read: {error.strerror}.") from error
    if not keys:
        raise UnreadableKeys(f"{place} holds no public key.")
    if len(keys) > MOST_KEYS:
        raise UnreadableKeys(f"{place} holds {len(keys)} keys, at most {MOST_KEYS} are used.")
    return tuple(keys)


def verdict(token: str, keys: tuple[Key, ...]) -> Verdict:
    """What `keys` say of a JWT; anything that is no well-formed RS256 token is FALSE."""
    if not keys:
        return Verdict.UNCHECKED
    match = _TOKEN.fullmatch(token.strip()) if len(token) <= MOST_TOKEN else None
    header = _header(match[1]) if match else {}
    if match is None or header.get("alg") != "RS256" or "crit" in header:
        return Verdict.FALSE
    kid = header.get("kid", "")
    if not isinstance(kid, str):
        return Verdict.FALSE
    fitting = [key for key in keys if kid and key.kid.upper() == kid.upper()]
    fitting = fitting or [key for key in keys if not key.kid or not kid]
    if not fitting:
        return Verdict.UNKNOWN_KEY
    signed, signature = f"{match[1]}.{match[2]}".encode(), _decoded(match[3])
    is_made = any(_is_signed(key.public, signed, signature) for key in fitting)
    return Verdict.VERIFIED if is_made else Verdict.FALSE


def _is_signed(key: RSAPublicKey, signed: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _header(segment: str) -> dict[str, Any]:
    try:
        header = json.loads(_decoded(segment))
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return b""


def _keys_of(file: Path) -> list[Key]:
    if file.stat().st_size > MOST_KEY_FILE_BYTES:
        raise UnreadableKeys(f"{file} is too large for a file of keys.")
    content = file.read_bytes()
    try:
        if content.lstrip()[:1] in (b"{", b"["):
            keys = _jwks(json.loads(content))
        elif b"-----BEGIN" in content:
            keys = _pems(content, file.stem.upper())
        else:
            keys = [_certified(load_der_x509_certificate(content))]
    except (ValueError, TypeError, KeyError, RecursionError, UnsupportedAlgorithm) as error:
        raise UnreadableKeys(f"{file} holds no public key that can be used: {error}") from error
    for key in keys:
        if not KEY_BITS[0] <= key.public.key_size <= KEY_BITS[1]:
            raise UnreadableKeys(f"{file} holds a key of {key.public.key_size} bits.")
    return keys


def _jwks(told: Any) -> list[Key]:
    """RFC 7517: a set of keys, or one; keys of other kinds are passed over."""
    rows = told.get("keys", [told]) if isinstance(told, dict) else told
    keys = []
    for row in rows:
        if isinstance(row, dict) and row.get("kty") == "RSA":
            numbers = RSAPublicNumbers(_whole(row, "e"), _whole(row, "n"))
            keys.append(Key(kid=str(row.get("kid", "")), public=numbers.public_key()))
    return keys


def _whole(row: dict[str, Any], name: str) -> int:
    return int.from_bytes(_decoded(str(row[name])), "big")


def _pems(content: bytes, stem: str) -> list[Key]:
    keys = []
    for match in _PEM.finditer(content):
        if b"PRIVATE" in match[1]:
            raise ValueError("it is a private key, which belongs to its owner alone")
        if match[1] == b"CERTIFICATE":
            keys.append(_certified(load_pem_x509_certificate(match[0])))
        else:
            public = serialization.load_pem_public_key(match[0])
            kid = stem if _THUMBPRINT.fullmatch(stem) else ""
            keys.append(Key(kid=kid, public=_rsa(public)))
    return keys


def _certified(certificate: Any) -> Key:
    return Key(
        # A name, not a protection: the portal's tokens name the certificate by it.
        kid=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303
        public=_rsa(certificate.public_key()),
    )


def _rsa(public: object) -> RSAPublicKey:
    if not isinstance(public, RSAPublicKey):
        raise ValueError("it is no RSA key")
    return public
