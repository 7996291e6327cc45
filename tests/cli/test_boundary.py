"""Whatever ends a command is a line and a status; a defect is two lines, with where to report it and the traceback."""

import os
import re
from pathlib import Path

import pytest

from keras_googlenet.cli import DEFECT, PARTLY_FAILED, WRONG_COMMAND, main, predict
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.messages import shortened


def of_tensorflow(name, message):
    """An error as TensorFlow raises it, which says a page of internals after the first line."""
    import tensorflow as tf

    return getattr(tf.errors, name)(None, None, f"{message}\nTraceback\n  File ...")


def deep():
    return deep() + 1


def caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return error


ERRORS = {
    "input": (lambda: InputError("no such thing"), WRONG_COMMAND, "no such thing"),
    "work": (lambda: WorkError("half done"), PARTLY_FAILED, "half done"),
    "lines": (lambda: InputError("one\n  two\r\nthree"), WRONG_COMMAND, "one two three"),
    "terminal": (lambda: InputError("a\x1b[31m\x9b\u202e\u2066\x07"), WRONG_COMMAND, r"a\x1b[31m\x9b\u202e\u2066\x07"),
    "long": (lambda: InputError("x" * 10**6), WRONG_COMMAND, shortened("error: " + "x" * 10**6, 1000)),
    "memory": (lambda: MemoryError(), PARTLY_FAILED, "there is not enough memory: lower --batch-size, or end other"),
    "numpy": (lambda: caught(__import__("numpy").empty, 2**45), PARTLY_FAILED, "there is not enough memory"),
    "device": (
        lambda: of_tensorflow("ResourceExhaustedError", "OOM when allocating tensor"),
        PARTLY_FAILED,
        "there is not enough memory",
    ),
    "tensorflow": (
        lambda: of_tensorflow("NotFoundError", "gone/x; No such file or directory"),
        PARTLY_FAILED,
        "gone/x; No such file or directory",
    ),
    "file": (lambda: caught(open, "no/such/file"), PARTLY_FAILED, "no/such/file: No such file or directory"),
    "folder": (lambda: caught(open, b"/"), PARTLY_FAILED, "/: Is a directory"),
    "two files": (lambda: caught(os.rename, "no", "other"), PARTLY_FAILED, "no to other: No such file or directory"),
    "no errno": (lambda: OSError("odd"), PARTLY_FAILED, "OSError: odd"),
    "NUL": (lambda: caught(open, "a\0b"), WRONG_COMMAND, "a name has a NUL character"),
    "deep": (lambda: caught(deep), WRONG_COMMAND, "nested too deep"),
    "digits": (lambda: caught(int, "9" * 5000), WRONG_COMMAND, "a number is too large"),
    "too large": (lambda: caught(float, 10**400), WRONG_COMMAND, "a number is too large"),
    "surrogate": (lambda: caught("\udcff".encode), WRONG_COMMAND, r"no UTF-8, which is needed here"),
    "bytes": (lambda: caught(b"\xff".decode), WRONG_COMMAND, "no UTF-8"),
    "array": (lambda: caught(__import__("numpy").empty, 2**60), WRONG_COMMAND, "a number is too large"),
    "home": (lambda: caught(Path("~no-such-user").expanduser), PARTLY_FAILED, "home directory is not known: set HOME"),
    "import": (lambda: caught(__import__, "no_such_package"), PARTLY_FAILED, "No module named 'no_such_package'"),
    "Ctrl-C": (lambda: KeyboardInterrupt(), 130, "interrupted"),
}


@pytest.fixture
def command(monkeypatch):
    """A function that runs a command which raises."""

    def command(error, *options):
        def run(arguments):
            raise error

        monkeypatch.setattr(predict, "run", run)
        return main(["predict", "m", "p", *options])

    return command


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_one_line(kind, command, capsys):
    make, status, text = ERRORS[kind]
    assert command(make()) == status
    line = capsys.readouterr().err
    assert line.startswith("keras-googlenet: error: ")
    assert text in line
    assert line.count("\n") == 1
    assert "Traceback" not in line
    assert line[:-1].isprintable()


