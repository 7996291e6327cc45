"""Keras's own files, made to harm: each is refused in a line, soon, with little memory; nothing is run or read."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import fuzz_models
import h5py
import hostile_models
import numpy as np
import pytest

from keras_googlenet.architecture import PAPER, Architecture
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.imagenet import load_class_index
from keras_googlenet.keras_compat import reviving
from keras_googlenet.model import load_model
from keras_googlenet.weights import WeightsError, read
from keras_googlenet.weights.hdf5.tree import parse

HERE = Path(__file__).parent
MIB, SECONDS = 1536, 20


@pytest.mark.spawns
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak of memory")
def test_hostile_files_take_little(tmp_path):
    paths = hostile_models.build(tmp_path)
    assert max(path.stat().st_size for path in paths.values()) < 64 << 20
    whole = tmp_path / "whole.keras"
    hostile_models.archive(whole, hostile_models.chain(hostile_models.POOL, ("Dense", hostile_models.DENSE)))
    lines = "".join(f"{path}\n" for path in (whole, *paths.values()))
    command = [sys.executable, str(HERE / "hostile_models.py")]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=1200, check=False)
    answers = list(map(json.loads, done.stdout.splitlines()))
    assert len(answers) == len(paths), done.stderr[-2000:]
    wrong = {}
    for name, (outcome, words, seconds, mib, foreign) in zip(paths, answers, strict=True):
        print(f"{name:<36} {outcome:<8} {seconds:>5} s {mib:>5} MiB  {words.partition('Received: ')[2][:110]}")
        well = outcome == "refused" and seconds < SECONDS and mib < MIB and not foreign
        if not well or len(words) > 1000 or "\n" in words:
            wrong[name] = outcome, words[:300], seconds, mib, foreign
    assert not wrong


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
@pytest.mark.parametrize("groups", [2, 70])
def test_hdf5_is_read_as_its_own_library_reads_it(tmp_path, libver, groups):
    rng = np.random.default_rng(0)
    path = tmp_path / "net.weights.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for number in range(groups):
            group = file.create_group(f"layers/a_rather_long_name_{number}/vars")
            group.attrs["name"] = f"layer {number}"
            for place, kind in enumerate(("f4", "f2", "f8", ">f4", "i8", "u1", "bool")):
                group[str(place)] = rng.normal(size=(3, 2)).astype(kind)
    root = parse(path.read_bytes())
    with h5py.File(path) as file:
        found = {}
        file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
        assert dict(root.datasets()).keys() == found.keys()
        for name, dataset in root.datasets():
            np.testing.assert_array_equal(dataset.read(), found[name][...])
        assert root.get("layers/a_rather_long_name_1/vars").attrs["name"] == "layer 1"


@pytest.mark.parametrize("options", [
    {"compression": "gzip"}, {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"chunks": (7, 5)},
    {"chunks": (7, 5), "maxshape": (None, None)}, {"chunks": (200, 50), "maxshape": (None, None)},
])  # fmt: skip
def test_chunks_are_read(options):
    numbers, held = np.random.default_rng(0).normal(size=(100, 33)).astype("f4"), io.BytesIO()
    with h5py.File(held, "w") as file:
        file.create_dataset("a", data=numbers, **options)
    np.testing.assert_array_equal(parse(held.getvalue())["a"].read(), numbers)


@pytest.mark.parametrize("name", hostile_models.DATASETS)
def test_weights_are_refused(tmp_path, name):
    path = tmp_path / "net.weights.h5"
    path.write_bytes(hostile_models.hdf5(hostile_models.DATASETS[name]))
    if name == "not finite":
        assert np.isnan(read(path)["predictions/0"]).all()
    else:
        with pytest.raises(WeightsError, match=f"^[^\n]*{path.name}[^\n]*$"):
            read(path)


INDEXES = {
    "{}": "no class 0", "[]": "a JSON list", "1": "a JSON int", "NaN": "a JSON float", "[" * 100_000: "too deep",
    " " * (5 << 20): "more than", '{"0": 1, "0": 2}': "there twice",
}  # fmt: skip


@pytest.mark.parametrize("text", INDEXES, ids=INDEXES.values())
def test_what_is_no_class_index(tmp_path, text):
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=rf"maps '0'..'999' to.*{INDEXES[text]}"):
        load_class_index(tmp_path / "index.json")


@pytest.mark.parametrize("pair", [1, None, ["n0"], ["n0", 1], ["", "a"], ["n0", "a\x1b[2J"], ["n0", "a" * 201], "no"])
def test_classes_of_a_class_index(tmp_path, pair):
    index = {str(i): [f"n{i}", f"name {i}"] for i in range(1000)}
    (tmp_path / "index.json").write_text(json.dumps(index | {"500": pair}))
    with pytest.raises(InputError, match=r"class 500 (is|has) ") as caught:
        load_class_index(tmp_path / "index.json")
    assert str(caught.value).isprintable()


def changed(change):
    config = json.loads(json.dumps(PAPER.get_config()))
    change(config)
    return config


TABLES = [
    lambda config: config["rows"][0].update(filters=10**100),
    lambda config: config["rows"][0].update(filters=10**9),
    lambda config: config["rows"][0].update(filters=-3),
    lambda config: config["rows"][0].update(filters=True),
    lambda config: config["rows"][0].update(name=["a"]),
    lambda config: config["rows"][0].update(other=1),
    lambda config: config["rows"][0].update(kind=["LRN"]),
    lambda config: config["rows"][2].update(alpha="x"),
    lambda config: config.update(rows=1),
    lambda config: config.update(rows=[]),
    lambda config: config.update(rows=config["rows"] * 100),
    lambda config: config.update(batch_norm={"epsilon": float("nan")}),
    lambda config: config.update(pixels=3),
    lambda config: config["auxiliary"][0].update(dropout="0.5"),
]


@pytest.mark.parametrize("change", TABLES)
def test_tables_that_are_none(change):
    with pytest.raises(ValueError, match="Received") as caught:
        Architecture.from_config(changed(change))
    assert len(str(caught.value)) < 2000
    with pytest.raises(ValueError, match="Expected a table"):
        Architecture.from_config([1])


@pytest.mark.parametrize("place", ["revive", "check"])
def test_a_lack_of_memory_is_said_in_a_line(tmp_path, monkeypatch, place):
    def short(*_):
        raise MemoryError

    hostile_models.archive(tmp_path / "net.keras", hostile_models.chain(hostile_models.POOL))
    monkeypatch.setattr(reviving, place, short)
    with pytest.raises(WorkError, match=r"^There is not enough memory for the model [^\n]*net\.keras[^\n]*$"):
        load_model(tmp_path / "net.keras")


@pytest.mark.parametrize("suffix", fuzz_models.FORMATS)
def test_mutations_load_or_are_refused(suffix):
    outcomes = fuzz_models.fuzz(suffix, 25, seed=1)
    assert outcomes["refused"]
    assert set(outcomes) <= {"loaded", "refused"}


def test_overlapping_members(tmp_path):
    path = tmp_path / "net.keras"
    hostile_models.archive(path, hostile_models.chain(hostile_models.POOL))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        size = file.getinfo("model.weights.h5").file_size
    place = content.rindex(size.to_bytes(4, "little") * 2)
    content[place : place + 8] = (size * 9).to_bytes(4, "little") * 2
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="overlap"):
        read(path)
