"""What a file is called and what it is, whatever its sender says."""

from __future__ import annotations

import unicodedata

LARGEST_BYTES = 25 * 1024 * 1024
LONGEST_NAME = 240
HEAD_BYTES = 512
PLAIN = "application/octet-stream"

# Only what no browser runs. Anything else is served as bytes without a type.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_IN_ZIP = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_TURNED = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
ICONS = {"application/pdf": "file-text", "image": "photo", "text": "file-text"}


def clean_name(name: str) -> str:
    """The last part of a path without what could mislead: separators, control characters, turned writing direction."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in _TURNED)
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > LONGEST_NAME:
        stem, dot, ending = shown.rpartition(".")
        keep = LONGEST_NAME - len(ending) - 1
        shown = f"{stem[:keep]}.{ending}" if dot and keep > 0 else shown[:LONGEST_NAME]
    return shown or "file"


def sniffed(head: bytes, name: str) -> str:
    """The content type that the first bytes prove. The name only tells apart what lies in a zip."""
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        ending = "." + name.rpartition(".")[2].lower()
        return _IN_ZIP.get(ending, "application/zip")
    return "text/plain" if _is_plain_text(head) else PLAIN


def _is_plain_text(head: bytes) -> bool:
    if not head or b"\x00" in head or b"<" in head:  # no markup, under whatever name
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # cut within a letter
    return True


def icon(content_type: str) -> str:
    return ICONS.get(content_type) or ICONS.get(content_type.partition("/")[0], "file")