@pytest.mark.parametrize("error", [KeyError("x\x1b[2J"), AssertionError(), ValueError("what\never"), TypeError("t")])
def test_a_defect_is_two_lines_and_a_file(error, command, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert command(error) == DEFECT
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(
        f"keras-googlenet: error: a defect of keras-googlenet, not of the command: {type(error)}"[:70]
    )
    assert "please report it" in second
    (kept,) = tmp_path.iterdir()
    assert str(kept) in second
    text = kept.read_text()
    assert type(error).__name__ in text
    assert "in run\n    raise error" in text
    assert re.search(r"^keras \d", text, re.MULTILINE)


def test_a_defect_where_nothing_can_be_written(command, capsys, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    assert command(KeyError("x")) == DEFECT
    assert capsys.readouterr().err.splitlines()[1].endswith("with the traceback, which --debug shows")


@pytest.mark.parametrize("before", [False, True])
def test_debug_shows_the_traceback(before, command, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert command(KeyError("x"), "--debug") == DEFECT
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert "raise error" in printed
    assert not list(tmp_path.iterdir())
    arguments = ["--debug", "summary", "vgg"] if before else ["summary", "vgg", "--debug"]
    assert main(arguments) == WRONG_COMMAND
    assert "InputError: MODEL must be" in capsys.readouterr().err


def test_where_a_defect_is_reported_is_the_packages_address(command, capsys, tmp_path, monkeypatch):
    import email
    from importlib import metadata

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    message = email.message_from_string(
        "Project-URL: Documentation, https://a\nProject-URL: Issues, https://b/issues\n"
    )
    monkeypatch.setattr(metadata, "metadata", lambda name: message)
    assert command(KeyError("x")) == DEFECT
    assert "please report it at https://b/issues, with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "m", "p", "--top", "9" * 30], "--top must be at most 1,000,000. Received: 9999"),
        (["predict", "m", "p", "--batch-size", str(10**18)], "--batch-size must be at most 1,048,576"),
        (["evaluate", "m", "--batch-size", str(10**18)], "--batch-size must be at most 1,048,576"),
        (["summary", "--image-size", str(10**18)], "--image-size must be at most 8,192"),
        (["summary", "--image-size", "0"], "--image-size must be at least 32. Received: 0"),
        (["summary", "--classes", "0"], "--classes must be at least 1. Received: 0"),
        (["summary", "--classes", str(10**18)], "--classes must be at most 1,000,000"),
        (["visualize", "m", "--output", "o", "--seed", "-1"], "--seed must be at least 0"),
        (["demo", "m", "--max-size", "inf"], "--max-size must be at most 1,024. Received: inf"),
        (["demo", "m", "--max-size", "nan"], "--max-size must be more than 0. Received: nan"),
        (["train", "--epochs", str(10**30)], "`epochs` must be at most 1,000,000"),
        (["train", "--image-size", str(10**18)], "`image_size` must be at most 8,192"),
        (
            ["train", "--set", f"learning_rate={10**400}"],
            "`learning_rate` must be positive. Received: learning_rate=inf",
        ),
        (["train", "--set", "epochs=" + "9" * 5000], "`epochs` must be of type int. Received: 'epochs=999"),
        (["train", "--set", "x" * 10**6], "Expected FIELD=VALUE"),
        (["train", "--set", "dataset=" + "x" * 10**6], "and of at most 4,096"),
    ],
)
def test_numbers_and_texts_beyond_reason(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == WRONG_COMMAND
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert len(line) < 1100
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "arguments", [["predict", "m", "p", "--top", ""], ["train", "--preset="], ["train", "--data-dir", ""]]
)
def test_options_that_are_given_nothing(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "is given nothing" in capsys.readouterr().err
