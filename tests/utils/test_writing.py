"""Files are written whole or not at all: onto full disks, through links, into devices, beside what was killed."""

import contextlib
import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading

import pytest
from support.full_disk import file_size_limit, read_only, room, small_disk

from keras_googlenet.errors import InputError
from keras_googlenet.utils import partial
from keras_googlenet.utils.disk import WriteError
from keras_googlenet.utils.locks import lock, locked_file, open_folder
from keras_googlenet.utils.partial import ExistsError, clear_partial, partial_folder, place_together, temporary_files_in
from keras_googlenet.utils.writing import check_writable, real, written_whole


def write(path, content=b"new", **options):
    """Writes a file in two halves."""
    with written_whole(path, **options) as made, made.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        file.write(content[len(content) // 2 :])


def fail(path, error):
    """Raises an error when a file is half written."""
    with written_whole(path) as made:
        made.write_bytes(b"half")
        raise error


def left(folder):
    """A killed process's folder: nobody holds it."""
    return next(path for path in folder.iterdir() if path.name.startswith(".keras-googlenet-partial-"))


def test_a_file_is_there_at_the_end_or_as_it_was(tmp_path):
    path = tmp_path / "new" / "file"
    with written_whole(path) as made:
        made.write_bytes(b"old")
        assert not path.exists()
    with pytest.raises(KeyError, match="defect"):
        fail(path, KeyError("a defect"))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_a_name_as_long_as_can_be(tmp_path):
    write(tmp_path / ("n" * 255))
    write(tmp_path / ("n" * 255), b"again")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("n" * 255, b"again")]


def test_folders_made_for_nothing_are_gone(tmp_path):
    with pytest.raises(KeyError):
        fail(tmp_path / "a" / "b" / "file", KeyError())
    assert os.listdir(tmp_path) == []


def test_links_are_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to("elsewhere/file")
    for content in (b"first", b"second"):  # it leads nowhere at first
        write(link, content)
        assert os.readlink(link) == "elsewhere/file"
        assert (tmp_path / "elsewhere" / "file").read_bytes() == content
    assert real(link) == tmp_path / "elsewhere" / "file"
    assert real("a/../b") == type(link)("a/../b")


def test_a_pipe_and_a_device_are_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"through")
    reader.join()
    assert received == [b"through"]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    before = os.stat(os.devnull)
    write(os.devnull)
    assert os.path.samestat(before, os.stat(os.devnull))
    if os.path.exists("/dev/full"):
        with pytest.raises(WriteError, match="^/dev/full cannot be written: No space left on device"):
            write("/dev/full")


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_goes_on_where_it_is(name, tmp_path, capfd):
    (tmp_path / "link").symlink_to("/dev/stdout")
    print("before", flush=True)
    write(tmp_path / name, b"between\n")
    print("after", flush=True)
    assert capfd.readouterr().out.splitlines() == ["before", "between", "after"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("loop", "Too many levels of symbolic links"),
        ("loop/file", "Too many levels of symbolic links"),
        ("n" * 300, "File name too long"),
        ("file/below", "Not a directory"),
        ("socket", "No such device or address"),
    ],
)
def test_places_where_nothing_can_be(name, reason, tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)
    os.symlink("loop", "loop")
    (tmp_path / "file").write_bytes(b"old")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(WriteError, match=f"cannot be written: {reason}") as caught:
            write(name)
        assert "\n" not in str(caught.value)
        if name != "socket":
            with pytest.raises(WriteError, match=reason):
                check_writable(name)
    assert sorted(os.listdir()) == ["file", "loop", "socket"]


@pytest.mark.parametrize("name", ["folder", "", "zero\0byte", "\ud800"])
def test_what_is_no_name_of_a_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    for refused in (write, check_writable):
        with pytest.raises(InputError, match="^Expected "):
            refused(name)
    assert os.listdir() == ["folder"]


