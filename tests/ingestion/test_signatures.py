"""A code's signature counts only if a configured key made it, whatever the token says."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from config.engines import EngineUnavailable
from documents import schemas
from ingestion.engines.base import Extraction, Mark, MarkKind, ValueSource
from ingestion.engines.rules import RulesExtractor
from ingestion.engines.signatures import UnreadableKeys, Verdict, read_keys, verdict
from tests.ingestion.drawn_pages import page

CLAIMS = {"data": json.dumps({"DocNo": "MP/117", "TotInvVal": 41542.0}), "iss": "NIC"}
KID = "AB" * 20


@pytest.fixture(scope="module")
def owner() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def stranger() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(key: RSAPrivateKey, header: object = None, claims: object = CLAIMS) -> str:
    signed = f"{part(header or {'alg': 'RS256', 'kid': KID})}.{part(claims)}"
    return f"{signed}.{part(key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"


def pem(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def jwk(key: RSAPrivateKey, kid: str) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "kid": kid,
        "n": part(numbers.n.to_bytes(256, "big")),
        "e": part(numbers.e.to_bytes(3, "big")),
    }


def keys_in(folder: Path, **files: bytes) -> str:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return str(folder)


def extract(payload: str, keys: str, text: str = "Tax Invoice\nInvoice No: MP/117") -> Extraction:
    mark = Mark(kind=MarkKind.GST_QR, payload=payload)
    return RulesExtractor(einvoice_keys=keys).extract(
        type="bill", schema=schemas.shipped_text("bill"), pages=(page(text, marks=[mark]),)
    )


def test_a_verified_code_is_the_best_evidence(owner: RSAPrivateKey, tmp_path: Path) -> None:
    made = extract(token(owner), keys_in(tmp_path, nic_pem=pem(owner)))
    number = next(one for one in made.readings if one.pointer == "/document_number")
    assert (number.value, number.source) == ("MP/117", ValueSource.SIGNED)
    assert number.note == "signature verified; the page prints the same"
    assert made.objections == ()


def test_a_false_signature_takes_all_evidence_from_the_code(
    owner: RSAPrivateKey, stranger: RSAPrivateKey, tmp_path: Path
) -> None:
    made = extract(token(stranger), keys_in(tmp_path, nic_pem=pem(owner)), "Tax Invoice")
    assert made.readings == ()
    assert [one.code for one in made.objections] == ["signature_invalid"]
    assert "page 1" in made.objections[0].message


def test_claims_changed_after_signing_are_refused(owner: RSAPrivateKey, tmp_path: Path) -> None:
    keys = read_keys(keys_in(tmp_path, nic_pem=pem(owner)))
    head, _, signature = token(owner).split(".")
    forged = f"{head}.{part({**CLAIMS, 'data': '{}'})}.{signature}"
    assert verdict(forged, keys) == Verdict.FALSE


def test_a_code_of_a_key_that_is_not_configured_is_no_evidence(
    owner: RSAPrivateKey, stranger: RSAPrivateKey, tmp_path: Path
) -> None:
    keys = keys_in(tmp_path, set_json=json.dumps({"keys": [jwk(owner, "other")]}).encode())
    made = extract(token(stranger), keys, "Tax Invoice")
    assert made.readings == ()
    assert [one.code for one in made.objections] == ["signature_unknown_key"]


def test_the_kid_chooses_the_key(
    owner: RSAPrivateKey, stranger: RSAPrivateKey, tmp_path: Path
) -> None:
    both = {"keys": [jwk(stranger, KID), jwk(owner, "other"), {"kty": "EC"}]}
    keys = read_keys(keys_in(tmp_path, set_json=json.dumps(both).encode()))
    assert verdict(token(owner), keys) == Verdict.FALSE  # signed by a key of another name
    assert verdict(token(stranger), keys) == Verdict.VERIFIED
    assert verdict(token(owner, {"alg": "RS256"}), keys) == Verdict.VERIFIED


def test_a_pem_file_named_by_its_thumbprint_is_chosen_by_it(
    owner: RSAPrivateKey, stranger: RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / f"{KID.lower()}.pem").write_bytes(pem(owner))
    keys = read_keys(str(tmp_path))
    assert verdict(token(owner), keys) == Verdict.VERIFIED
    other = {"alg": "RS256", "kid": "CD" * 20}
    assert verdict(token(stranger, other), keys) == Verdict.UNKNOWN_KEY


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": ["RS256"]},
        {"alg": "RS256", "kid": {"a": 1}},
        {"alg": "RS256", "crit": ["exp"]},
        ["RS256"],
        "RS256",
        b"\xff\xfe",
        b"[" * 5_000,
    ],
)
def test_a_header_that_is_not_plain_rs256_is_refused(
    owner: RSAPrivateKey, tmp_path: Path, header: object
) -> None:
    keys = read_keys(keys_in(tmp_path, nic_pem=pem(owner)))
    assert verdict(token(owner, header), keys) == Verdict.FALSE


def test_the_public_key_is_no_secret_to_sign_with(owner: RSAPrivateKey, tmp_path: Path) -> None:
    keys = read_keys(keys_in(tmp_path, nic_pem=pem(owner)))
    signed = f"{part({'alg': 'HS256'})}.{part(CLAIMS)}"
    mac = hmac.new(pem(owner), signed.encode(), hashlib.sha256).digest()
    assert verdict(f"{signed}.{part(mac)}", keys) == Verdict.FALSE


@pytest.mark.parametrize("junk", ["", "a.b", "a.b.c", "a.b.c.d", "é.b.c", "." * 9, "A" * 50_000])
def test_junk_is_refused(owner: RSAPrivateKey, tmp_path: Path, junk: str) -> None:
    keys = read_keys(keys_in(tmp_path, nic_pem=pem(owner)))
    assert verdict(junk, keys) == Verdict.FALSE
    assert verdict(junk, ()) == Verdict.UNCHECKED


@pytest.mark.parametrize(
    "claims", [[], {"data": "[" * 9_000}, {"data": [1], "iss": 1}, {"data": '{"DocNo": {}}'}]
)
def test_signed_nonsense_gives_no_values(
    owner: RSAPrivateKey, tmp_path: Path, claims: object
) -> None:
    made = extract(token(owner, claims=claims), keys_in(tmp_path, nic_pem=pem(owner)), "Bill")
    assert [one for one in made.readings if one.source == ValueSource.SIGNED] == []


def unusable(owner: RSAPrivateKey) -> dict[str, bytes]:
    small = generate_private_key(65537, 1024)
    private = owner.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    curve = elliptic.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "private": private,
        "small": pem(small),
        "elliptic": curve,
        "junk": b"no key",
        "cut": pem(owner)[:200] + b"\n-----END PUBLIC KEY-----\n",
        "empty": b"",
        "set": b'{"keys": [{"kty": "RSA", "n": 5}]}',
        "deep": b"[" * 100_000,
    }


def test_keys_that_cannot_be_used_are_told_at_the_start(
    owner: RSAPrivateKey, tmp_path: Path, settings: Settings
) -> None:
    for name, content in unusable(owner).items():
        file = tmp_path / f"{name}.pem"
        file.write_bytes(content)
        with pytest.raises(UnreadableKeys, match=name):
            read_keys(str(file))
    with pytest.raises(EngineUnavailable):
        RulesExtractor(einvoice_keys=str(tmp_path / "nowhere"))
    settings.EINVOICE_KEYS = str(tmp_path / "junk.pem")
    assert [fault.id for fault in run_checks() if fault.id == "docket.E007"] == ["docket.E007"]
    (tmp_path / "good.pem").write_bytes(pem(owner))
    settings.EINVOICE_KEYS = str(tmp_path / "good.pem")
    assert [fault.id for fault in run_checks() if fault.id == "docket.E007"] == []
