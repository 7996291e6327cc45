"""Attribution: which pixels, or which channels, an answer comes from. One signature, `method(model, images, classes)`.

Every method of `METHODS` returns a heat, a float32 array of shape (images, height, width). Those whose gradients have a
number for each color return these with `per_channel=True`. What is explained is the class's score before the softmax
(but by RISE, which goes by the probability).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from keras_googlenet.visualize.attribution.cam import grad_cam
from keras_googlenet.visualize.attribution.cams import grad_cam_plus_plus as grad_cam_plus_plus
from keras_googlenet.visualize.attribution.cams import score_cam as score_cam
from keras_googlenet.visualize.attribution.channels import channel_attribution as channel_attribution
from keras_googlenet.visualize.attribution.curves import Curve as Curve
from keras_googlenet.visualize.attribution.curves import importance_curve as importance_curve
from keras_googlenet.visualize.attribution.gradients import guided_backpropagation as guided_backpropagation
from keras_googlenet.visualize.attribution.gradients import saliency as saliency
from keras_googlenet.visualize.attribution.gradients import smooth_grad as smooth_grad
from keras_googlenet.visualize.attribution.integrated import integrated_gradients as integrated_gradients
from keras_googlenet.visualize.attribution.masking import rise as rise
from keras_googlenet.visualize.attribution.occluding import occlusion as occlusion

METHODS: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {
        "saliency": saliency,
        "smoothgrad": smooth_grad,
        "integrated-gradients": integrated_gradients,
        "guided-backpropagation": guided_backpropagation,
        "occlusion": occlusion,
        "rise": rise,
        "grad-cam": grad_cam,
        "grad-cam++": grad_cam_plus_plus,
        "score-cam": score_cam,
    }
)
"""Every method that gives a heat, by its name. `layer`, `seed` and `verbose` are taken where they mean something."""
