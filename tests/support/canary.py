"""How a canary fails: with the versions that it saw, and a sentence on what has moved."""

from importlib import metadata


def must(holds, moved):
    """Fails where something does not hold.

    Args:
        holds: Whether it does.
        moved: What has moved, and which file stands on it.
    """
    assert holds, f"{versions()}: {moved}"


def found(thing, name, moved):
    """An attribute that has to be there.

    Args:
        thing: What has it.
        name: Its name.
        moved: As in `must`.
    """
    must(hasattr(thing, name), moved)
    return getattr(thing, name)


def versions():
    """`Keras 3.15.1, TensorFlow 2.21.0`: what is imported here."""
    import keras

    return f"Keras {keras.version()}, TensorFlow {metadata.version('tensorflow')}"
