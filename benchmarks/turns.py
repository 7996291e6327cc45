"""Contenders that take turns, each in a process of its own: what `gpu.py` and `peers.py` measure by.

They compile one after the other, since XLA and cuDNN choose their algorithms by measuring; then each takes its steps
round by round, so that other work on the machine strikes all alike.
"""

import multiprocessing
import os
import statistics
import time


def measure(rows, contenders, rounds, deadline=float("inf")):
    """Fills in `images_s` and `seconds`, one for each round, or `error`.

    Args:
        rows: Dictionaries with `contender` and `batch`, the more important ones first.
        contenders: For each name a function of a row, which returns a function that takes a step and one that waits for
            its end, and the process's environment. The function is pickled: it stands in a module.
        rounds: How often each is measured.
        deadline: Of `time.monotonic`: rows that are not ready by then are left out.
    """
    workers = {name: _start(*contenders[name]) for name in dict.fromkeys(row["contender"] for row in rows)}

    def ask(row, number, order):
        try:
            workers[row["contender"]].send((order, number, row))
            return workers[row["contender"]].recv()
        except (EOFError, OSError) as error:  # its process has died
            return {"error": type(error).__name__}

    for number, row in enumerate(rows):
        late = time.monotonic() > deadline
        row.update({"error": "left out for lack of time"} if late else ask(row, number, "prepare"))
    for row in rows:
        row["seconds"] = []
    for _ in range(rounds):
        for number, row in enumerate(rows):
            if "error" not in row:
                answer = ask(row, number, "measure")
                row["seconds"] += [answer.pop("seconds")] if "seconds" in answer else []
                row.update(answer)
    for row in rows:
        if "error" not in row:
            row["images_s"] = row["batch"] / statistics.median(row["seconds"])
    for pipe in workers.values():
        pipe.close()


def ratio(ours, theirs):
    """How many times as fast the first row is: the median over the rounds; None where either was not measured."""
    if "error" in ours or "error" in theirs:
        return None
    return statistics.median(
        (their / theirs["batch"]) / (our / ours["batch"])
        for our, their in zip(ours["seconds"], theirs["seconds"], strict=True)
    )


def _start(make, environment):
    """A process that prepares and measures rows of one contender; answers by the pipe that is returned."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    context.Process(target=_serve, args=(there, make, environment)).start()
    there.close()  # the process ends once this end of the pipe is gone, too
    return here


def _serve(pipe, make, environment):
    """Answers until the pipe is closed."""
    os.environ.update(environment)
    ready = {}
    while True:
        try:
            order, number, row = pipe.recv()
        except EOFError:
            return
        begun = time.perf_counter()
        try:
            if order == "prepare":
                step, wait = make(row)
                _seconds(step, wait, 1)
                ready[number] = step, wait, 20 if row.get("queue", True) else 1
                pipe.send({"first_s": round(time.perf_counter() - begun, 1)})
            else:
                step, wait, times = ready[number]
                _seconds(step, wait, min(2, times))
                pipe.send({"seconds": _seconds(step, wait, times)})
        except Exception as error:
            pipe.send({"error": f"{type(error).__name__}: {str(error)[:200]}"})


def _seconds(step, wait, times):
    """Seconds a step; steps are queued without waiting for each."""
    begun = time.perf_counter()
    for _ in range(times):
        step()
    wait()
    return (time.perf_counter() - begun) / times
