"""Memory that this process shares with one that makes views, so that pixels need no way through a socket."""

import mmap
import os
import tempfile

import numpy as np


class SharedPixels:
    """Grows with what is asked of it. Nothing of it has a name, so that nothing is left of it whatever happens."""

    def __init__(self):
        self._memory = np.empty(0, np.uint8)

    def descriptors(self, length: int) -> tuple[int, ...]:
        """Makes room.

        Args:
            length: bytes that there have to be.

        Returns:
            The descriptor of a file to map where the memory was exchanged for larger one: to be closed once it has been
            passed on; else nothing.

        Raises:
            OSError: there is no memory for it.
        """
        if length <= len(self._memory):
            return ()
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("keras_googlenet")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        try:
            os.ftruncate(descriptor, length)
            self._memory = np.frombuffer(mmap.mmap(descriptor, length), np.uint8)
        except BaseException:
            os.close(descriptor)
            raise
        return (descriptor,)

    def copy(self, pixels: np.ndarray) -> None:
        """Fills an array from the beginning of the memory.

        Args:
            pixels: the array, of bytes.
        """
        np.copyto(pixels, self._memory[: pixels.size].reshape(pixels.shape))
