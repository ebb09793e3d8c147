"""The bytes of attachments: the smallest files of each kind that a viewer opens, no two of them alike."""

from __future__ import annotations

import struct
import zlib


def content(filename: str, owner: str) -> bytes:
    """The file of that name, by its ending; ``owner`` (a patient's id) makes it differ from all others."""
    if filename.endswith(".pdf"):
        return _pdf(owner)
    if filename.endswith(".png"):
        return _png(owner)
    return f"Für {owner} 🦵\r\nsecond line\r\n".encode()


def _pdf(text: str) -> bytes:
    drawing = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, value in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(body))
    )


def _png(text: str) -> bytes:
    red, green, blue = zlib.crc32(text.encode()).to_bytes(4, "big")[:3]
    size = 8
    row = b"\0" + bytes([red, green, blue]) * size
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
            _chunk(b"tEXt", b"Comment\0" + text.encode()),
            _chunk(b"IDAT", zlib.compress(row * size)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
