"""The image reader and the evaluation view."""

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_googlenet.data import DataError, ImageError, center_crop, colors, image_formats, read_image
from keras_googlenet.data import decoding as reader
from keras_googlenet.data.images import decode_view, read_view

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(path, image, **options):
    image.save(path, **options)
    return path


def quadrants():
    """A 20x10 image, red on its left half; its top right is green, its bottom right blue."""
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, :10], pixels[:5, 10:], pixels[5:, 10:] = RED, GREEN, BLUE
    return pixels


@pytest.mark.parametrize("extension", ["png", "bmp", "ppm", "tif", "gif", "webp", "tga"])
def test_lossless_formats_come_back_exactly(tmp_path, extension):
    path = save(tmp_path / f"a.{extension}", Image.fromarray(quadrants()), lossless=True)
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    np.testing.assert_array_equal(image, quadrants())


def test_content_counts_not_the_name(tmp_path):
    path = save(tmp_path / "a.jpg", Image.fromarray(quadrants()), format="PNG")
    np.testing.assert_array_equal(read_image(str(path)), quadrants())


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [  # from the definition of the tag: where row 0 and column 0 of the stored image belong
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: a.swapaxes(0, 1)[:, ::-1]),
        (7, lambda a: a.swapaxes(0, 1)[::-1, ::-1]),
        (8, lambda a: a.swapaxes(0, 1)[::-1]),
    ],
)
@pytest.mark.parametrize("extension", ["png", "webp", "tif"])
def test_exif_orientation(tmp_path, orientation, upright, extension):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(quadrants())
    path = save(tmp_path / f"a.{extension}", image, exif=exif, lossless=True)
    np.testing.assert_array_equal(read_image(path), upright(quadrants()))


def test_broken_exif_is_ignored(tmp_path):
    path = save(tmp_path / "a.jpg", Image.new("RGB", (8, 6), RED), exif=b"Exif\0\0MM\0*garbage")
    assert read_image(path).shape == (6, 8, 3)


@pytest.mark.parametrize(
    ("mode", "color", "expected", "extension"),
    [
        ("L", 77, (77, 77, 77), "png"),
        ("1", 1, (255, 255, 255), "png"),
        ("LA", (0, 0), (255, 255, 255), "png"),
        ("RGBA", (200, 0, 0, 0), (255, 255, 255), "png"),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204), "png"),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0), "tif"),
        ("I;16", 65535, (255, 255, 255), "png"),
        ("I;16", 100 * 257, (100, 100, 100), "png"),
        ("I;16", 100 * 257, (100, 100, 100), "tif"),
        ("F", 99.6, (100, 100, 100), "tif"),
        ("F", float("nan"), (0, 0, 0), "tif"),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, color, expected, extension):
    path = save(tmp_path / f"a.{extension}", Image.new(mode, (5, 4), color))
    np.testing.assert_array_equal(read_image(path), np.full((4, 5, 3), expected))


def test_lab_is_converted(tmp_path):
    path = save(tmp_path / "a.tif", Image.new("LAB", (3, 2), (255, 128, 128)))
    assert read_image(path).min() > 250  # white


