"""Answers alone on standard output, nothing that controls a terminal on either, and commands outlive their readers."""

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings

import pytest

from keras_googlenet.cli import convert, main, predict, streams

EVIL = "a\x1b[31m\x07\x9b1m\u202eb\u2066\nc\r\x00\x7f"
CLEAN = r"a\x1b[31m\x07\x9b1m\u202eb\u2066\nc\r\x00\x7f"

RUN = """
import importlib.util, sys, keras_googlenet_command
# As the command does: the package without Keras.
sys.modules["keras_googlenet"] = importlib.util.module_from_spec(importlib.util.find_spec("keras_googlenet"))
from keras_googlenet.cli import convert, predict
def run(arguments):
    for n in range(2000):
        print("of a library")
        predict.say(f"answer {n}")
    open(arguments.target if hasattr(arguments, "target") else arguments.model, "w").close()
    return 0
for module in (convert, predict):
    module.run, module.needs_keras = run, lambda arguments: False
sys.exit(keras_googlenet_command.main())
"""


@pytest.fixture
def command(monkeypatch):
    """A function that runs a command, which does what it is given; one that leaves files, or one that does not."""

    def command(do, files=False):
        monkeypatch.setattr(convert if files else predict, "run", lambda arguments: (do(), 0)[1])
        return main(["convert" if files else "predict", "a", "b"])

    return command


def test_what_libraries_print_is_no_answer(command, capsys):
    def do():
        print("of a library")
        streams.say("answer", "another")

    assert command(do) == 0
    assert capsys.readouterr() == ("answer\nanother\n", "of a library\n")


def test_nothing_controls_the_terminal(command, capsys):
    def do():
        streams.say(EVIL)
        streams.tell(EVIL)
        print(EVIL)
        warnings.warn(EVIL, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert command(do) == 0
    out, err = capsys.readouterr()
    assert out == f"{CLEAN}\n"
    assert all(line.isprintable() for line in err.splitlines())
    assert err.startswith(f"keras-googlenet: {CLEAN}".replace(r"\nc\r", " c "))


def test_a_terminal_has_progress_bars_and_a_log_their_lines(command, capsys, monkeypatch):
    bar = "\b\b\r\x1b[1m1/2\x1b[0m \x1b[32m━━\x1b[0m\x1b[K"
    for terminal, expected in ((True, f"{bar}\\x1b]0;title\\x07"), (False, "\n1/2 ━━\\x1b]0;title\\x07")):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal)
        assert command(lambda: print(f"{bar}\x1b]0;title\x07", end="")) == 0
        assert capsys.readouterr().err == expected


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_answers_in_any_encoding(encoding, command, monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", output)
    assert command(lambda: streams.say("grün 日 \udcff")) == 0
    assert output.buffer.getvalue().decode(encoding) in (
        "grün 日 \\udcff\n",
        "gr\\xfcn \\u65e5 \\udcff\n",
        "grün \\u65e5 \\udcff\n",
    )


@contextlib.contextmanager
def unread():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        yield output


@pytest.mark.parametrize(("files", "status"), [(False, 141), (True, 0)])
def test_a_reader_that_left(files, status, command, capsys, monkeypatch):
    done = []
    with unread() as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert command(lambda: [streams.say("answer"), streams.say("answer"), done.append(1)], files) == status
    assert bool(done) == files
    assert not capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="closes a terminal as Linux does")
@pytest.mark.parametrize(("files", "status"), [(False, 141), (True, 0)])
def test_a_terminal_that_was_closed(files, status, command, monkeypatch):
    """As a reader that left: of a command that was started to ignore SIGHUP."""
    screen, terminal = os.openpty()
    os.close(screen)
    with open(terminal, "w", closefd=False) as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert command(lambda: streams.say("answer"), files) == status
    os.close(terminal)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("files", [False, True])
