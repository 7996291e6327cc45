"""A channel of a layer in a word: `mixed4a:97`."""

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.network import Network


def parse_channel(network: Network, text: str) -> tuple[str, int]:
    """Which layer and which of its channels a text names.

    Args:
        network: The `Network` that has the layer.
        text: A layer by any of its names, a colon, and the channel's number, counted from 0: `mixed4a:97`, `4a:97`,
            `inception_4a/3x3_reduce:5` or `conv2d0_pre_relu:3`.

    Returns:
        The endpoint's name, a key of `network.endpoints`, and the channel's index.

    Raises:
        InputError: There is no colon, no such layer, whose nearest is named, or no such channel.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> parse_channel(Network(GoogLeNet(weights=None)), "mixed4a:97")
        ('inception_4a', 97)
    """
    layer, colon, number = (part.strip() for part in text.rpartition(":"))
    if not (colon and layer and number.isascii() and number.isdecimal()):
        raise InputError(f"Expected a layer, a colon and a channel's number, such as 4a:97. Received: {shown(text)}")
    endpoint = network.endpoints.name(layer)
    channels = network.endpoints[endpoint].shape[-1]
    index = int(number) if len(number) < 10 else channels
    if index >= channels:
        raise InputError(f"{endpoint} has the channels 0 to {channels - 1}. Received: {shown(text)}")
    return endpoint, index
