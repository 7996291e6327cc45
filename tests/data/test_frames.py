"""What two processes say to each other, however a socket cuts it up."""

import json
import socket
import threading

import pytest

from keras_googlenet.data import frames
from keras_googlenet.data.clock import Clock, TooLong


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def receive(source, seconds=20):
    clock = Clock(seconds)
    return frames.receive_json(lambda view: clock.receive(source, view))


@pytest.mark.parametrize("content", [[], [0, 2, "why"], ["x" * 9000, 1], [[0] * 5000]])
@pytest.mark.parametrize("piece", [1, 10, 5000])
def test_json_comes_in_any_pieces(pair, content, piece):
    ours, theirs = pair
    frames.send_json(theirs, frames.ANSWERS, content)
    sent = ours.recv(2**20)
    assert json.loads(sent[9:]) == content

    def send():
        for start in range(0, len(sent), piece):
            theirs.sendall(sent[start : start + piece])

    thread = threading.Thread(target=send)
    thread.start()
    assert receive(ours) == content
    thread.join()


@pytest.mark.parametrize("length", [0, 4, 12])
def test_json_that_is_cut_off(pair, length):
    ours, theirs = pair
    frames.send_json(theirs, frames.ANSWERS, [0] * 9)
    sent = ours.recv(2**20)
    theirs.sendall(sent[:length])
    theirs.close()
    with pytest.raises(EOFError):
        receive(ours)


def test_a_clock_ends_what_nobody_takes(pair):
    ours, theirs = pair
    with pytest.raises(TooLong), Clock(0.5).sending(ours):
        ours.sendall(bytes(2**24))
    with pytest.raises(TooLong):
        receive(ours, 0.5)
    theirs.close()
    with pytest.raises(EOFError), Clock(20).sending(ours):
        ours.sendall(bytes(2**24))
