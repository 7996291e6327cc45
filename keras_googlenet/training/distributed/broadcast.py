"""What all workers of a run must agree on before its first step: the recipe, the images, and where it goes on."""

import json
import zlib

import tensorflow as tf

from keras_googlenet.errors import InputError


def broadcast_start(context, recipe, source, checkpoints):
    """Looks for the checkpoint to go on from, the same for all workers.

    The first worker decides. Else workers that see different folders, or one of them a moment later, would each go on
    from a step of its own, and training would go on, wrongly.

    Args:
        context: A `DistributionContext`.
        recipe: This worker's `Recipe`.
        source: The `data.Source` that it found.
        checkpoints: Its `Checkpoints`.

    Returns:
        The step of the checkpoint, or None for a new run.

    Raises:
        InputError: This worker has another recipe or other images than the first, or does not see its checkpoint.
    """
    newest = checkpoints.newest() if context.is_chief else None
    mine = _digest(recipe, source)
    step, digest = broadcast(context, -1 if newest is None else newest, mine)
    if digest != mine:
        raise InputError(
            "All workers must be started with the same recipe and find the same images. "
            f"Received: others than worker 0's on worker {context.worker}, {recipe} and {source.summary()}"
        )
    if step < 0:
        return None
    if step not in checkpoints.steps():
        raise InputError(
            f"All workers must see the run's folder, from whose checkpoint of step {step} the run goes on. "
            f"Received: no such checkpoint in {checkpoints.folder} on worker {context.worker}"
        )
    return step


def broadcast(context, *numbers):
    """Whole numbers of the first worker, on all workers.

    Args:
        context: A `DistributionContext`.
        numbers: This worker's; they must be as many on each.

    Returns:
        A list of int.
    """
    if context.workers == 1:
        return list(numbers)
    mine = numbers if context.is_chief else [0] * len(numbers)

    @tf.function
    def total():
        return tf.distribute.get_replica_context().all_reduce("SUM", tf.constant(mine, tf.int64))

    totals = context.strategy.experimental_local_results(context.strategy.run(total))[0]
    return [int(number) // context.local_replicas for number in totals.numpy()]


def _digest(recipe, source):
    return zlib.crc32(json.dumps([recipe.record(), source.record()]).encode())
