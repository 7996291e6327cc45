"""What happens when a worker dies: the others end with one clear line."""

import contextlib
import re

import tensorflow as tf

from keras_googlenet.errors import WorkError


@contextlib.contextmanager
def reporting_lost_workers(context):
    """Turns TensorFlow's errors about lost workers into one clear line.

    TensorFlow notices a worker whose process ended, whose machine is gone or which hangs after about ten seconds, and
    ends what the others are doing with one of several errors.

    Args:
        context: A `DistributionContext`.

    Raises:
        WorkError: A worker was lost; the message says which, if TensorFlow does.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if context.workers == 1 or not is_loss(error):
            raise
        raise WorkError(
            f"The connection to {_lost(context, error)} was lost. Start all workers again with --resume"
        ) from error


_LOSS = re.compile(
    "unhealthy|heartbeat|Collective ops is aborted|Connection re|Socket closed|failed to connect|GRPC error"
)
_SUSPECT = re.compile(
    r"(?:unhealthy|remote target|is down|restarted).*?/job:(\w+)/(?:replica:\d+/)?task:(\d+)", re.DOTALL
)


def is_loss(error):
    """Whether an error is one of those with which TensorFlow tells of a lost worker."""
    kinds = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
    others = (
        tf.errors.InternalError,
        tf.errors.FailedPreconditionError,
        tf.errors.CancelledError,
        tf.errors.UnknownError,
    )
    return isinstance(error, kinds) or (isinstance(error, others) and _LOSS.search(str(error)) is not None)


def _lost(context, error):
    suspects = {(kind, int(index)) for kind, index in _SUSPECT.findall(str(error))}
    for worker, (kind, index, address) in enumerate(context.addresses):
        if worker != context.worker and (kind, index) in suspects:
            return f"worker {worker} ({address})"
    return "another worker"
