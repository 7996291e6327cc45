"""The manifests: what the API's schemas say of them, and what their shell lines do in a shell. No cluster is asked."""

import json
import re
import shlex
import subprocess
import textwrap
from pathlib import Path

import pytest

from keras_googlenet.cli import COMMANDS
from keras_googlenet.cli.parser import parser
from keras_googlenet.training.distributed import cluster

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "examples" / "kubernetes" / "train.yaml").read_text(encoding="utf-8")


@pytest.fixture
def kubernetes():
    """The schemas' package, by which Service and Job are found right as they stand."""
    reason = "kubernetes-validate and PyYAML are in the extra `peers`"
    yaml = pytest.importorskip("yaml", reason=reason)
    package = pytest.importorskip("kubernetes_validate", reason=reason)
    return package, *yaml.safe_load_all(TEXT)


@pytest.mark.parametrize("index", [0, 1])
def test_the_job_makes_a_cluster_and_trains(index, tmp_path, monkeypatch):
    """Its lines, in a shell where the command writes down how it was called."""
    command = tmp_path / "keras-googlenet"
    command.write_text('#!/bin/sh\nprintf %s "$TF_CONFIG" >config\necho "$@" >arguments\n')
    command.chmod(0o755)
    script = textwrap.dedent(re.search(r"args:\n +- \|\n(.*?) +resources:", TEXT, re.DOTALL)[1])
    workers = re.search(r'name: WORKERS\n +value: "(\d+)"', TEXT)[1]
    variables = {"WORKERS": workers, "JOB_COMPLETION_INDEX": str(index), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", script], env=variables, cwd=tmp_path, check=True)
    monkeypatch.setenv("TF_CONFIG", (tmp_path / "config").read_text())
    found = cluster.find()
    assert found.worker == index
    assert [address for _, _, address in found.tasks] == ["train-0.train:2222", "train-1.train:2222"]
    arguments = parser(COMMANDS).parse_args(shlex.split((tmp_path / "arguments").read_text()))
    assert arguments.resume
    assert str(arguments.output).startswith("/shared/")


@pytest.mark.parametrize("version", ["1.31", "latest"])
def test_the_api_takes_them(kubernetes, version):
    package, *manifests = kubernetes
    for manifest in manifests:
        package.validate(manifest, package.latest_version() if version == "latest" else version, strict=True)


@pytest.mark.parametrize("wrong", ['"completions": "2"', '"completion": 2', '"restartPolicy": ["Never"]'])
def test_the_api_does_not_take_anything(kubernetes, wrong):
    """A number in quotes, a field that there is not, a list: what would be found only on a cluster."""
    package, _, job = kubernetes
    name, value = json.loads(f"{{{wrong}}}").popitem()
    spec = job["spec"]["template"]["spec"] if name == "restartPolicy" else job["spec"]
    spec[name] = value
    with pytest.raises(package.ValidationError):
        package.validate(job, package.latest_version(), strict=True)


def test_service_and_job_go_together(kubernetes):
    """What no schema knows: the names by which pods find each other, and the numbers of them."""
    _, service, job = kubernetes
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": job["metadata"]["name"]}
    assert pod["subdomain"] == service["metadata"]["name"]
    assert f"{job['metadata']['name']}-%d.{pod['subdomain']}:{service['spec']['ports'][0]['port']}" in TEXT
    assert service["spec"]["publishNotReadyAddresses"], "no pod is ready before it has found the others"
    workers = int(container["env"][0]["value"])
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == workers
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    assert pod["restartPolicy"] == "Never", "a podFailurePolicy is for pods that are not restarted in their place"
