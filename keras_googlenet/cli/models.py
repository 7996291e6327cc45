"""What commands do with MODEL: load it, say what is not plain about it, and name its classes."""

import sys


def load_classifier(spec, model=None):
    """Loads the model that an argument names, and says on standard error what is assumed of it.

    Args:
        spec: As in `load_model`.
        model: The model, where it has been loaded.

    Returns:
        A `Classifier`.

    Raises:
        InputError: There is no such model, it cannot be read, or it does not classify images.
    """
    from keras_googlenet.model import load_model
    from keras_googlenet.model.classifier import Classifier
    from keras_googlenet.model.loading import loss_of

    classifier = Classifier(load_model(spec) if model is None else model, loss_of(spec))
    for note in classifier.notes:
        print(f"keras-googlenet: note: {spec}: {note}", file=sys.stderr, flush=True)
    return classifier


def names_or_numbers(classifier, class_index):
    """What the classes are called; without names to be had, their numbers, and a warning on standard error.

    Args:
        classifier: A `Classifier`.
        class_index: As in `Classifier.names`.

    Returns:
        A list of `(key, name)` pairs.

    Raises:
        InputError: The file is no class index.
        OSError: The file that was given cannot be read.
    """
    try:
        return classifier.names(class_index)
    except OSError as error:
        if class_index is not None:
            raise
        reason = str(error).partition("\n")[0]
        print(f"keras-googlenet: warning: classes are called by their numbers. {reason}", file=sys.stderr, flush=True)
        return classifier.numbers()