def test_a_transparent_palette_color_is_white(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([*RED, *GREEN])
    path = save(tmp_path / "a.png", image, transparency=1)
    assert (read_image(path) == 255).all()


@pytest.mark.parametrize("extension", ["gif", "tif", "webp"])
def test_the_first_frame_of_several(tmp_path, extension):
    frames = [Image.new("RGB", (6, 6), color) for color in (RED, GREEN)]
    path = tmp_path / f"a.{extension}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert (read_image(path) == RED).all()


def damaged_file(folder, kind):
    path = folder / f"{kind}.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = save(folder / "whole.png", Image.fromarray(noise)).read_bytes()
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_bytes({"empty": b"", "text": b"hello\n", "half": data[: len(data) // 2]}[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("missing", "no such file"),
        ("directory", "not a file"),
        ("pipe", "not a file"),
        ("empty", "the file is empty"),
        ("text", "not an image in a format that Pillow can read"),
        ("half", "image file is truncated"),
    ],
)
def test_unreadable_files_are_named_in_one_line(tmp_path, kind, why):
    path = damaged_file(tmp_path, kind)
    with pytest.raises(ImageError, match=rf"^{path}: {why}[^\n]*\Z") as caught:
        read_image(path)
    assert isinstance(caught.value, DataError)


def test_the_bytes_of_an_image_are_no_path():
    """And are not quoted, all of them."""
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    with pytest.raises(ImageError, match="Expected an image's path.*decode_image") as error:
        read_image(data.getvalue())
    assert len(str(error.value)) < 100


def test_a_line_break_in_a_name_does_not_break_the_message(tmp_path):
    with pytest.raises(ImageError, match=r"a\\nb.png: no such file\Z"):
        read_image(tmp_path / "a\nb.png")


def test_impossible_paths_are_image_errors():
    for path in ("x" * 5000, "a\0b"):
        with pytest.raises(ImageError, match=r"name too long|null byte"):
            read_image(path)


def test_more_pixels_than_allowed_are_refused_before_decoding(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.new("1", (100, 50)))
    monkeypatch.setattr(reader, "MAX_PIXELS", 4999)
    reader.formats()  # Pillow loads images of its own when it is first asked for its formats
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"a\.png: 100 x 50 pixels are more than the 4,999 allowed"):
        read_image(path)


@pytest.mark.spawns
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGB", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
        ("CMYK", "JPEG", {"progressive": True}),
        ("RGBA", "PNG", {"compress_level": 1}),
        ("RGB", "WEBP", {"method": 0}),
        ("RGBA", "AVIF", {"speed": 10, "subsampling": "4:4:4"}),
        ("RGB", "JPEG2000", {}),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else value,
)
def test_decoding_takes_no_more_memory_than_the_limits_of_size_count_on(tmp_path, mode, format, options):
    side = 2800
    path = tmp_path / "image"
    Image.radial_gradient("L").resize((side, side)).convert("RGB").convert(mode).save(path, format, **options)
    program = """
import sys
from PIL import Image
peak = lambda: 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
image = Image.open(sys.argv[1])
before = peak()
image.load()
print(peak() - before)
"""
    taken = int(subprocess.check_output([sys.executable, "-c", program, path]))
    with Image.open(path) as image:
        expected = reader._bytes_a_pixel(image)
    assert expected * 0.55 < taken / side**2 < expected * 1.1


def test_formats_that_are_decoded_in_several_copies_may_be_less_large(tmp_path, monkeypatch):
    image = Image.new("RGB", (100, 50))
    monkeypatch.setattr(reader, "MAX_PIXELS", 19_999)
    assert read_image(save(tmp_path / "a.png", image)).shape == (50, 100, 3)
    with pytest.raises(ImageError, match=r"a\.webp: 100 x 50 pixels are more than the 4,999 allowed"):
        read_image(save(tmp_path / "a.webp", image))


def test_pillows_own_bomb_check_is_an_image_error_too(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.new("1", (100, 50)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match=r"a.png: Image size \(5000 pixels\) exceeds limit"):
        read_image(path)


def test_pillows_warnings_stay_inside(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.new("1", (100, 50)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)  # below the size: Pillow warns
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_image(path)
    assert not caught


def test_odd_images_are_judged_as_pillow_judges_them(shared_data):
    folder = shared_data / "odd_images"
    rows = (folder / "MANIFEST.tsv").read_text().splitlines()[1:]
    for name, _, _, verdict in (row.split("\t") for row in rows):
        if verdict == "OK":
            image = read_image(folder / name)
            assert (image.dtype, image.ndim, image.shape[2]) == (np.uint8, 3, 3), name
        else:
            with pytest.raises(ImageError, match=rf"{name}: [^\n]+\Z"):
                read_image(folder / name)
    assert len(rows) == 42


def test_an_oriented_photo_equals_the_upright_one(shared_data):
    upright = read_image(shared_data / "odd_images" / "hopper.jpg").astype(int)
    for name in ("hopper_orientation_3.jpg", "hopper_orientation_6.webp"):
        turned = read_image(shared_data / "odd_images" / name)
        assert abs(turned - upright).mean() < 8, name


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 80), (97, 33), (8, 8), (1, 300)])
def test_view_shape(height, width):
    assert center_crop(np.zeros((height, width, 3), np.uint8), 32).shape == (32, 32, 3)


def test_view_is_the_central_square():
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = np.random.default_rng(0).integers(0, 256, (10, 10, 3))
    np.testing.assert_array_equal(center_crop(image, 10), image[:, 10:20])
    np.testing.assert_array_equal(center_crop(image.swapaxes(0, 1), 10), image.swapaxes(0, 1)[10:20])


def test_view_equals_resizing_everything_and_then_cropping():
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    whole = Image.fromarray(noise).resize((30, 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(center_crop(noise, 20), np.asarray(whole)[:, 5:25])


def test_view_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert abs(center_crop(stripes, 8).astype(int) - 127)[:, 1:-1].max() <= 1


def test_view_rejects_what_is_no_image():
    with pytest.raises(ValueError, match=r"uint8 array of shape .*Received: dtype float32, shape"):
        center_crop(np.zeros((4, 4, 3), np.float32), 2)
    with pytest.raises(ValueError, match=r"Received: dtype uint8, shape \(4, 4\)"):
        center_crop(np.zeros((4, 4), np.uint8), 2)
    with pytest.raises(ValueError, match=r"`size` must be a positive number .* size=0"):
        center_crop(np.zeros((4, 4, 3), np.uint8), 0)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "I;16", "F"])
