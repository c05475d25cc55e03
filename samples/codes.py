"""QR codes and barcodes as dot matrices, and the texts that bills carry in them."""

import base64
import json
import random
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

import numpy as np
import zxingcpp
from numpy.typing import NDArray


def qr_matrix(text: str) -> NDArray[np.bool_]:
    """True where a module is dark; without the quiet zone."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    image = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    return np.asarray(image) < 128


def code128_bars(text: str) -> NDArray[np.bool_]:
    """One row of a Code 128, True where a bar is."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    image = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    bars: NDArray[np.bool_] = (np.asarray(image) < 128)[0]
    return bars


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_qr(
    rng: random.Random,
    *,
    seller_gstin: str,
    buyer_gstin: str,
    number: str,
    day: date,
    total: Decimal,
    line_count: int,
    main_hsn: str,
    irn: str,
    registered_at: datetime,
) -> str:
    """The e-invoice's JWT (DOMAIN 4): JSON inside a JSON string, and a signature that is noise."""
    invoice = {
        "SellerGstin": seller_gstin,
        "BuyerGstin": buyer_gstin,
        "DocNo": number,
        "DocTyp": "INV",
        "DocDt": f"{day:%d/%m/%Y}",
        "TotInvVal": float(total),
        "ItemCnt": line_count,
        "MainHsnCode": main_hsn,
        "Irn": irn,
        "IrnDt": f"{registered_at:%Y-%m-%d %H:%M:%S}",
    }
    header = {
        "alg": "RS256",
        "kid": rng.randbytes(20).hex().upper(),
        "typ": "JWT",
        "x5t": _base64url(rng.randbytes(20)),
    }
    payload = {"data": _compact(invoice), "iss": "NIC"}
    parts = (_compact(header).encode(), _compact(payload).encode(), rng.randbytes(256))
    return ".".join(_base64url(part) for part in parts)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def upi_link(*, payee: str, name: str, amount: Decimal, note: str) -> str:
    return f"upi://pay?pa={payee}&pn={quote(name)}&am={amount}&cu=INR&tn={quote(note)}"
