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
    from keras_googlenet.utils.precision import automatic

    classifier = loading.load_classifier(spec, model, precision)
    if precision == "auto":
        tell(str(automatic()))
    for note in classifier.notes:
        tell(f"note: {spec}: {note}")
    return classifier
