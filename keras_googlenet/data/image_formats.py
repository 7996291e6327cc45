"""Which formats of images are read, and how their files end."""

from functools import cache

from PIL import Image

from keras_googlenet.data import undecodable

# What Pillow names but does not decode by itself. A drawing in EPS or WMF is a program: Pillow has Ghostscript or
# Windows run it. The others it only recognizes.
NOT_DECODED = frozenset(("EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"))


@cache
def formats() -> tuple[str, ...]:
    """The formats that are read: all that Pillow decodes by itself, in the order in which it tries them.

    HEIC, too, where pillow-heif is installed.

    Example:
        >>> {"JPEG", "PNG", "GIF", "TIFF", "WEBP"} <= set(formats())
        True
    """
    Image.init()
    undecodable.register()
    return tuple(format for format in Image.ID if format not in NOT_DECODED)


@cache
def image_extensions() -> frozenset[str]:
    """File name extensions of `formats()`, in lower case with their dot.

    Example:
        >>> {".jpg", ".jpeg", ".png", ".tif"} <= image_extensions()
        True
    """
    # An MPO file (two views by a stereo camera) is opened as the JPEG that it begins with.
    known = {*formats(), "MPO"}
    return frozenset(extension for extension, format in Image.registered_extensions().items() if format in known)
