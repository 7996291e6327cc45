"""What `MODEL` means on the command line: a `.keras` file, a weights name, or a weights file."""

from pathlib import Path

from keras_googlenet.words import nearest


def load_model(spec, aux_heads=False):
    """Loads the model that an argument names.

    Args:
        spec: A `.keras` file, a name of the weights registry, or a file that `GoogLeNet(weights=...)` takes.
        aux_heads: Whether to keep or build the auxiliary heads, where the weights have them.

    Returns:
        A Keras model; a `GoogLeNetModel` unless a `.keras` file holds another.

    Raises:
        InputError: There is no such model, or it cannot be read.
    """
    from keras_googlenet import GoogLeNet, weights

    if spec in weights.REGISTRY:
        return GoogLeNet(weights=spec, aux_heads=aux_heads)
    if str(spec).lower().endswith(".keras"):
        return _load_keras(spec, aux_heads)
    if not weights.is_format(spec):
        raise weights.WeightsError(
            f"Expected a .keras file, one of {', '.join(weights.REGISTRY)}, or a weights file, which ends with one of "
            f"{', '.join(weights.READERS)}. Received: {spec!r}.{_meant(spec)}".rstrip(".")
        )
    arrays = weights.recognized(weights.read(spec))
    classes = _classes(arrays)
    if classes is None:
        raise weights.WeightsError(
            f"A model of one's own needs a classifier, layer `predictions`. Received: {spec}, which has none"
        )
    has_heads = any(name.startswith("aux1/") for name in arrays)
    return GoogLeNet(weights=spec, classes=classes, aux_heads=aux_heads and has_heads)


def side(model):
    """Side of the model's square input; a model of any size is given the paper's."""
    from keras_googlenet.architecture import DEFAULT_SIZE

    return next((side for side in model.input_shape[1:3] if side), DEFAULT_SIZE)


def class_names(model, class_index):
    """What each column of the model's output means.

    Args:
        model: A classifier.
        class_index: Path of an `imagenet_class_index.json`, or None for Keras's; for a model of 1000 classes that does
            not name them itself.

    Returns:
        A list of `(class, name)` pairs.
    """
    from keras_googlenet.imagenet import load_class_index

    named = getattr(model, "class_names", None)
    if named is not None:
        return [(name, name) for name in named]
    width = model.output_shape[-1]
    if width == 1000:
        return load_class_index(class_index)
    return [(str(i), f"class {i}") for i in range(width)]


def _load_keras(path, aux_heads):
    import keras

    from keras_googlenet import GoogLeNetModel, weights

    if not Path(path).is_file():
        raise weights.WeightsError(f"No such model. Expected the path of a file. Received: {path}")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the damaged part happens to raise
        raise weights.WeightsError(
            f"Cannot load {path}: save the model again. Received: {type(error).__name__}: {_first_line(error)}"
        ) from error
    if isinstance(model, GoogLeNetModel) and not aux_heads:
        return model.inference_model()
    return model


def _meant(spec):
    from keras_googlenet import weights

    end = Path(spec).suffix
    return nearest(end, weights.READERS) if end else nearest(spec, weights.REGISTRY)


def _first_line(error):
    return str(error).strip().partition("\n")[0][:200]


def _classes(arrays):
    for name in ("predictions/bias", "predictions/1"):
        if name in arrays:
            return int(arrays[name].shape[0])
    return None
