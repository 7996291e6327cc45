"""What others call the layers: the paper, Caffe's prototxt, and the graph of Google's inception5h.

Interpretability papers name layers as that graph does (`mixed4b_3x3_bottleneck`), Caffe's users as its prototxt does
(`inception_4b/3x3_reduce`), readers of Table 1 by its rows (`4b`).
"""

import re

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")

COLUMNS = {
    "1x1": "1x1",
    "3x3_bottleneck": "3x3_reduce",
    "3x3": "3x3",
    "5x5_bottleneck": "5x5_reduce",
    "5x5": "5x5",
    "pool": "pool",
    "pool_reduce": "pool_proj",
}

GOOGLE = {
    "conv2d0": "conv1_7x7_s2",
    "maxpool0": "pool1",
    "localresponsenorm0": "pool1_norm1",
    "conv2d1": "conv2_3x3_reduce",
    "conv2d2": "conv2_3x3",
    "localresponsenorm1": "conv2_norm2",
    "maxpool1": "pool2",
    "maxpool4": "pool3",
    "maxpool10": "pool4",
    "avgpool0": "avg_pool",
    "softmax2": "predictions",
    **{f"mixed{module}": f"inception_{module}" for module in MODULES},
    **{
        f"mixed{module}_{theirs}": f"inception_{module}_{ours}"
        for module in MODULES
        for theirs, ours in COLUMNS.items()
    },
    **{
        theirs.format(head): f"aux{head + 1}{part}"
        for head in range(2)
        for theirs, part in (
            ("head{}_pool", "_pool"),
            ("head{}_bottleneck", "_conv"),
            ("nn{}", "_fc"),
            ("softmax{}", ""),
        )
    },
}
"""The layers of inception5h's graph, to this package's. `output`, its first auxiliary head, is none of them: many take
it for the network's."""

CAFFE_HEADS = {
    "loss3/classifier": "predictions",
    **{
        f"loss{i}/{theirs}": f"aux{i}{part}"
        for i in (1, 2)
        for theirs, part in {"conv": "_conv", "fc": "_fc", "classifier": ""}.items()
    },
}
"""Caffe's layers with parameters that are not simply called as here with `/` for `_`."""

CAFFE = CAFFE_HEADS | {
    "conv1/relu_7x7": "conv1_7x7_s2",
    "pool5/7x7_s1": "avg_pool",
    "pool5/drop_7x7_s1": "pool5_drop_7x7_s1",
    "prob": "predictions",
    "loss1/ave_pool": "aux1_pool",
    "loss2/ave_pool": "aux2_pool",
}
"""All of Caffe's layers that are not."""

BEFORE_RELU, BEFORE_SOFTMAX = "_pre_relu", "_pre_activation"
"""What follows on a layer's name for its values before the ReLU or the softmax, as in Google's graph."""


def own_name(name: str) -> str:
    """This package's name of a layer, whoever named it. What nobody is known to use is returned as it is.

    Args:
        name: Google's (`mixed4b_3x3_bottleneck`), Caffe's (`inception_4b/3x3_reduce`), the paper's (`4b`,
            `inception (4b)`), or this package's. `_pre_relu` may follow on each.

    Example:
        >>> own_name("mixed4b_3x3_bottleneck_pre_relu"), own_name("loss1/conv"), own_name("inception (4b)")
        ('inception_4b_3x3_reduce_pre_relu', 'aux1_conv', 'inception_4b')
    """
    name, before = split(name.strip())
    found = GOOGLE.get(name) or CAFFE.get(name) or re.sub("[/ ]", "_", re.sub("[#()]", "", name))
    return re.sub("^(inception_?)?([3-5][a-e])(?=_|$)", r"inception_\2", found) + before


def split(name: str) -> tuple[str, str]:
    """A name without `_pre_relu` or `_pre_activation`, and which of them it had, or nothing."""
    before = next((end for end in (BEFORE_RELU, BEFORE_SOFTMAX) if name.endswith(end)), "")
    return name.removesuffix(before), before
