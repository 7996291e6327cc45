"""Full precision on Keras's OpenVINO backend.

Why: on processors that have bfloat16, OpenVINO computes float32 models in it unless told otherwise: probabilities are
then off in the third digit. Keras compiles with OpenVINO's defaults and offers no setting, so what it has compiled is
compiled once more, with the hint.
What breaks it: `predict` and `evaluate` not asking `OpenVINOTrainer._get_compiled_model` for the network, or Keras not
keeping the graph in `struct_params` and `struct_outputs`, which outputs have a mask in `_output_mask_indices`, and the
result in `ov_compiled_model`.
"""

from keras import tree


class FullPrecision:
    """A base class beside `keras.Model`, for a model whose float32 is to be float32."""

    def _get_compiled_model(self, data):
        """Called by `predict` and `evaluate` on the OpenVINO backend alone."""
        before = self.ov_compiled_model
        compiled = super()._get_compiled_model(data)
        if compiled is before or self.compute_dtype != "float32":
            return compiled
        import openvino

        inputs = [tensor.output.get_node() for tensor in tree.flatten(self.struct_params)]
        made = tree.flatten(self.struct_outputs)
        outputs = [tensor.output for tensor in made] + [made[i]._keras_mask.output for i in self._output_mask_indices]
        hint = {"INFERENCE_PRECISION_HINT": "f32"}
        self.ov_compiled_model = openvino.compile_model(openvino.Model(outputs, inputs), self.ov_device, hint)
        return self.ov_compiled_model
