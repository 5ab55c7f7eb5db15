# SPDX-License-Identifier: MIT
"""A film of a desktop: what it shows, whenever there is something new, into ffmpeg.

A frame is taken at most FPS times a second, and only when something has changed, so a resting
desktop costs the recorder nothing; ffmpeg puts the time each came by into the film. It is a client
of the desktop like any other. What is filmed is not decided here.
"""

import contextlib
import fcntl
import os
import select
import subprocess
import threading
import time

from demo.screen import Screen
from demo.tell import Unseen

FPS = 25
PIPE_SIZE = 1 << 20
END_S = 20


class Film:
    """Films from the constructor on, in a thread, until finish() or abandon()."""

    def __init__(self, desktop, place, path):
        self.path, self.error = path, None
        self._screen = Screen(desktop)
        self._screen.capture()
        self._size = self._screen.size
        self._ffmpeg = place.spawn(self._command(), stdin=subprocess.PIPE)
        fcntl.fcntl(self._ffmpeg.stdin, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        self._woken, self._wake = os.pipe()  # its end is the end of the film
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _command(self):
        return ["ffmpeg", "-loglevel", "error", "-nostdin", "-y",
                "-use_wallclock_as_timestamps", "1", "-f", "rawvideo", "-pixel_format", "bgr0",
                "-video_size", "%dx%d" % self._size, "-framerate", str(FPS), "-i", "pipe:0",
                # As many frames a second as it says, for players that want it so; light to make.
                "-fps_mode", "cfr", "-r", str(FPS), "-c:v", "libx264", "-preset", "ultrafast",
                "-crf", "21", "-threads", "1", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
                self.path]

    def check(self):
        """Raises Unseen if it has stopped."""
        if self.error:
            raise Unseen(f"the film stopped: {self.error}")

    def finish(self):
        """Ends the film and waits until the file is whole."""
        self._stop()
        self.check()
        self._write()  # so that the last picture lasts until now
        self._ffmpeg.stdin.close()
        if self._ffmpeg.wait(END_S) != 0 or not os.path.getsize(self.path):
            raise Unseen("ffmpeg could not make the film: " + self._ffmpeg.output()[-500:])

    def abandon(self):
        """Ends it, and takes away what is only half a film. Nothing happens after finish()."""
        self._stop()
        if not self._ffmpeg.stdin.closed:
            self._ffmpeg.stdin.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def _stop(self):
        if self._wake is not None:
            os.close(self._wake)
            self._wake = None
            self._thread.join(END_S)
            os.close(self._woken)
            self._screen.close()

    # --- the thread ---

    def _run(self):
        try:
            due = time.monotonic()
            while not self._ended(due - time.monotonic()):
                self._write()
                due = max(due + 1 / FPS, time.monotonic())
                if not self._screen.capture(changed=True, stop=self._woken):
                    return
                if self._screen.size != self._size:
                    raise Unseen("the desktop's size became %dx%d" % self._screen.size)
        except Exception as error:  # told by check(), in the thread that can do something about it
            self.error = error

    def _ended(self, seconds):
        return bool(select.select([self._woken], [], [], max(0, seconds))[0])

    def _write(self):
        left = memoryview(self._screen.memory)
        while left:
            left = left[self._ffmpeg.stdin.write(left):]
