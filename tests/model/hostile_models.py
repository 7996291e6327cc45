"""Models that are made to harm who loads them, each a file; and a process that loads them and measures itself."""

import io
import json
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np


def layer(kind, name, source=None, **config):
    """A layer of a Functional model's configuration, which reads one other."""
    tensor = {"class_name": "__keras_tensor__", "config": {
        "shape": [None, 32, 32, 3], "dtype": "float32", "keras_history": [source, 0, 0],
    }}  # fmt: skip
    nodes = [] if source is None else [{"args": [tensor], "kwargs": {}}]
    module = config.pop("module", "keras.layers")
    return {"module": module, "class_name": kind, "name": name, "registered_name": config.pop("registered_name", None),
            "config": {"name": name, **config}, "inbound_nodes": nodes}  # fmt: skip


def model(*layers, size=(32, 32, 3)):
    """A Functional model's configuration."""
    layers = [layer("InputLayer", "images", batch_shape=[None, *size], dtype="float32"), *layers]
    inner = {"name": "model", "layers": layers, "input_layers": [["images", 0, 0]]}
    inner["output_layers"] = [[layers[-1]["name"], 0, 0]]
    return {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
            "config": inner, "build_config": None, "compile_config": None}  # fmt: skip


def chain(*parts, size=(32, 32, 3)):
    """A configuration of layers one behind the other, each a class and its settings."""
    names = ["images", *(f"layer{i}" for i in range(len(parts)))]
    return model(*(layer(part[0], names[i + 1], names[i], **part[1]) for i, part in enumerate(parts)), size=size)


DENSE = {"units": 5}
NUMBERS = np.ones((3, 5), "float32")


def hdf5(fill=None):
    """A file of a dense layer's weights, into which `fill` puts something."""
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "predictions"
        if fill is None:
            group["0"], group["1"] = NUMBERS, NUMBERS[0]
        else:
            fill(group)
    return held.getvalue()


def archive(path, config, weights=None, compression=zipfile.ZIP_STORED, **members):
    """Writes a `.keras` file."""
    text = config if isinstance(config, (bytes, str)) else json.dumps(config)
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in {"metadata.json": "{}", "config.json": text, **members}.items():
            file.writestr(name, content)
        file.writestr("model.weights.h5", hdf5() if weights is None else weights)


def doubled(depth, times):
    """Models in models, each of which calls the next some times: `times` to the power of `depth` calls."""
    inner = model(layer("ReLU", "last", "images"))
    for _ in range(depth):
        part = {**inner, "name": "part", "inbound_nodes": layer("ReLU", "x", "images")["inbound_nodes"]}
        part["inbound_nodes"] = part["inbound_nodes"] + layer("ReLU", "x", "part")["inbound_nodes"] * (times - 1)
        inner = model(part)
        inner["config"]["output_layers"] = [["part", times - 1, 0]]
    return inner


def _nested(depth):
    inner = {"class_name": "LSTM", "module": "keras.layers", "config": {"units": 2}}
    for _ in range(depth):
        inner = {"class_name": "Bidirectional", "module": "keras.layers", "config": {"layer": inner}}
    return chain(("Bidirectional", {"layer": inner}))


