"""Photos and drawings that Pillow does not decode are named as what they are, by their content."""

import struct
import sys
import types

import pytest
from PIL import Image, TiffImagePlugin

from keras_googlenet.cli.paths import expand
from keras_googlenet.data import DataError, ImageError, image_formats, load, read_image, undecodable
from keras_googlenet.data.loading import load_split
from keras_googlenet.data.scan import image_files

INSTALL = "Pillow decodes HEIC once pillow-heif is installed: pip install pillow-heif"
EXPORT = "export as JPEG or TIFF"


def box(*brands):
    """The beginning of a file of MP4's family: major brand, version, compatible brands."""
    names = b"".join(brand.encode() for brand in brands)
    return struct.pack(">I", 12 + len(names)) + b"ftyp" + names[:4] + bytes(4) + names[4:] + bytes(99)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (box("heic", "mif1", "heic"), f"a HEIC image; {INSTALL}"),
        (box("heix"), f"a HEIC image; {INSTALL}"),
        (box("mif1", "mif1", "heic"), f"a HEIC image; {INSTALL}"),
        (box("msf1", "hevc"), f"a HEIC image; {INSTALL}"),
        (box("avif", "mif1", "miaf"), None),
        (box("mif1", "avif"), None),
        (box("crx ", "isom"), f"a camera's raw image; {EXPORT}"),
        (box("isom", "mp42"), "a video; save its frames as JPEG or PNG"),
        (box("qt  "), "a video; save its frames as JPEG or PNG"),
        (b"FUJIFILMCCD-RAW 0201", f"a camera's raw image; {EXPORT}"),
        (b"IIRO\x08\0\0\0", f"a camera's raw image; {EXPORT}"),
        (b"IIU\0\x18\0\0\0", f"a camera's raw image; {EXPORT}"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image; convert to JPEG or PNG"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL image; convert to JPEG or PNG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing; export as PNG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<SVG/>', "an SVG drawing; export as PNG"),
        (b"%PDF-1.7\n", "a PDF document; export its pages as PNG"),
        (b"<?xml version='1.0'?><annotation/>", None),
        (b"text", None),
        (b"\0\0\0\x04ftyp", "a video; save its frames as JPEG or PNG"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a"])
def test_a_file_is_named_as_what_it_is(tmp_path, monkeypatch, content, said, name):
    without_heif(monkeypatch)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    if said:
        assert str(caught.value) == f"{path}: {said}"
    else:
        assert undecodable.by_content(content) is None


def without_heif(monkeypatch):
    """As where pillow-heif is not installed."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for cached in (undecodable.register, image_formats.formats, image_formats.image_extensions):
        cached.cache_clear()


def test_the_iphones_photo(shared_data, monkeypatch):
    without_heif(monkeypatch)
    path = shared_data / "odd_images" / "avif_hopper.heif"
    with pytest.raises(ImageError, match=rf"avif_hopper.heif: a HEIC image; {INSTALL}\Z"):
        read_image(path)


@pytest.mark.parametrize("tags", [{50706: b"\1\4\0\0"}, {254: 1, 330: 8}])
def test_a_raw_photo_is_not_its_thumbnail(tmp_path, tags):
    """DNG, NEF and ARW are TIFFs whose first image is a small one."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info.tagtype[tag] = 1 if isinstance(value, bytes) else 4
        info[tag] = value
    path = tmp_path / "a.tif"
    Image.new("RGB", (16, 12)).save(path, tiffinfo=info)
    with pytest.raises(ImageError, match=f"a.tif: a camera's raw image; {EXPORT}"):
        read_image(path)


def test_a_canon_raw_photo(tmp_path):
    path = tmp_path / "a.tif"
    Image.new("RGB", (16, 12)).save(path)
    data = path.read_bytes()
    directory = struct.unpack("<I", data[4:8])[0]
    # Canon writes CR and a version behind the header, and the directory after it.
    path.write_bytes(data[:4] + struct.pack("<I", 16) + b"CR\2\0" + bytes(4) + data[directory:])
    with pytest.raises(ImageError, match="a.tif: a camera's raw image"):
        read_image(path)


def test_a_reduced_image_that_stands_for_itself_is_read(tmp_path):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    Image.new("RGB", (16, 12), (9, 9, 9)).save(tmp_path / "a.tif", tiffinfo=info)
    assert (read_image(tmp_path / "a.tif") == 9).all()


@pytest.fixture
def phone(tmp_path, monkeypatch):
    """Two classes of four; half of the cats as a telephone took them, and a drawing."""
    without_heif(monkeypatch)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("RGB", (6, 5)).save(tmp_path / name / f"{number}.png")
    for number in range(4):
        (tmp_path / "cat" / f"IMG_{number}.HEIC").write_bytes(box("heic"))
    (tmp_path / "dog" / "drawing.svg").write_text("<svg/>")
    (tmp_path / "dog" / "notes.txt").write_text("x")
    return tmp_path


def test_a_data_set_says_what_it_left_out(phone):
    source = load(phone)
    assert source.train.count + source.validation.count == 8
    assert sorted(source.summary().splitlines()[1:]) == [
        f"ignored 1 that are no images: {phone}/dog/notes.txt",
        f"left out 4 HEIC images, the first {phone}/cat/IMG_0.HEIC; {INSTALL}",
        f"left out an SVG drawing, {phone}/dog/drawing.svg; export as PNG",
    ]


@pytest.mark.parametrize("part", [None, "validation"])
def test_so_do_images_that_are_measured_on(phone, part):
    assert sorted(load_split(phone, part)[2].splitlines()[1:]) == [
        f"left out 4 HEIC images, the first {phone}/cat/IMG_0.HEIC; {INSTALL}",
        f"left out an SVG drawing, {phone}/dog/drawing.svg; export as PNG",
    ]


def test_a_class_of_nothing_else(phone):
    for path in phone.glob("cat/*.png"):
        path.unlink()
    with pytest.raises(DataError, match=f"^{phone}/cat: no images in this class folder. Left out 4 HEIC .*; {INSTALL}"):
        load(phone)


def test_a_folder_on_the_command_line(phone):
    said = []
    files = expand([str(phone)], lambda message: said.append(str(message)))
    assert len(files) == 8
    assert said == [
        f"{phone}: left out 4 HEIC images, the first cat/IMG_0.HEIC; {INSTALL}",
        f"{phone}: left out an SVG drawing, dog/drawing.svg; export as PNG",
    ]
    assert len(image_files(phone)) == 8


def test_one_that_is_named_is_tried(phone):
    assert expand([str(phone / "cat" / "*.HEIC")], pytest.fail) == [
        str(phone / "cat" / f"IMG_{n}.HEIC") for n in range(4)
    ]


def test_with_pillow_heif_they_are_images(phone, monkeypatch):
    """A decoder of one color stands for it."""

    def register():
        def open_it(file, name):
            image = Image.new("RGB", (8, 8), (1, 2, 3))
            image.format, image.tile = "HEIF", []
            return image

        Image.register_open("HEIF", open_it, lambda head: head[4:8] == b"ftyp")
        Image.register_extensions("HEIF", [".heic"])

    before = (dict(Image.EXTENSION), list(Image.ID), dict(Image.OPEN))
    monkeypatch.setitem(sys.modules, "pillow_heif", types.SimpleNamespace(register_heif_opener=register))
    for cached in (undecodable.register, image_formats.formats, image_formats.image_extensions):
        cached.cache_clear()
    try:
        source = load(phone)
        assert source.train.count + source.validation.count == 12
        assert "HEIC" not in source.summary()
        assert read_image(phone / "cat" / "IMG_0.HEIC")[0, 0].tolist() == [1, 2, 3]
    finally:
        for kept, now in zip(before, (Image.EXTENSION, Image.ID, Image.OPEN), strict=True):
            now.clear()
            (now.extend if isinstance(now, list) else now.update)(kept)
        for cached in (undecodable.register, image_formats.formats, image_formats.image_extensions):
            cached.cache_clear()
