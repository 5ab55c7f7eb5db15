# SPDX-License-Identifier: MIT
"""The test's side of a place: start programs in it, wait for them, read and write its files.

A Place is the switch or a node, a Process is a program started there. Nothing here knows about
namespaces (node.py) or wires (lab.py). Waiting is always for something, with a deadline.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from net import channel

LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node.py")
READY_S = 20
POLL_S = 0.02
SLOW, BUSY = 3, 8  # times as long on a slow machine, at most on a busy one


def wait_for(predicate, timeout=10, what="what was waited for"):
    """Returns the first true value of predicate(); TimeoutError when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(POLL_S)


def within(seconds):
    """A deadline for what takes so long at most, on a machine that is slow or shares its processors."""
    return seconds * min(max(SLOW, os.getloadavg()[0] / os.cpu_count()), BUSY)


class Process:
    """A program in a place. stdin, stdout and stderr are files where PIPE was asked for."""

    def __init__(self, place, argv, pid, status):
        self.place, self.argv, self.pid = place, argv, pid
        self.stdin = self.stdout = self.stderr = self.terminal = None
        self.log = None  # path of the file that takes its output, when there is one
        self.result = None  # code, user_s, system_s, maxrss_kib once it has ended
        self._status = status

    def __repr__(self):
        return f"<{self.place.name}: {' '.join(self.argv)} ({self.pid})>"

    @property
    def returncode(self):
        """As subprocess has it: minus the signal's number for one killed. None while it runs."""
        return self.poll()

    def poll(self):
        """The return code if it has ended."""
        return self._wait(0)

    def wait(self, timeout=30):
        """The return code; TimeoutError when it does not end in time."""
        code = self._wait(timeout)
        if code is None:
            raise TimeoutError(f"{self!r} still runs after {timeout} s")
        return code

    def ends_within(self, seconds):
        """Whether it ends by itself before so much time has passed."""
        return self._wait(seconds) is not None

    def _wait(self, timeout):
        if self.result is None:
            poll = select.poll()
            poll.register(self._status, select.POLLIN)
            if not poll.poll(timeout * 1000):
                return None
            data = os.read(self._status, 4096)
            os.close(self._status)
            # Nothing in the pipe: the place itself is gone, and the program with it.
            self.result = json.loads(data) if data else {"code": -signal.SIGKILL}
        return self.result["code"]

    def kill(self, number=signal.SIGKILL, group=False):
        """Sends a signal to the program, or to all of its session's first group."""
        self.place.signal(self.pid, number, group)

    def stop(self, timeout=10):
        """Asks it to end, then makes it; returns its code."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.kill(signal.SIGTERM)
            try:
                return self.wait(timeout)
            except TimeoutError:
                self.kill(signal.SIGKILL)
        return self.wait()

    def output(self):
        """What it has written to its log so far."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_output(self, text, timeout=10):
        """Waits until the log holds the text; an end without it is an error at once."""
        def seen():
            ended = self.poll()  # before reading, so that last words count
            if text in self.output():
                return True
            if ended is not None:
                raise RuntimeError(f"{self!r} ended with {ended}, never said {text!r}:\n"
                                   + self.output()[-2000:])
            return False

        try:
            wait_for(seen, timeout, f"{text!r} from {self!r}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it said:\n{self.output()[-2000:]}") from None


