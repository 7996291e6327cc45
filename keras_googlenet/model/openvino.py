"""Full precision on Keras's OpenVINO backend."""

import contextlib
import functools


@contextlib.contextmanager
def full_precision():
    """Compiles what is compiled within for float32 arithmetic.

    On processors that have bfloat16, OpenVINO computes float32 models in it unless told otherwise: probabilities are
    then off in the third digit. Keras compiles with OpenVINO's defaults and offers no setting, so the one call that it
    makes is given the hint here.
    """
    from unittest import mock

    import openvino

    compile_model = functools.partial(openvino.compile_model, config={"INFERENCE_PRECISION_HINT": "f32"})
    with mock.patch.object(openvino, "compile_model", compile_model):
        yield
