# SPDX-License-Identifier: MIT
"""What a desktop shows, through wlr-screencopy: far quicker than a PNG, and in no box's way.

One connection and one buffer, used again for each picture. Not for two threads at once.
"""

import mmap
import os
import select

from PIL import Image

from demo.tell import Unseen
from wayland import wl

WITH_CURSOR = 1
XRGB8888 = 1
SIZE_S = 20


class Screen:
    def __init__(self, desktop):
        self._display = wl.Display(desktop.connect())
        self._manager = self._display.bind("zwlr_screencopy_manager_v1")
        self._output = self._display.bind("wl_output")
        self._shm = self._display.bind("wl_shm")
        self._buffer = self.memory = None  # of the last picture: rows of blue, green, red, nothing
        self.size = None

    def close(self):
        self._display.close()

    def picture(self):
        """What is there now: a PIL image, RGB."""
        self.capture()
        return Image.frombuffer("RGB", self.size, self.memory, "raw", "BGRX", 0, 1)

    def capture(self, changed=False, stop=None):
        """Copies what is there into memory; with changed, as soon as something has changed.

        False: the descriptor stop became readable first. Nothing can be captured after that.
        """
        frame = self._manager.capture_output(WITH_CURSOR, self._output)
        self._display.until(lambda: frame.last("buffer_done") is not None, "a picture's size",
                            SIZE_S)
        self._fit(*next(args[1:] for args in frame.all("buffer") if args[0] == XRGB8888))
        (frame.copy_with_damage if changed else frame.copy)(self._buffer)
        awaited = [self._display.socket, *([] if stop is None else [stop])]
        while frame.last("ready") is None:
            if frame.last("failed") is not None:
                raise Unseen("a desktop refused a picture of itself")
            if stop in select.select(awaited, [], [], None if changed else SIZE_S)[0]:
                return False
            if not self._display.receive(0) and not changed:
                raise Unseen(f"a desktop did not draw for {SIZE_S} s")
        frame.destroy()
        self._display.log.clear()
        return True

    def _fit(self, width, height, stride):
        """A buffer for pictures of this size. Ours and the compositor's stride are the same."""
        if self.size == (width, height):
            return
        if self._buffer:
            self._buffer.destroy()
        self.size = (width, height)
        fd = os.memfd_create("picture", os.MFD_CLOEXEC)
        os.ftruncate(fd, stride * height)
        self.memory = mmap.mmap(fd, stride * height)
        pool = self._shm.create_pool(fd, stride * height)
        self._buffer = pool.create_buffer(0, width, height, stride, XRGB8888)
        pool.destroy()
        os.close(fd)
