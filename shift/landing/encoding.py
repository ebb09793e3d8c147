"""In which encoding a file is written, and a copy of it in UTF-8 where it is another."""

from __future__ import annotations

import codecs
import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Encoding = Literal["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "windows-1252"]

CHUNK = 1 << 20
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_BYTE_ORDER_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A text in Windows-1252 holds, by accident, a few pairs that are good UTF-8 (É and a curly quote); a text in UTF-8
# with a few bad bytes holds many. Between the two, nothing is guessed: what is not UTF-8 is unreadable.
_CERTAINTY = 10


@dataclass(frozen=True, slots=True)
class Recognised:
    """An encoding; ``doubtful`` counts the places that contradict it (bad UTF-8, or good UTF-8 in Windows-1252)."""

    encoding: Encoding
    doubtful: int = 0


def recognise(path: Path) -> Recognised:
    """By the byte-order mark; else UTF-16 by its zero bytes; else UTF-8 where it holds, else Windows-1252."""
    with path.open("rb") as file:
        head = file.read(4096)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if head.startswith(mark):
                bad = 0 if encoding != "utf-8-sig" or _is_utf8(path) else _not_ascii(path)[1]
                return Recognised(encoding, bad)
    low, high = head[0::2], head[1::2]
    if high.count(0) > 0.4 * len(high) and low.count(0) < 0.1 * len(low):
        return Recognised("utf-16-le")
    if low.count(0) > 0.4 * len(low) and high.count(0) < 0.1 * len(high):
        return Recognised("utf-16-be")
    if _is_utf8(path):
        return Recognised("utf-8")
    good, bad, windows = _not_ascii(path)
    if windows and bad >= _CERTAINTY * good:
        return Recognised("windows-1252", good)
    return Recognised("utf-8", bad)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    pending = False
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not pending and chunk.isascii():
                continue
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return False
            pending = bool(decoder.getstate()[0])
    return not pending


def _not_ascii(path: Path) -> tuple[int, int, bool]:
    """How many runs of bytes beyond ASCII are good UTF-8, how many are not, and whether those are Windows-1252."""
    good = bad = 0
    windows = True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for run in _NOT_ASCII.finditer(data):
            if _decodes(run[0], "utf-8"):
                good += 1
            else:
                bad += 1
                windows = windows and _decodes(run[0], "windows-1252")
    return good, bad, windows


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def to_utf8(source: Path, encoding: Encoding, target: Path) -> Path:
    """Write the file in UTF-8, without a byte-order mark. Raises UnicodeDecodeError where it is damaged."""
    with source.open(encoding=encoding, newline="") as reader, target.open("w", encoding="utf-8", newline="") as writer:
        text = reader.read(CHUNK).removeprefix("\ufeff")
        while text:
            writer.write(text)
            text = reader.read(CHUNK)
    return target
