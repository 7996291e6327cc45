"""What commands say of MODEL: what is not plain about it."""

from keras_googlenet.cli.streams import tell


def load_classifier(spec, model=None, precision=None):
    """Loads the model that an argument names, and says on standard error what is assumed of it.

    Args:
        spec: As in `load_model`.
        model: The model, where it has been loaded.
        precision: As in `load_model`. What `auto` takes is said, too.

    Returns:
        A `Classifier`.

    Raises:
        InputError: There is no such model, it cannot be read, or it does not classify images.
    """
    from keras_googlenet.model import loading

    classifier = loading.load_classifier(spec, model, precision)
    _tell(spec, precision, classifier.notes)
    return classifier


def load_network(spec, precision=None):
    """Loads the model that an argument names, which need not be a classifier, for what is asked of its layers.

    Args:
        spec: As in `load_model`.
        precision: Likewise. What `auto` takes is said.

    Returns:
        A `visualize.Network`, with the auxiliary heads that the weights have.

    Raises:
        InputError: There is no such model, it cannot be read, or it is no GoogLeNet.
    """
    from keras_googlenet.model import loading
    from keras_googlenet.visualize.network import Network

    network = Network(loading.load_model(spec, aux_heads=True, precision=precision))
    _tell(spec, precision, filter(None, [network.images.assumed]))
    return network


def _tell(spec, precision, notes):
    from keras_googlenet.utils.precision import automatic

    if precision == "auto":
        tell(str(automatic()))
    for note in notes:
        tell(f"note: {spec}: {note}")
