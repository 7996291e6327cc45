"""What `keras.models.clone_model` leaves behind: it makes a model's class again of the graph and the name alone.

Why: there is no public hook. So what else the constructor takes travels with the graph, on the main output's tensor.
What breaks it: `clone_model` walking the graph otherwise than by `Function._run_through_graph` with a `call_fn`, or not
handing the tensors that this returns to the constructor.
"""

from typing import Any

import keras
from keras import tree

_ATTRIBUTE = "_traits_of_cloned_model"


class KeepsTraits:
    """A base class beside `keras.Model`, for a model whose clones are to be built with its `traits`."""

    def traits(self) -> dict[str, Any]:
        """What the constructor takes beside the graph and the name. A clone is given it, of other classes no names."""
        raise NotImplementedError

    def _run_through_graph(self, inputs, operation_fn=lambda operation: operation, **kwargs):
        """Called by `call`, and by `clone_model` with a `call_fn`."""
        outputs = super()._run_through_graph(inputs, operation_fn, **kwargs)
        main = tree.flatten(outputs)[0]
        if "call_fn" in kwargs and self.built and keras.backend.is_keras_tensor(main):
            same = main.shape[-1] == self.outputs[0].shape[-1]
            traits = self.traits() | {"trainable": self.trainable} | ({} if same else {"class_names": None})
            setattr(main, _ATTRIBUTE, traits)
        return outputs


def take_traits(outputs: Any) -> dict[str, Any]:
    """The constructor's arguments that were noted on a clone's outputs, once; else none."""
    return vars(tree.flatten(outputs)[0]).pop(_ATTRIBUTE, {})
