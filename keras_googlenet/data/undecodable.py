"""Images in formats that Pillow does not decode: what they are, and what to do about them."""

import contextlib
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, BinaryIO, NamedTuple

from PIL import ExifTags, Image, TiffImagePlugin


class Kind(NamedTuple):
    """A kind of file: what one and many of them are called, what to do about them, and how they are recognized."""

    one: str
    many: str
    remedy: str
    extensions: tuple[str, ...] = ()
    signatures: tuple[bytes, ...] = ()


HEIC = Kind(
    "a HEIC image",
    "HEIC images",
    "Pillow decodes HEIC once pillow-heif is installed: pip install pillow-heif",
    (".heic", ".heics", ".heif", ".heifs", ".hif"),
)
RAW = Kind(
    "a camera's raw image",
    "raw images of cameras",
    "export as JPEG or TIFF",
    (
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".kdc", ".mrw", ".nef", ".nrw", ".orf", ".pef"),
        *(".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    ),
    (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb"),  # Fujifilm; Olympus; Panasonic; Sigma
)
SVG = Kind("an SVG drawing", "SVG drawings", "export as PNG", (".svg", ".svgz"))
VIDEO = Kind("a video", "videos", "save its frames as JPEG or PNG", (), (b"\x1a\x45\xdf\xa3",))  # Matroska, WebM

_JXL_SIGNATURES = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
KINDS = (
    *(HEIC, RAW, SVG, VIDEO),
    Kind("a JPEG XL image", "JPEG XL images", "convert to JPEG or PNG", (".jxl",), _JXL_SIGNATURES),
    Kind("a PDF document", "PDF documents", "export its pages as PNG", (), (b"%PDF-",)),
)

# A file of the family of MP4 begins with its brands (ISO/IEC 14496-12, 23008-12).
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"miaf"))

_HEAD = 4096  # bytes that tell what a file is


@cache
def register() -> None:
    """Let Pillow read HEIC files where pillow-heif is installed."""
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()


def why_unidentified(file: BinaryIO) -> str:
    """What a file is that Pillow took for no image, in words.

    Args:
        file: open for reading.
    """
    head = _head(file)
    if kind := by_content(head):
        return f"{kind.one}; {kind.remedy}"
    return "not an image in a format that Pillow can read" if head else "the file is empty"


def refuse_raw(image: Image.Image, file: BinaryIO) -> None:
    """Refuse a camera's raw image that is a TIFF, too: Pillow would decode the thumbnail in it.

    Args:
        image: opened, not loaded.
        file: which it was opened from.

    Raises:
        ValueError: it is one.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags, known = image.tag_v2, ExifTags.Base  # of the first image in the file
        thumbnail = tags.get(known.NewSubfileType, 0) & 1 and known.SubIFDs in tags
        if thumbnail or known.DNGVersion in tags or by_content(_head(file)) == RAW:
            raise ValueError(f"{RAW.one}; {RAW.remedy}")


def is_for_this_process(file: BinaryIO) -> bool:
    """Whether there is nothing in a file for another process to decode, which its first bytes tell.

    It is empty, or a program in PostScript, or in a format that only this process knows: of a plugin that is neither
    Pillow's nor pillow-heif's.

    Args:
        file: open for reading.
    """
    head = _head(file)
    if not head or head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return True
    return any(accept(head[:16]) is True for accept in foreign_plugins() if accept)


def foreign_plugins() -> list[Callable[..., Any] | None]:
    """What tells of the formats that only this process knows: of plugins neither Pillow's nor pillow-heif's."""
    return _foreign(*Image.OPEN.values())


@cache
def _foreign(*plugins: tuple[Callable[..., Any], Callable[..., Any] | None]) -> list[Callable[..., Any] | None]:
    known = ("PIL", "pillow_heif")
    return [accept for factory, accept in plugins if factory.__module__.partition(".")[0] not in known]


def by_content(head: bytes) -> Kind | None:
    """What kind of file, that Pillow does not decode, begins so; or None.

    Args:
        head: the first bytes.
    """
    for kind in KINDS:
        if head.startswith(kind.signatures):
            return kind
    if head[:4] == b"II*\0" and head[8:10] == b"CR":
        return RAW  # Canon's CR2
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_svg = text.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text
    return SVG if is_svg or text.startswith(b"<svg") else None


def _by_brands(head: bytes) -> Kind | None:
    length = int.from_bytes(head[:4])
    brands = {head[8:12], *(head[place : place + 4] for place in range(16, min(length, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return None  # Pillow knows AVIF: this one is damaged
    if b"crx " in brands:
        return RAW  # Canon's CR3
    return HEIC if brands & _HEIC_BRANDS else VIDEO


def _head(file: BinaryIO) -> bytes:
    """The file's beginning, without moving the place where it is read."""
    place = file.tell()
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(place)
    return head


def by_name(path: str) -> Kind | None:
    """What kind of image, that Pillow does not decode, a file is by its extension; or None."""
    register()
    extension = os.path.splitext(path)[1].lower()
    if extension in Image.registered_extensions():
        return None
    return next((kind for kind in KINDS if extension in kind.extensions), None)


def left_out(paths: Iterable[str]) -> list[str]:
    """A line for each kind of image among some files that were left out since Pillow does not decode it.

    Args:
        paths: of any files.

    Example:
        >>> left_out(["a/1.svg", "a/2.SVG", "a/notes.txt"])
        ['left out 2 SVG drawings, the first a/1.svg; export as PNG']
    """
    found: dict[Kind, list[str]] = {}
    for path in sorted(paths):
        if kind := by_name(path):
            found.setdefault(kind, []).append(path)
    return [_line(kind, paths) for kind, paths in found.items()]


def _line(kind: Kind, paths: list[str]) -> str:
    some = f"{len(paths):,} {kind.many}, the first" if len(paths) > 1 else f"{kind.one},"
    return f"left out {some} {paths[0]}; {kind.remedy}"