@pytest.mark.parametrize("shape", [(57, 90), (90, 57), (40, 40), (1, 300), (300, 1)])
def test_a_large_image_is_viewed_as_a_small_one_is(tmp_path, monkeypatch, mode, shape):
    """A large one is turned to RGB and resized in strips, rows first, where Pillow may begin with the columns."""
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    image = Image.fromarray(noise)
    if mode in ("I;16", "F"):
        image = Image.fromarray(noise[..., 0].astype(np.uint16 if mode == "I;16" else np.float32))
    else:
        image = image.convert("RGB" if mode == "P" else mode).convert(mode)
    path = save(tmp_path / "a.tif", image)
    whole = read_image(path)
    monkeypatch.setattr(colors, "STRIP", 200)
    np.testing.assert_array_equal(read_image(path), whole)
    for size in (7, 40, 100):
        found, expected = read_view(path, size), center_crop(whole, size)
        np.testing.assert_allclose(found.astype(int), expected, rtol=0, atol=1)
        np.testing.assert_array_equal(decode_view(path.read_bytes(), "a", size), found)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_image_is_turned_as_a_small_one_is(tmp_path, monkeypatch, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(0).integers(0, 256, (50, 91, 3), np.uint8)
    path = save(tmp_path / "a.png", Image.fromarray(noise), exif=exif)
    expected = center_crop(read_image(path), 20)
    np.testing.assert_array_equal(read_view(path, 20), expected)
    monkeypatch.setattr(colors, "STRIP", 200)
    np.testing.assert_allclose(read_view(path, 20).astype(int), expected, rtol=0, atol=1)


def test_a_tall_strip_takes_no_memory(tmp_path):
    path = save(tmp_path / "a.png", Image.new("L", (1, 5_000_000), 99))
    assert (read_view(path, 32) == 99).all()


def test_pillow_does_not_run_a_drawing(tmp_path, monkeypatch):
    """EPS is a program, and Ghostscript, which Pillow would have run it, has had its holes."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(ImageError, match="not an image in a format that Pillow can read"):
        read_image(path)


def test_every_other_format_is_read():
    assert set(Image.OPEN) - set(reader.formats()) == image_formats.NOT_DECODED & set(Image.OPEN)


@pytest.mark.parametrize("extension", ["pcx", "sgi", "dds", "icns", "qoi", "blp", "jp2", "dib", "avif"])
def test_rare_formats(tmp_path, extension):
    if Image.registered_extensions()[f".{extension}"] not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {extension}")
    image = Image.fromarray(quadrants()).resize((32, 16), Image.Resampling.NEAREST)
    image = image.quantize(4) if extension in ("blp", "icns") else image
    found = read_view(save(tmp_path / f"a.{extension}", image), 16).astype(int)
    assert abs(found - np.asarray(image.convert("RGB"))[:, 8:24]).mean() < 10


def test_formats_that_pillow_decodes_in_python_may_be_less_large(tmp_path, monkeypatch):
    path = tmp_path / "a.ppm"
    path.write_text("P3 3 2 255 " + "7 " * 18)
    assert (read_image(path) == 7).all()
    monkeypatch.setattr(reader, "MAX_PIXELS_IN_PYTHON", 5)
    with pytest.raises(ImageError, match=r"3 x 2 pixels are more than the 5 allowed"):
        read_image(path)


def png(side, *chunks):
    """A PNG file of given chunks."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), *chunks, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_a_bomb_in_what_goes_with_an_image(tmp_path, kind):
    bomb = zlib.compress(bytes(2**26), 9)
    head = {"zTXt": b"Comment\0\0", "iTXt": b"Comment\0\1\0\0\0", "iCCP": b"icc\0\0"}[kind]
    path = tmp_path / "a.png"
    path.write_bytes(png(1, (kind.encode(), head + bomb), (b"IDAT", zlib.compress(b"\0\1\2\3"))))
    with pytest.raises(ImageError, match=r"a\.png: Decompressed data too large"):
        read_image(path)


@pytest.mark.parametrize(
    "format", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "JPEG2000", "PPM", "TGA", "AVIF", "ICO"]
)
def test_cut_off_anywhere_it_is_read_or_named(tmp_path, format):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, format)
    data = stream.getvalue()
    for tenth in range(1, 10):
        (tmp_path / "a").write_bytes(data[: len(data) * tenth // 10])
        with pytest.raises(ImageError, match=r"a: [^\n]+\Z"):
            read_image(tmp_path / "a")
