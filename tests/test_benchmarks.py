"""The scripts that compare: `benchmarks/turns.py`, `peers.py`, and `gpu.py` in miniature, on the CPU."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.syspath_prepend(Path(__file__).parent)  # where a process finds what it is sent


def sleeps(row):
    return lambda: time.sleep(row["sleep"]), int


def fails(row):
    raise ValueError(os.environ["NAME"])


@pytest.mark.spawns
def test_contenders_take_turns():
    import turns

    rows = [
        {"contender": name, "batch": batch, "sleep": sleep, "queue": False}
        for name, batch, sleep in (("slow", 1, 0.2), ("fast", 1, 0.05), ("broken", 1, 0.05), ("fast", 2, 0.05))
    ]
    makers = {"slow": (sleeps, {}), "fast": (sleeps, {}), "broken": (fails, {"NAME": "its own"})}
    turns.measure(rows, makers, rounds=3)
    slow, fast, broken, twice = rows
    assert broken["error"] == "ValueError: its own"
    assert [len(row["seconds"]) for row in (slow, fast, twice)] == [3, 3, 3]
    assert 2 < slow["images_s"] <= 5
    assert 2 < turns.ratio(fast, slow) <= 6
    assert turns.ratio(twice, fast) == pytest.approx(2, rel=0.3)
    assert turns.ratio(broken, fast) is None
    turns.measure(late := [{"contender": "fast", "batch": 1, "sleep": 0.0}], makers, 1, deadline=0.0)
    assert late[0]["error"] == "left out for lack of time"


def test_peers_says_what_is_missed(capsys):
    import peers

    def row(contender, work, dtype, seconds):
        return {"contender": contender, "work": work, "dtype": dtype, "batch": 32, "seconds": seconds}

    rows = [
        row(peers.OURS, "forward, 32", "float32", [1.0, 2.0, 1.0]),
        row(peers.TWIN, "forward, 32", "float32", [1.1, 2.2, 0.5]),
        row(peers.OURS, "training", "float32", [1.0, 1.0, 1.0]),
        row(peers.TWIN, "training", "float32", [1.4, 1.4, 1.4]),
        row(peers.OPENVINO, "forward, 32", "default", [1.0, 1.0, 1.0]),
        row(peers.ARTEFACT, "forward, 32", "default", [1.1, 1.1, 1.1]),
    ]
    for one in rows:
        one["images_s"] = 32 / sorted(one["seconds"])[1]
    assert list(peers.report(rows)) == [False, False, False, True, False, True]
    assert [round(one["ratio"], 2) for one in rows] == [1, 1.1, 1, 1.4, 1, 0.91]
    assert "1.40   1.5" in capsys.readouterr().out


@pytest.mark.spawns
def test_gpu_in_miniature(tmp_path):
    for package, name in (("jax", "JAX"), ("torch", "PyTorch")):
        pytest.importorskip(package, reason=f"{name} is in the extra `peers`")
    contenders, fed = ["Keras on JAX", "PyTorch twin, eager"], "Keras on JAX, fed"
    command = [
        BENCHMARKS / "gpu.py",
        "--small",
        "--rounds",
        "1",
        "--dtypes",
        "bfloat16",
        "--json",
        tmp_path / "gpu.json",
    ]
    environment = os.environ | {"PYTHONPATH": str(BENCHMARKS.parent), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, *map(str, command), "--contenders", *contenders, fed],
        env=environment, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "gpu.json").read_text())
    assert {(row["contender"], row["mode"]) for row in rows[:-2]} == {
        *((name, mode) for name in contenders for mode in ("forward", "training")),
        (fed, "training"),
    }
    assert [row["contender"].rpartition(" ")[2] for row in rows[-2:]] == ["threads", "processes"]
    for row in rows:
        assert row.get("error") is None, row
        assert row["images_s"] > 0
        assert f"{row['images_s']:.0f}" in done.stdout
