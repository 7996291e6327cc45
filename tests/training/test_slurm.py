"""The guide's job file on a real Slurm of two nodes: it trains, and goes on after its chief was killed.

`.ci/two_node_slurm` makes such a Slurm for a command; on any other no test submits a job.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_googlenet.model import load_model

ROOT = Path(__file__).parents[2]

SETTINGS = "--epochs=3 --image-size=32 --set=aux_heads=false --set=warmup_steps=1 --set=checkpoint_steps=2"
"""What makes the guide's training short: 128 training images are two steps an epoch, and a checkpoint."""

COMMAND = f"""#!/bin/sh
echo $$ >"{{folder}}/pid-$SLURM_PROCID"
PYTHONPATH={ROOT} exec {sys.executable} -m keras_googlenet "$@" {SETTINGS}
"""

TIMEOUT = 900


def guides_file():
    guide = (ROOT / "docs" / "guides" / "scale-out.md").read_text(encoding="utf-8")
    return re.search(r"<!-- file: flowers.sbatch -->\n```sh\n(.*?)```", guide, re.DOTALL)[1]


def test_the_guides_file_is_a_script():
    subprocess.run(["bash", "-n"], input=guides_file(), text=True, check=True)


@pytest.fixture
def shared(tmp_path):
    """The guide's folder `/shared`, with the job's file; skips where the Slurm for this test is not there."""
    if not shutil.which("sinfo"):
        pytest.skip("needs Slurm: .ci/two_node_slurm installs it")
    query = ["sinfo", "--noheader", "--states=idle", "--format=%R %D"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    if done.stdout.split() != ["throwaway", "2"]:
        pytest.skip("needs the Slurm of two idle nodes that .ci/two_node_slurm makes")
    rng = np.random.default_rng(0)
    for name, gray in (("daisy", 60), ("tulip", 180)):
        for split, count in (("train", 64), ("val", 8)):
            folder = tmp_path / "flowers" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(gray, 30, (40, 40, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    binaries = tmp_path / "venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "activate").write_text(f'PATH="{binaries}:$PATH"\n')
    (binaries / "keras-googlenet").write_text(COMMAND.format(folder=tmp_path))
    (binaries / "keras-googlenet").chmod(0o755)
    (tmp_path / "flowers.sbatch").write_text(guides_file().replace("/shared", str(tmp_path)))
    return tmp_path


def submit(shared, nodes=2):
    """Submits the file, for as many nodes as there are; returns what waits for the job."""
    command = ["sbatch", "--wait", f"--nodes={nodes}", f"--output={shared}/job-%j.txt", "flowers.sbatch"]
    return subprocess.Popen(command, cwd=shared, stdout=subprocess.PIPE, text=True)


def end(job, shared):
    """`(exit status, what it printed)` of a job."""
    try:
        number = re.search(r"\d+", job.communicate(timeout=TIMEOUT)[0])[0]
    finally:
        job.kill()
    return job.returncode, (shared / f"job-{number}.txt").read_text()


@pytest.mark.spawns
def test_the_guides_file_goes_on_after_the_chief_was_killed(shared):
    run = shared / "runs" / "flowers"
    status, output = end(submit(shared), shared)
    assert status == 0, output
    assert "2 workers, 2 replicas; this is worker 0" in output
    expected = run.rename(shared / "undisturbed")

    job = submit(shared)
    begun = time.monotonic()
    while not (run / "metrics.csv").exists() or len((run / "metrics.csv").read_text().splitlines()) < 3:
        assert job.poll() is None
        assert time.monotonic() < begun + TIMEOUT
        time.sleep(0.05)
    os.kill(int((shared / "pid-0").read_text()), signal.SIGKILL)
    status, output = end(job, shared)
    assert status != 0
    assert not (run / "model.keras").exists(), output
    assert "Start all workers again with --resume" in output

    status, output = end(submit(shared), shared)
    assert status == 0, output
    assert re.search(r"^going on from epoch [23], step 0$", output, re.MULTILINE), output
    assert (run / "metrics.csv").read_text() == (expected / "metrics.csv").read_text()
    found, wanted = (load_model(folder / "model.keras").get_weights() for folder in (run, expected))
    assert all(np.array_equal(one, other) for one, other in zip(found, wanted, strict=True))
