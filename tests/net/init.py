# SPDX-License-Identifier: MIT
"""Process 1 of a place: starts programs for the test, reaps, and ends everything when told.

Requests come one at a time over the channel and each gets one answer, {"error": sentence} or:

    {"op": "spawn", "argv", "env", "cwd", "fds": [numbers in the program], "tty": [rows, columns]}
        with a status pipe and one descriptor a number  ->  {"pid": N}, and the terminal if asked
    {"op": "signal", "pid", "signal", "group": bool}    ->  {}
    {"op": "cpu", "pid"}                                ->  {"ns": N}
    {"op": "open", "path", "flags", "mode"}             ->  {}, with the open file
    {"op": "connect", "path"}                           ->  {}, with a connected stream socket
    {"op": "processes"}                                 ->  {"processes": [{pid, ppid, argv}]}

When a program ends, its result goes down its status pipe. The end of the channel is the end of the
place: process 1 leaves and the kernel kills the rest. Making the place is node.py's work.
"""

import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import time

from net import channel

# Received descriptors are moved above the numbers a program may ask for.
FD_FLOOR = 200


class Init:
    """The loop of process 1."""

    def __init__(self, sock):
        self.sock = sock
        self.status = {}  # pid: write end of its status pipe

    def serve(self):
        """Answers until the channel ends. Does not return."""
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(woken, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == woken:
                    os.read(woken, 4096)
                    self.reap()
                elif not self.answer():
                    os._exit(0)

    def reap(self):
        """Reaps what has ended and tells those who wait for it."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            fd = self.status.pop(pid, None)
            if fd is None:
                continue  # an orphan that came to us
            result = {"code": os.waitstatus_to_exitcode(status), "user_s": usage.ru_utime,
                      "system_s": usage.ru_stime, "maxrss_kib": usage.ru_maxrss}
            try:
                os.write(fd, json.dumps(result).encode())
            except BrokenPipeError:
                pass  # nobody waits
            os.close(fd)

    def answer(self):
        """Takes one request. False at the end of the channel."""
        try:
            request, fds = channel.receive(self.sock)
        except ConnectionError:
            return False
        if request is None:
            return False
        reply, out = {}, []
        try:
            reply, out = getattr(self, "do_" + request["op"])(request, fds)
        except (OSError, ValueError) as error:
            reply = {"error": str(error), "errno": getattr(error, "errno", None)}
        finally:
            for fd in fds:
                os.close(fd)
        try:
            channel.send(self.sock, reply, out)
        except ConnectionError:
            return False
        finally:
            for fd in out:
                os.close(fd)
        return True

    def do_spawn(self, request, fds):
        """Starts a program in a session of its own."""
        status, given = fds[0], fds[1:]
        targets = dict(zip(request["fds"], given, strict=True))
        master = slave = -1
        if request.get("tty"):
            master, slave = os.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *request["tty"], 0, 0))
            for number in (0, 1, 2):
                targets.setdefault(number, slave)
        failed, fail = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            _child(request, targets, slave, fail)
        os.close(fail)
        if slave >= 0:
            os.close(slave)
        with os.fdopen(failed, "rb") as pipe:
            trouble = pipe.read()
        if trouble:
            if master >= 0:
                os.close(master)
            errno, what = json.loads(trouble)
            raise OSError(errno, os.strerror(errno), what)
        self.status[pid] = fcntl.fcntl(status, fcntl.F_DUPFD_CLOEXEC, FD_FLOOR)
        return {"pid": pid}, [master] if master >= 0 else []

    def do_signal(self, request, _fds):
        """Signals a process or its whole group."""
        send = os.killpg if request["group"] else os.kill
        send(request["pid"], request["signal"])
        return {}, []

    def do_cpu(self, request, _fds):
        """How long a process has run, all its threads together, those that have ended too."""
        # As clock_getcpuclockid(3) makes it, which Python lacks; /proc says it in ticks only.
        return {"ns": time.clock_gettime_ns(~request["pid"] << 3 | 2)}, []

    def do_open(self, request, _fds):
        """Opens a file as it is named here."""
        fd = os.open(request["path"], request["flags"] | os.O_CLOEXEC, request["mode"])
        return {}, [fd]

    def do_connect(self, request, _fds):
        """Connects to a unix stream socket as it is named here."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(request["path"])
            return {}, [sock.detach()]

    def do_processes(self, _request, _fds):
        """Every process of the place."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    # The name in brackets may hold anything, so count from the last bracket.
                    state, ppid = stat.read().rpartition(")")[2].split()[:2]
                with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as cmdline:
                    argv = cmdline.read().rstrip("\0").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
            found.append({"pid": int(name), "ppid": int(ppid), "state": state, "argv": argv})
        return {"processes": found}, []


def _child(request, targets, slave, fail):
    """After fork: becomes the program, or says through the pipe why not. Does not return."""
    what = request["argv"][0]
    try:
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.setsid()
        if slave >= 0:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        fail = fcntl.fcntl(fail, fcntl.F_DUPFD_CLOEXEC, FD_FLOOR)
        high = {number: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FD_FLOOR)
                for number, fd in targets.items()}
        for number, fd in high.items():
            os.dup2(fd, number, inheritable=True)
        what = request["cwd"]
        os.chdir(what)
        what = request["argv"][0]
        os.execvpe(what, request["argv"], request["env"])
    except OSError as error:
        os.write(fail, json.dumps([error.errno, what]).encode())
    except BaseException as error:  # nothing of the parent's loop may run in the child
        print(f"init: {what}: {error!r}", file=sys.stderr)
    finally:
        os._exit(127)