def test_a_disk_that_is_full(files, command, capsys, monkeypatch):
    done = []
    with open("/dev/full", "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert command(lambda: [streams.say("answer"), streams.say("answer"), done.append(1)], files) == 1
    assert bool(done) == files
    (line,) = capsys.readouterr().err.splitlines()
    assert "standard output cannot be written: No space left on device" in line


@pytest.mark.parametrize("files", [False, True])
def test_no_standard_output(files, command, capsys, monkeypatch):
    done = []
    monkeypatch.setattr(sys, "stdout", None)
    assert command(lambda: [streams.say("answer"), done.append(1)], files) == int(not files)
    assert bool(done) == files
    assert ("standard output is closed" in capsys.readouterr().err) != files


def test_nobody_reads_standard_error(command, capsys, monkeypatch):
    with unread() as output:
        monkeypatch.setattr(sys, "stderr", output)
        assert command(lambda: [streams.tell("note"), print("x" * 10**6), streams.say("answer")]) == 0
    assert capsys.readouterr().out == "answer\n"


def test_no_standard_error(command, capsys, monkeypatch):
    """`print` would take None for standard output."""
    monkeypatch.setattr(sys, "stderr", None)
    assert command(lambda: [streams.tell("note"), print("x"), streams.say("answer")]) == 0
    assert capsys.readouterr().out == "answer\n"


def test_the_streams_are_put_back(command):
    before = sys.stdout, sys.stderr
    assert command(lambda: None) == 0
    assert (sys.stdout, sys.stderr) == before


def test_help_is_an_answer(capsys):
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    out, err = capsys.readouterr()
    assert out.startswith("usage: ")
    assert not err


def test_names_in_mistakes_of_the_arguments_control_nothing(capsys):
    for arguments in (
        ["predict", "m", "p", EVIL],
        ["predict", f"--{EVIL}"],
        ["predict", "m", "p", "--top", EVIL],
        [EVIL],
    ):
        with contextlib.suppress(SystemExit):
            main([*arguments, "--tip", EVIL])
        printed = capsys.readouterr()
        assert all(line.isprintable() for line in (printed.out + printed.err).splitlines())


SHELL = [
    ("predict x y | head -n 1", [141], "answer 0\n", False),
    ("convert x {file} | head -n 1", [0], "answer 0\n", True),
    ("convert x {file} 2>&1 | head -n 1", [0], "of a library\n", True),
    ("predict {file} y 2>&-", [0], None, True),
    ("predict {file} y >&-", [1], "", False),
    ("convert x {file} >&- 2>&-", [0], "", True),
    ("predict {file} y <&- 2>/dev/full", [0], None, True),
    ("convert x {file} >/dev/full 2>/dev/full", [1], "", True),
]


@pytest.mark.spawns
@pytest.mark.parametrize(("line", "statuses", "out", "done"), SHELL)
def test_in_a_shell(line, statuses, out, done, tmp_path):
    whole = f'"$PYTHON" -c "$RUN" {line.format(file="done")}' + "; exit ${PIPESTATUS[0]}"
    environment = {**os.environ, "PYTHON": sys.executable, "RUN": RUN, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        ["bash", "-c", whole], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert found.returncode in statuses, found.stderr
    assert found.stdout == ("".join(f"answer {n}\n" for n in range(2000)) if out is None else out)
    assert (tmp_path / "done").exists() == done
    assert "Traceback" not in found.stderr
    assert "Exception" not in found.stderr


def test_json_escapes_what_controls(capsys):
    from keras_googlenet.utils.messages import json_line

    for encoding in ("utf-8", "ascii"):
        line = json_line({"name": EVIL, "more": "é\u2028\U000e0041👩‍🚀"}, encoding)
        assert json.loads(line) == {"name": EVIL, "more": "é\u2028\U000e0041👩‍🚀"}
        assert not set(line) & set("\x1b\x07\x9b\u202e\u2066\n\r\x00\x7f\u2028\U000e0041")
        line.encode(encoding)
