"""The encoding of a text file: by its mark, by being valid UTF-8, else by its bytes."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from django.utils.translation import gettext_lazy as lazy

SAMPLE_BYTES = 256 * 1024
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": lazy("Western European (Windows)"),
    "iso8859_15": lazy("Western European (ISO)"),
    "mac_roman": lazy("Western European (old Mac)"),
    "cp1250": lazy("Central European (Windows)"),
    "iso8859_2": lazy("Central European (ISO)"),
    "cp1251": lazy("Cyrillic (Windows)"),
    "koi8_r": lazy("Cyrillic (KOI8-R)"),
    "cp1253": lazy("Greek (Windows)"),
    "cp1254": lazy("Turkish (Windows)"),
    "cp1255": lazy("Hebrew (Windows)"),
    "cp1256": lazy("Arabic (Windows)"),
    "cp850": lazy("Western European (DOS)"),
    "cp932": lazy("Japanese (Shift JIS)"),
    "gb18030": lazy("Chinese, simplified"),
    "big5": lazy("Chinese, traditional"),
    "cp949": lazy("Korean"),
}
# Bytes that are not UTF-8, as the error handler surrogateescape marks them.
BAD_BYTES = re.compile(r"[\udc80-\udcff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def detect_encoding(path: Path) -> str:
    """The encoding of a text: by its mark, by being valid UTF-8 to the end, else by its bytes."""
    with path.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
        if head[:3] == codecs.BOM_UTF8:
            return "utf-8"
        if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
            return "utf-32"
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        if b"\x00" in head[:4096]:
            even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
            if max(even, odd) > len(head[:4096]) // 5 and min(even, odd) * 10 < max(even, odd):
                return "utf-16-be" if even > odd else "utf-16-le"
        stream.seek(0)
        doubtful = _first_doubtful(stream)
    if doubtful is None or _mostly_utf8(doubtful):
        return "utf-8"
    if _reads_as_western(doubtful):
        return "cp1252"
    from charset_normalizer import from_bytes  # two megabytes that a web process has no need of

    best = from_bytes(doubtful, cp_isolation=[name for name in ENCODINGS if not name.startswith("utf")]).best()
    guess = best.encoding if best else "cp1252"
    # Its guesses among the Western code pages differ in a sign or two; Windows wrote nearly all such files.
    return guess if guess in ENCODINGS and guess not in ("iso8859_15", "cp850", "mac_roman", "cp1254") else "cp1252"


def _first_doubtful(stream: io.BufferedReader) -> bytes | None:
    """The part of the file around the first bytes that are not UTF-8, or None when all are."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    while chunk := stream.read(1 << 20):
        if chunk.isascii():
            decoder.reset()
            continue
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            place = max(0, error.start - SAMPLE_BYTES // 2)
            return chunk[place : place + SAMPLE_BYTES]
    return None


def _mostly_utf8(sample: bytes) -> bool:
    """Whether a file with stray bytes is UTF-8 all the same: rows with the stray ones are then refused one by one."""
    strays = len(BAD_BYTES.findall(sample.decode("utf-8", "surrogateescape")))
    return len(_MULTIBYTE.findall(sample)) > strays


def _reads_as_western(sample: bytes) -> bool:
    """Whether the few bytes beyond ASCII are letters of Western languages, as nearly all files without UTF-8 have."""
    text = sample.decode("cp1252", "replace")
    letters = sum(map(str.isalpha, text))
    beyond = [place for place, sign in enumerate(text) if not sign.isascii()]
    in_words = (
        text[place]
        for place in beyond
        if 0 < place < len(text) - 1 and text[place - 1].isalpha() and text[place + 1].isalpha()
    )
    return len(beyond) < letters * 0.3 and all(map(str.isalpha, in_words))
