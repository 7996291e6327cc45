"""BVLC's GoogLeNet in PyTorch, written from `train_val.prototxt`: an oracle that shares no line with the package."""

import numpy as np
import torch
import torch.nn.functional as F

from support.transcription import MODULES


def forward(arrays, images):
    """Run the network on channels-last images; return every stage's output, channels last, by row name.

    `arrays` are the package's: HWIO kernels, (in, out) matrices, and flattened maps in HWC order.
    """
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    out = {}

    def conv(x, name, stride=1):
        kernel = tensors[f"{name}/kernel"].permute(3, 2, 0, 1)
        return F.relu(F.conv2d(x, kernel, tensors[f"{name}/bias"], stride, padding=kernel.shape[-1] // 2))

    def dense(x, name):
        return x @ tensors[f"{name}/kernel"] + tensors[f"{name}/bias"]

    def lrn(x):
        return F.local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)

    def pool(x):
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def head(x, name):
        x = conv(F.avg_pool2d(x, 5, 3), f"{name}_conv").permute(0, 2, 3, 1).flatten(1)
        return torch.softmax(dense(F.relu(dense(x, f"{name}_fc")), name), 1)

    with torch.no_grad():
        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        x = out["conv1"] = conv(x, "conv1_7x7_s2", 2)
        x = out["pool1"] = pool(x)
        x = out["pool1_norm1"] = lrn(x)
        x = out["conv2"] = conv(conv(x, "conv2_3x3_reduce"), "conv2_3x3")
        x = out["conv2_norm2"] = lrn(x)
        x = out["pool2"] = pool(x)
        for module in MODULES:
            name = f"inception_{module}"
            x = out[name] = torch.cat(
                [
                    conv(x, f"{name}_1x1"),
                    conv(conv(x, f"{name}_3x3_reduce"), f"{name}_3x3"),
                    conv(conv(x, f"{name}_5x5_reduce"), f"{name}_5x5"),
                    conv(F.max_pool2d(x, 3, 1, padding=1), f"{name}_pool_proj"),
                ],
                1,
            )
            if module == "4a" and "aux1/kernel" in tensors:
                out["aux1"] = head(x, "aux1")
            if module == "4d" and "aux2/kernel" in tensors:
                out["aux2"] = head(x, "aux2")
            if module in ("3b", "4e"):
                x = out["pool3" if module == "3b" else "pool4"] = pool(x)
        x = out["avg_pool"] = x.mean((2, 3))
        out["predictions"] = torch.softmax(dense(x, "predictions"), 1)
    return {name: (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).numpy() for name, x in out.items()}