class Place:
    """Something with a process 1 of ours (init.py)."""

    def __init__(self, name, env, logs, cwd="/"):
        self.name, self.env, self.logs, self.cwd = name, env, logs, cwd
        self.sock, self._inner = channel.pair()
        self._lock = threading.Lock()
        self._log_count = 0

    def _begin(self, config):
        """Says what to make and waits until it is made. The launcher has been started."""
        self._inner.close()
        channel.send(self.sock, config)
        self.sock.settimeout(READY_S)
        answer, _ = channel.receive(self.sock)
        if answer is None or "error" in answer:
            raise OSError((answer or {}).get("errno"),
                          f"{self.name}: {(answer or {}).get('error', 'the launcher ended')}")

    def close(self):
        """Ends the place and everything in it."""
        self.sock.close()
        self._inner.close()

    def _ask(self, request, fds=()):
        with self._lock:
            try:
                channel.send(self.sock, request, fds)
                answer, out = channel.receive(self.sock)
            except TimeoutError:
                self.sock.close()  # a late answer would be taken for the next one's
                raise
        if answer is None:
            raise ConnectionResetError(f"{self.name} is gone")
        if "error" in answer:
            raise OSError(answer["errno"], f"{self.name}: {answer['error']}")
        return answer, out

    def spawn(self, argv, *, env=None, cwd=None, stdin=None, stdout=None, stderr=None, tty=None,
              fds=None, log=None):
        """Starts a program.

        env is added to the place's own; a value of None takes a name away. stdin is /dev/null,
        stdout and stderr go to a log file of the program's name, unless a descriptor or file is
        given or PIPE is asked for. tty=(rows, columns) gives it a terminal for all three instead,
        whose other end is .terminal. fds maps further numbers in the program to descriptors.
        """
        argv = [os.fspath(word) for word in argv]
        environment = {key: str(value) for key, value in {**self.env, **(env or {})}.items()
                       if value is not None}
        given = dict(fds or {})
        kept = {}  # our ends of pipes, by name
        with contextlib.ExitStack() as ours:
            path = None
            if not tty:
                for number, name, file in ((0, "stdin", stdin), (1, "stdout", stdout),
                                           (2, "stderr", stderr)):
                    if file is subprocess.PIPE:
                        kept[name], given[number] = self._pipe(number, ours)
                    elif file is subprocess.STDOUT:
                        given[number] = given[1]
                    elif file is not None:
                        given[number] = file
                    elif number == 0:
                        given[number] = ours.enter_context(open(os.devnull, "rb"))
                    elif path is None:
                        path, given[number] = self._open_log(log or argv[0], ours)
                    else:
                        given[number] = given[1]
            read, write = os.pipe2(os.O_CLOEXEC)
            ours.callback(os.close, write)
            try:
                answer, out = self._ask(
                    {"op": "spawn", "argv": argv, "env": environment, "cwd": cwd or self.cwd,
                     "fds": list(given), "tty": list(tty) if tty else None},
                    [write, *(_number(file) for file in given.values())])
            except BaseException:
                os.close(read)
                for file in kept.values():
                    file.close()
                raise
        process = Process(self, argv, answer["pid"], read)
        process.log = path
        for name, file in kept.items():
            setattr(process, name, file)
        if out:
            process.terminal = os.fdopen(out[0], "r+b", buffering=0)
        return process

    @staticmethod
    def _pipe(number, ours):
        read, write = os.pipe2(os.O_CLOEXEC)
        mine, theirs = (write, read) if number == 0 else (read, write)
        ours.callback(os.close, theirs)
        return os.fdopen(mine, "wb" if number == 0 else "rb", buffering=0), theirs

    def _open_log(self, name, ours):
        self._log_count += 1
        os.makedirs(self.logs, exist_ok=True)
        path = os.path.join(self.logs, f"{self._log_count:03}-{os.path.basename(name)}.log")
        # Appending, so that a program and its children do not write over one another.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        return path, ours.enter_context(os.fdopen(os.open(path, flags, 0o644), "wb"))

    def run(self, argv, *, input=b"", timeout=30, check=True, **options):
        """Runs a program to its end: a subprocess.CompletedProcess with stdout and stderr as bytes.

        The three are files in memory, not pipes, so what stays behind in the background holds
        nothing up.
        """
        with contextlib.ExitStack() as files:
            std = [files.enter_context(os.fdopen(os.memfd_create(name), "w+b", buffering=0))
                   for name in ("stdin", "stdout", "stderr")]
            std[0].write(input)
            std[0].seek(0)
            process = self.spawn(argv, stdin=std[0], stdout=std[1], stderr=std[2], **options)
            try:
                code = process.wait(timeout)
            except TimeoutError:
                process.kill(group=True)
                raise
            for file in std[1:]:
                file.seek(0)
            done = subprocess.CompletedProcess(process.argv, code, std[1].read(), std[2].read())
        if check and code != 0:
            raise RuntimeError(f"{process!r} ended with {code}:\n"
                               + (done.stdout + done.stderr).decode(errors="replace")[-2000:])
        return done

    def output(self, argv, **options):
        """The standard output of a program that must succeed, as text without the last newline."""
        return self.run(argv, **options).stdout.decode().removesuffix("\n")

    def signal(self, pid, number, group=False):
        """Sends a signal to any process of the place."""
        self._ask({"op": "signal", "pid": pid, "signal": int(number), "group": group})

    def cpu_ns(self, pid):
        """How long a process of the place has run so far, all its threads together."""
        return self._ask({"op": "cpu", "pid": pid})[0]["ns"]

    def open(self, path, flags=os.O_RDONLY, mode=0o644):
        """A descriptor of a file, opened as the place names it and with its rights."""
        _, fds = self._ask({"op": "open", "path": os.fspath(path), "flags": flags, "mode": mode})
        return fds[0]

    def read_file(self, path):
        """The bytes of a file."""
        with os.fdopen(self.open(path), "rb") as file:
            return file.read()

    def write_file(self, path, data, mode=0o644):
        """Makes or replaces a file. data is bytes or text."""
        fd = self.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)

    def exists(self, path):
        """Whether there is such a file."""
        try:
            os.close(self.open(path, os.O_PATH))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def wait_file(self, path, timeout=10):
        """Waits until there is such a file."""
        wait_for(lambda: self.exists(path), timeout, f"{path} on {self.name}")

    def connect(self, path):
        """A connected unix stream socket of the place."""
        _, fds = self._ask({"op": "connect", "path": os.fspath(path)})
        return socket.socket(fileno=fds[0])

    def processes(self):
        """Every process of the place: pid, ppid, state, argv."""
        return self._ask({"op": "processes"})[0]["processes"]

    def find(self, program):
        """The processes that run a program of this name."""
        return [process for process in self.processes()
                if os.path.basename(process["argv"][0]) == program and process["state"] != "Z"]


def _number(file):
    return file if isinstance(file, int) else file.fileno()


def launcher_argv(fd):
    """How node.py is started, with the channel as this descriptor."""
    return [sys.executable, "-E", "-s", "-B", LAUNCHER, str(fd)]