# fmt: off
LARGE = 700_000
LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wAAAA==", "defaults": None, "closure": None}}
POOL = ("GlobalAveragePooling2D", {})
CONFIGS = {
    "Dense of 700,000": chain(("Dense", {"units": LARGE}), ("Dense", {"units": 1000})),
    "Dense of 10**9": chain(("Dense", {"units": 10**9})),
    "Dense of 10**100": chain(("Dense", {"units": 10**100})),
    "kernels of 30,000": chain(("Conv2D", {"filters": 64, "kernel_size": [30_000, 30_000], "padding": "same"})),
    "Embedding": chain(("Embedding", {"input_dim": 10**9, "output_dim": 64})),
    "attention": chain(("MultiHeadAttention", {"num_heads": 1000, "key_dim": 100_000})),
    "LSTM": chain(("Reshape", {"target_shape": [32, 96]}), ("LSTM", {"units": 50_000})),
    "a huge image": chain(POOL, ("Dense", DENSE), size=(10**6, 10**6, 3)),
    "Normalization of a map": chain(("UpSampling2D", {"size": 600}), ("Normalization", {"axis": [1, 2, 3], "mean": 0.0,
                                                                                  "variance": 1.0})),
    "a vocabulary": chain(("StringLookup", {"vocabulary": "/etc/passwd"})),
    "a SavedModel": chain(("TFSMLayer", {"filepath": "/tmp", "call_endpoint": "serve"})),
    "layers that double": _nested(60),
    "models that double": doubled(8, 9),
    "too many layers": chain(*[("ReLU", {})] * 30_000),
    "slowly many layers": chain(*[("Dense", DENSE)] * 9_000),
    "a foreign module": chain(("system", {"module": "os"})),
    "a module never imported": chain(("Thing", {"module": "this"})),
    "a module of Keras's never imported": chain(("Thing", {"module": "keras.src.saving.saving_lib_test"})),
    "a function of the system": chain(("Activation", {"activation": {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system"}})),
    "a builtin": chain(("Activation", {"activation": {
        "module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}})),
    "a download": chain(("Activation", {"activation": {
        "module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": None}})),
    "a lambda": chain(("Lambda", {"function": LAMBDA})),
    "deep JSON": "[" * 100_000,
    "deep configuration": '{"config": ' * 500 + "1" + "}" * 500,
    "a list": "[]",
    "no model": {"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}},
    "a layer that loops": model(layer("ReLU", "a", "b"), layer("ReLU", "b", "a")),
}
# fmt: on
"""What a `.keras` file says of its model."""


def _bomb(group):
    group.create_dataset("0", (30_000, 30_000), "f4", compression="gzip", chunks=(30_000, 30_000))[...] = 0


def _loop(group):
    group["self"] = group.parent


def _of_texts(group):
    group.create_dataset("0", data=["text"] * 10, dtype=h5py.string_dtype())


def _references(group):
    group.create_dataset("0", data=[group.ref] * 10, dtype=h5py.ref_dtype)


def _many(group):
    for i in range(30_000):
        group.create_group(str(i))


DATASETS = {
    "nothing stored": lambda group: group.create_dataset("0", (10_000, 5_000), "f4"),
    "chunks not stored": lambda group: group.create_dataset("0", (9_000, 9_000), "f4", chunks=(1_000, 1_000)),
    "more than the limit": lambda group: group.create_dataset("0", (10**6, 10**6), "f4", chunks=(1_000, 1_000)),
    "lzf": lambda group: group.create_dataset("0", data=NUMBERS, compression="lzf"),
    "a scale and an offset": lambda group: group.create_dataset("0", data=NUMBERS, scaleoffset=3),
    "a link that loops": _loop,
    "a soft link": lambda group: group.__setitem__("0", h5py.SoftLink("/layers/dense/vars/0")),
    "a foreign link": lambda group: group.__setitem__("0", h5py.ExternalLink("/etc/passwd", "/")),
    "foreign numbers": lambda group: group.create_dataset("0", (3,), "f4", external=[("/etc/passwd", 0, 12)]),
    "texts": _of_texts,
    "references": _references,
    "many groups": _many,
    "not finite": lambda group: group.create_dataset("0", data=np.full((3, 5), np.nan, "float32")),
}
"""What a file of weights holds."""

ZEROS = np.zeros((12_000, 12_000), "float32")


def build(folder):
    """Writes all into a folder; returns the path of each by what it is."""
    found, head = {}, chain(POOL, ("Dense", DENSE))
    for number, (name, config) in enumerate(CONFIGS.items()):
        found[name] = folder / f"config{number}.keras"
        archive(found[name], config)
    for number, (name, fill) in enumerate(DATASETS.items()):
        content = hdf5(fill)
        found[f"{name}, weights"], found[name] = folder / f"data{number}.weights.h5", folder / f"data{number}.keras"
        found[f"{name}, weights"].write_bytes(content)
        archive(found[name], head, content)
    found["one chunk"] = folder / "chunk.weights.h5"
    found["one chunk"].write_bytes(hdf5(lambda group: group.create_dataset(
        "0", data=ZEROS, compression="gzip", chunks=ZEROS.shape)))  # fmt: skip
    found["zeros in a zip"] = folder / "zeros.keras"
    zeros = hdf5(lambda group: group.create_dataset("0", data=ZEROS[:11_000, :11_000]))
    archive(found["zeros in a zip"], head, zeros, zipfile.ZIP_DEFLATED)
    found["spaces"] = folder / "spaces.keras"
    archive(found["spaces"], b" " * (100 << 20), None, zipfile.ZIP_DEFLATED)
    found["names that lead out"] = folder / "names.keras"
    archive(found["names that lead out"], CONFIGS["a list"], **{"../../escaped": "x", "/tmp/escaped": "x"})
    found["no weights"] = folder / "none.keras"
    with zipfile.ZipFile(found["no weights"], "w") as file:
        file.writestr("config.json", json.dumps(head))
    return found


def child():
    """Loads the files that are named on standard input; writes what each took."""
    from keras_googlenet.errors import InputError
    from keras_googlenet.model import load_model

    whole = sys.stdin.readline().strip()
    load_model(whole)  # what any first model takes
    seen = []
    events = ("os.system", "subprocess.", "os.exec", "socket.", "open")
    sys.addaudithook(lambda event, args: seen.append((event, str(args[0]))) if event.startswith(events) else None)
    for line in sys.stdin:
        path, modules = line.strip(), set(sys.modules)
        Path("/proc/self/clear_refs").write_text("5")
        before, start = _status("VmRSS"), time.process_time()
        del seen[:]
        try:
            load_model(path)
            outcome, words = "loaded", ""
        except InputError as error:
            outcome, words = "refused", str(error)
        except BaseException as error:
            outcome, words = type(error).__name__, str(error)
        took, peak = time.process_time() - start, _status("VmHWM") - before
        foreign = [name for event, name in seen if event != "open" or "passwd" in name]
        foreign += [name for name in ("this", "keras.src.saving.saving_lib_test") if name in set(sys.modules) - modules]
        print(json.dumps([outcome, words, round(took, 1), peak >> 10, foreign]), flush=True)


def _status(field):
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0])


if __name__ == "__main__":
    child()
