"""Which JPEG and PNG files are decoded at once, and which are left to a process that can be ended."""

import io
import struct

import pytest
from PIL import Image
from support import bombs

from keras_googlenet.data import ImageError, bounded
from keras_googlenet.data.images import decode_image

EXIF = Image.Exif()
EXIF[0x0112] = 6
EXIF[0x010E] = "x" * 20_000


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {"restart_marker_rows": 1, "comment": "a comment"}),
        ("JPEG", "CMYK", {"exif": EXIF, "icc_profile": bytes(200_000)}),
        ("JPEG", "RGB", {"progressive": True, "optimize": True}),
        ("MPO", "RGB", {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}),
        ("PNG", "RGB", {"exif": EXIF, "icc_profile": bytes(200_000)}),
        ("PNG", "P", {"transparency": 3}),
        ("PNG", "I;16", {"dpi": (300, 300)}),
        ("PNG", "RGBA", {"compress_level": 0}),
    ],
)
def test_what_programs_write_is_decoded_at_once(format, mode, options):
    gray = Image.effect_noise((700, 500), 50)
    stream = io.BytesIO()
    (gray.convert(mode) if mode != "CMYK" else gray.convert("RGB").convert(mode)).save(stream, format, **options)
    data = stream.getvalue()
    assert bounded.is_bounded(io.BytesIO(data))


def test_other_formats_are_not():
    for format in ("TIFF", "GIF", "WEBP", "BMP", "PPM", "JPEG2000"):
        assert not bounded.is_bounded(io.BytesIO(bombs.saved(format)))
    assert not bounded.is_bounded(io.BytesIO())


def left(data):
    """Whether a file is left to another process; where it was read is where it is read again."""
    file = io.BytesIO(data)
    found = not bounded.is_bounded(file)
    assert file.tell() == 0
    return found


SMALL = (bombs.TABLES, bombs.frame(0xC0, 8, 8), bombs.scan(), bytes(8))


@pytest.mark.parametrize(
    "parts",
    [
        (bombs.segment(0xE1, b"Exif\0\0MM"), bombs.segment(0xE1, b"Exif\0\0MM"), *SMALL),
        (bombs.segment(0xFE) * 300, *SMALL),
        (bytes(9), *SMALL),
        (b"\xff" * 9, *SMALL),
        (bombs.frame(0xC0, 8, 8), *SMALL),
        (bombs.TABLES, bombs.frame(0xC9, 8, 8), bombs.scan(), bytes(8)),
        (bombs.TABLES, bombs.frame(0xC0, 65_000, 65_000), bombs.scan(), bytes(8)),
        (bombs.TABLES, bombs.frame(0xC2, 8000, 8000), (bombs.scan(1, 63) + bytes(8)) * 20),
        (bombs.TABLES,),
    ],
    ids=["exif", "segments", "junk", "padding", "frames", "arithmetic", "large", "scans", "no scan"],
)
def test_odd_jpegs_are_not(parts):
    assert left(bombs.jpeg(*parts))
    assert not left(bombs.jpeg(*SMALL))


PACKED = bombs.zeros(2**20)


@pytest.mark.parametrize(
    "data",
    [
        bombs.png(bombs.chunk(b"zTXt", b"a\0\0" + PACKED) * 200),
        bombs.png(bombs.chunk(b"prVt") * 500),
        bombs.png(bombs.chunk(b"tEXt", b"a\0" + bytes(2**22))),
        bombs.png(bombs.chunk(b"zTXt", b"Raw profile type exif\0\0" + PACKED)),
        bombs.png(bombs.chunk(b"eXIf", bytes(2**17))),
        bombs.png(bombs.chunk(b"acTL", struct.pack(">II", 2, 0))),
        bombs.png(pixels=bombs.chunk(b"IDAT") * 5000),
        bombs.png(width=20_000, height=20_000),
        bombs.png(width=1, height=2**25),
        bombs.png(bombs.chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))),
    ],
    ids=["packed", "chunks", "text", "profile", "exif", "animation", "data", "large", "rows", "headers"],
)
def test_odd_pngs_are_not(data):
    assert left(data)
    assert not left(bombs.png(bombs.chunk(b"zTXt", b"a\0\0" + PACKED)))


@pytest.mark.parametrize("code", [0xC0, 0xC2])
@pytest.mark.parametrize("count", [400, 600])
def test_scans_are_counted_wherever_they_are(code, count):
    """Thumbnails have scans of their own; what is between the scans is passed over, by another process."""
    thumbnail = bombs.segment(0xE1, bombs.jpeg(*SMALL) * 100)
    scans = (bombs.scan(1, 63) + bombs.runs(1) + bombs.segment(0xFE, b"\xff\xda" * 9)) * count
    data = bombs.jpeg(thumbnail, bombs.TABLES, bombs.frame(code, 8, 8, 3), bombs.scan(0, 0) + bytes(8), scans)
    if count > bounded.MAX_SCANS:
        with pytest.raises(ImageError, match=r"^a b\.jpg: a JPEG of more than 500 scans, [^\n]+\Z"):
            decode_image(data, "a b.jpg")
    else:
        assert left(data)


def test_looking_through_a_file_is_fast_whatever_is_in_it():
    """In this process, where nothing could end it."""
    for make in (bombs.jpeg_of_comments, bombs.png_of_empty_chunks, bombs.png_of_empty_data, bombs.jpeg_of_frames):
        assert left(make())
