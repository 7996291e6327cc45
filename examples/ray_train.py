"""Training on Ray: Ray Train starts the workers, names them to each other, and starts all again when one is lost.

    python examples/ray_train.py photos/ runs/photos                      # two workers on this machine
    python examples/ray_train.py /shared/photos /shared/runs/photos --address auto --workers 4 --gpu --set epochs=60

The workers train as one (strategy `multiworker`; Ray sets TF_CONFIG), as `keras-googlenet train` does. All of them see
the images and the run's folder under these paths. The same command goes on with a run that was stopped.
"""

import argparse
import os
import tempfile
from pathlib import Path

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.tensorflow import TensorflowTrainer

from keras_googlenet.training import recipe_for
from keras_googlenet.training.recipes.settings import parse_setting


def main():
    """Trains; prints the metrics of the last epoch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="a folder of class subfolders")
    parser.add_argument("output", type=Path, help="the run's folder")
    parser.add_argument("--address", default="local", help="of Ray's cluster; `local` starts one for this run")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--gpu", action="store_true", help="give each worker a GPU")
    parser.add_argument("--set", type=parse_setting, action="append", default=[], metavar="FIELD=VALUE")
    options = parser.parse_args()
    recipe = recipe_for(str(options.photos.resolve()), **dict(options.set))
    local = {"num_cpus": options.workers, "include_dashboard": False, "object_store_memory": 2**27}
    os.environ.setdefault("RAY_TRAIN_ENABLE_PRINT_PATCH", "0")  # else what workers print comes twice
    logging = ray.LoggingConfig(log_level="ERROR")  # else Ray warns each second that there is no dashboard
    ray.init(options.address, logging_config=logging, **(local if options.address == "local" else {}))
    folder = options.output.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ray-", dir=folder.parent) as notes:  # Ray's; no run needs them to go on
        result = TensorflowTrainer(
            train,
            train_loop_config={"recipe": recipe, "folder": folder},
            scaling_config=ScalingConfig(num_workers=options.workers, use_gpu=options.gpu),
            run_config=RunConfig(storage_path=notes, failure_config=FailureConfig(max_failures=3)),
        ).fit()
    print(*(f"{name}: {value:.4f}" for name, value in result.return_value.items()), sep="\n")


def train(config):
    """What each worker does, the first time and after a worker was lost."""
    from keras_googlenet import experiment  # here, since TensorFlow starts with TF_CONFIG

    return experiment.run(config["recipe"], config["folder"], strategy="multiworker", resume=True, verbose=2)


if __name__ == "__main__":
    main()
