"""What single images come to: the place of the right class, and the loss."""

import numpy as np

TOP = 5
"""Guesses in the challenge's own measure (section 7: "top-5 error rate")."""


def ranks(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes go before the right one; where probabilities are equal the first class wins, as in argmax.

    Args:
        probabilities: Array of shape `(images, classes)`.
        labels: int array of shape `(images,)`.

    Returns:
        int array of shape `(images,)`.

    Example:
        >>> ranks(np.array([[0.2, 0.5, 0.3]]), np.array([2])).tolist()
        [1]
    """
    right = probabilities[np.arange(len(labels)), labels][:, None]
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    return ((probabilities > right) | ((probabilities == right) & before)).sum(axis=1)


def crossentropy(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross-entropy of each image, natural logarithm, as Keras computes it of a network that ends in a softmax.

    Keras takes it from the logits, so it does not clip probabilities at 1e-7 there, which would be a loss of 16.1 at
    most. A probability that float32 cannot hold is taken for the smallest that it can: a loss of 87.3.

    Args:
        probabilities: Array of shape `(images, classes)`.
        labels: int array of shape `(images,)`.

    Returns:
        float64 array of shape `(images,)`.

    Example:
        >>> crossentropy(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([0, 1])).round(2).tolist()
        [1.39, 87.34]
    """
    right = probabilities[np.arange(len(labels)), labels].astype("float64")
    return -np.log(np.maximum(right, np.finfo("float32").tiny))


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95% interval of a proportion after Wilson, which holds for few images and for proportions near 0 and 1 too.

    Args:
        successes: How many of them.
        count: Out of how many, at least 1.

    Returns:
        `(low, high)`, each 0-1.

    Raises:
        ValueError: `count` is not positive, or `successes` is not within it.

    Example:
        >>> [round(bound, 4) for bound in wilson_interval(81, 263)]
        [0.2553, 0.3662]

    Reference:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
    """
    from scipy.stats import binomtest  # slow to import

    if not 0 <= successes <= count or count < 1:
        raise ValueError(f"Expected 0 <= successes <= count, and count >= 1. Received: {successes} of {count}")
    low, high = binomtest(successes, count).proportion_ci(method="wilson")
    return float(low), float(high)