def test_a_vanished_folder(tmp_path):
    def vanish(folder):
        with written_whole(folder / "file") as made:
            made.write_bytes(b"half")
            shutil.rmtree(folder)

    with pytest.raises(WriteError, match="No such file or directory"):
        vanish(tmp_path / "folder")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE])
def test_what_the_disk_says(code, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")

    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(WriteError, match=f"file cannot be written: {os.strerror(code)}. What was there"):
        write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_library_that_does_not_say_why(tmp_path):
    """What it says is its own; the disk is asked. Where that is well, the error is the library's."""

    def mumble(path):
        with written_whole(path) as made:
            with contextlib.suppress(OSError), made.open("wb", buffering=2**12) as file:
                for _ in range(2**8):
                    file.write(bytes(2**12))
            raise RuntimeError("unexpected pos 64 vs 0")

    with pytest.raises(RuntimeError, match="unexpected pos"):
        mumble(tmp_path / "file")
    with file_size_limit(2**12), pytest.raises(WriteError, match="file cannot be written: File too large"):
        mumble(tmp_path / "file")
    with small_disk(tmp_path / "disk", 2**21) as disk, room(disk, 2**14):
        with pytest.raises(WriteError, match="file cannot be written: No space left on device"):
            mumble(disk / "file")
        assert os.listdir(disk) == ["ballast"]


def test_a_disk_that_is_full_or_may_not_be_written(tmp_path):
    with small_disk(tmp_path / "disk", 2**21) as disk:
        write(disk / "file", b"old")
        with room(disk, 2**14), pytest.raises(WriteError, match="file cannot be written: No space left on device"):
            write(disk / "file", bytes(2**17))
        with read_only(disk):
            for refused in (write, check_writable):
                with pytest.raises(WriteError, match="cannot be written: Read-only file system"):
                    refused(disk / "file")
        assert (disk / "file").read_bytes() == b"old"
        assert os.listdir(disk) == ["file"]


AS_ANOTHER = """
import os, resource, sys, tempfile
from keras_googlenet.utils.disk import WriteError
from keras_googlenet.utils.writing import written_whole
os.setgid(65534)
os.setuid(65534)
try:
    with written_whole(sys.argv[1]):
        pass
except WriteError as error:
    print(error)
"""


@pytest.mark.spawns
def test_a_folder_that_is_another_users(tmp_path):
    """The superuser may write anywhere, so that somebody else has to try."""
    if os.geteuid() != 0:
        pytest.skip("needs a superuser, who can become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        command = [sys.executable, "-c", AS_ANOTHER, f"{folder}/file"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "file cannot be written: Permission denied" in found.stdout, found.stderr
        assert os.listdir(folder) == []


HELD = """
import os, sys, time
from keras_googlenet.utils.writing import written_whole
with written_whole(sys.argv[1]) as made:
    made.write_bytes(b"half")
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.mark.spawns
def test_what_a_killed_process_left_is_cleared_and_what_another_is_writing_stays(tmp_path):
    processes = [
        subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path / name)], stdout=subprocess.PIPE, text=True)
        for name in ("first", "second")
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "begun\n"
        clear_partial(tmp_path)
        assert len(os.listdir(tmp_path)) == 2
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        write(tmp_path / "first")
        assert len(os.listdir(tmp_path)) == 2  # the file, and the other's folder
        assert (tmp_path / "first").read_bytes() == b"new"
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    clear_partial(tmp_path)
    assert os.listdir(tmp_path) == ["first"]


def write_together(main, *names):
    """Writes a file and others that belong to it."""
    with written_whole(main) as made:
        for name in (made.name, *names):
            made.with_name(name).write_text("new")


class Killed(BaseException):
    """Stands for `kill -9`: whatever would clean up after it does nothing."""


def killed(monkeypatch, made, main, at):
    """Is killed when the names are being given, before the one at `at`; what it held is let go."""
    give, count = partial._give, iter(range(9))

    def stop(*given):
        if next(count) == at:
            raise Killed
        give(*given)

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(partial, "_give", stop)
        patch.setattr(partial, "_take_back", lambda *_: None)
        patch.setattr(partial.shutil, "rmtree", lambda *_, **__: None)
        with partial_folder(main.parent, main) as folder:
            for name in made:
                (folder / name).write_text(name)
            place_together(folder, main)


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_files_that_belong_together_are_all_there_or_none(at, tmp_path, monkeypatch):
    """The main one comes last, so that others are not taken for whole; the next who writes there takes them back."""
    names = ["net.bin", "net.card", "net.xml"]
    (tmp_path / "other").write_text("other")
    killed(monkeypatch, names, tmp_path / "net.xml", at)
    assert sorted(path.name for path in tmp_path.glob("net.*")) == names[:at]
    assert left(tmp_path)
    clear_partial(tmp_path)
    assert sorted(os.listdir(tmp_path)) == (["other"] if at < 3 else [*names, "other"])


def test_without_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(type(tmp_path), "hardlink_to", refuse)
    for content in (b"old", b"new"):
        write(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    with pytest.raises(ExistsError, match="file exists already"):
        write(tmp_path / "file", b"newer", new=True)
    with pytest.raises(ExistsError):
        write_together(tmp_path / "net.xml", "a.bin", "file")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_there_is_not_replaced_unasked(tmp_path):
    write(tmp_path / "file", b"old", new=True)
    with pytest.raises(ExistsError, match="file exists already; remove it"):
        write(tmp_path / "file", b"new", new=True)
    (tmp_path / "b.bin").write_bytes(b"a user's")
    with pytest.raises(ExistsError, match="b.bin exists already"):
        write_together(tmp_path / "file", "a.bin", "b.bin")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old", "b.bin": b"a user's"}


def test_temporary_files_of_libraries_are_inside(tmp_path):
    before = tempfile.gettempdir()
    with partial_folder(tmp_path, "file") as folder, temporary_files_in(folder):
        name = tempfile.mkdtemp()
        assert folder in type(folder)(name).parents
    assert os.listdir(tmp_path) == []
    assert tempfile.gettempdir() == before


def test_one_at_a_time_replaces_a_file(tmp_path):
    path = tmp_path / "file"
    with locked_file(path) as there:
        assert not there
    path.write_bytes(b"0")
    together = []

    def count():
        for _ in range(20):
            with locked_file(path) as there:
                assert there
                together.append(1)
                number = int(path.read_bytes())
                write(path, b"%d" % (number + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == b"80"
    with locked_file(path), locked_file(path, wait=0.1) as there:  # who holds it has stopped: it is gone on
        assert there
    descriptor = open_folder(tmp_path)
    assert lock(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    ("umask", "before", "after"), [(0o022, 0o600, 0o600), (0o077, 0o644, 0o644), (0o027, None, 0o640)]
)
def test_permissions_are_those_of_the_replaced_file_or_the_umasks(tmp_path, umask, before, after):
    path = tmp_path / "file"
    if before is not None:
        path.touch()
        path.chmod(before)
    usual = os.umask(umask)
    try:
        write(path)
    finally:
        os.umask(usual)
    assert stat.S_IMODE(path.stat().st_mode) == after


def test_without_locks_what_was_left_is_cleared_after_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr(partial, "lock", lambda descriptor: None)
    old, new = (tmp_path / f".keras-googlenet-partial-{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "half").touch()
        os.utime(folder, (0, 0))
    os.utime(old / "half", (0, 0))
    for content in (b"first", b"second"):
        write(tmp_path / "file", content)
    assert sorted(path.name for path in tmp_path.iterdir()) == [new.name, "file"]
    assert (tmp_path / "file").read_bytes() == b"second"


def test_a_pipe_whose_reader_has_had_enough(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    write(f"/dev/fd/{writing}")
    os.close(writing)
