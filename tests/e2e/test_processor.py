# SPDX-License-Identifier: MIT
"""A remote processor does what a remote shell does: one table of cases, each run from ibiza on den
through ssh and through box run, and both as the case says.

What ssh cannot say by its nature, and what stands for it, is in remote.py. What only box does (one
exchange, a carried program, another person's programs) is in test_carried.py and test_walls.py.
"""

import contextlib
import fcntl
import os
import select
import shlex
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field

import pytest

from net.household import Household, pair
from net.lab import wait_for
from remote import Box, Ssh

GONE_S = 20  # until an end that nobody says is noticed: cut wires, on a machine that has much to do
LARGE = 100 * 1000 * 1000
LINES = 20000  # of each stream
# Says when it can be signalled, and then how it was: a shell would take the signal at its own time.
WAITS = """
import os, signal, sys
number = int(sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
print("ready", flush=True)
told = signal.sigwait([number])
print("told", told, *(os.get_terminal_size() if os.isatty(1) else ()), flush=True)
sys.exit(4)
"""
WRITES_BOTH = f"""
import os
for n in range({LINES}):
    os.write(1, b"out %d\\n" % n)
    os.write(2, b"err %d\\n" % n)
"""


def said(word):
    return "".join(f"{word} {n}\n" for n in range(LINES)).encode()


@dataclass
class Case:
    """A program, what it is given, and what must come back."""

    name: str
    words: list
    code: int = 0
    out: bytes = b""
    err: bytes | None = b""  # None: the words are the way's own, and there are some
    input: bytes = b""
    drive: object = None     # a function (run) -> (code, out, err) for those that need a hand
    options: dict = field(default_factory=dict)  # of way.argv


class Run:
    """One case, one way."""

    def __init__(self, case, way, lab, den, ibiza):
        self.case, self.way, self.lab, self.den, self.ibiza = case, way, lab, den, ibiza
        self.client = None

    def argv(self):
        return self.way.argv(self.case.words, **self.case.options)

    def start(self, argv=None, **options):
        self.client = self.ibiza.spawn(argv or self.argv(), log=f"{self.way.name}.log", **options)
        self.client.words = self.case.words
        return self.client

    def piped(self, **options):
        return self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options)

    def on_terminal(self, rows=24, columns=80):
        return self.start(self.way.terminal(self.case.words), tty=(rows, columns))

    def wait_gone(self, program, timeout=GONE_S):
        wait_for(lambda: not self.den.find(program), timeout, f"the end of {program} on den")

    def rest(self):
        """What a client with pipes still says, and how it ends."""
        out, err = rest_of(self.client.stdout), rest_of(self.client.stderr)
        return self.client.wait(), out, err


def read_until(file, text, timeout=20):
    """Reads on until what was read ends so."""
    read = b""
    deadline = time.monotonic() + timeout
    while not read.endswith(text):
        if not select.select([file], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"{text!r} never came after {read!r}")
        more = file.read(65536)
        if not more:
            raise EOFError(f"{text!r} never came after {read!r}")
        read += more
    return read


def rest_of(file, timeout=60):
    """All that is still to be read; of a terminal, until nobody has it open any more."""
    read = b""
    deadline = time.monotonic() + timeout
    with contextlib.suppress(OSError):  # EIO is a terminal's end
        while True:
            if not select.select([file], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no end after {read[-200:]!r}")
            more = file.read(65536)
            if not more:
                break
            read += more
    return read


# --- those that need a hand ---


def plain(run):
    done = run.ibiza.run(run.argv(), input=run.case.input, check=False)
    return done.returncode, done.stdout, done.stderr


def closed_stdin(run):
    argv = ["sh", "-c", 'exec "$@" <&-', "sh", *run.argv()]
    done = run.ibiza.run(argv, check=False)
    return done.returncode, done.stdout, done.stderr


def large_binary(run):
    """The sum is the output: what came back against what was sent."""
    home = run.ibiza.home
    run.ibiza.run(["sh", "-c", f"head -c {LARGE} /dev/urandom > {home}/large"])
    done = run.ibiza.run(["sh", "-c", f"{shlex.join(run.argv())} < {home}/large > {home}/back"],
                         check=False, timeout=120)
    sums = run.ibiza.output(["sha256sum", f"{home}/large", f"{home}/back"]).split()[::2]
    size = os.fstat(run.ibiza.open(f"{home}/back")).st_size
    run.ibiza.run(["rm", f"{home}/large", f"{home}/back"])
    return done.returncode, f"{size} {sums[0] == sums[1]}".encode(), done.stderr


def conversation(run):
    """Line by line: nothing is held back until there is more."""
    client = run.piped()
    for line in (b"one\n", b"two\n"):
        client.stdin.write(line)
        read_until(client.stdout, line)
    client.stdin.close()
    code, out, err = run.rest()
    return code, b"one\ntwo\n" + out, err


def told(run):
    client = run.piped()
    ready = read_until(client.stdout, b"ready\n")
    run.way.signal(client, int(run.case.words[-1]))
    code, out, err = run.rest()
    return code, ready + out, err


def reader_goes(run):
    client = run.piped()
    read = client.stdout.read(2)
    client.stdout.close()
    code = client.wait()
    run.wait_gone("yes")
    return code, read, rest_of(client.stderr)


def child_stays(run):
    """A child in the background holds stdout. With box it ends with the program it is of; ssh would
    wait for as long as it lives, so there it is ended by hand."""
    client = run.piped()
    read = read_until(client.stdout, b"soon\n")
    if run.way.name == "ssh":
        for process in wait_for(lambda: run.den.find("sleep"), 20, "sleep on den"):
            run.den.signal(process["pid"], signal.SIGKILL)
    code, out, err = run.rest()
    run.wait_gone("sleep")
    return code, read + out, err


def client_killed(run):
    client = run.piped()
    client.stdin.write(b"here\n")
    read = read_until(client.stdout, b"here\n")
    assert len(run.den.find("cat")) == 1
    client.kill(signal.SIGKILL)
    code, out, err = run.rest()
    run.wait_gone("cat")
    return code, read + out, err


def link_cut(run):
    client = run.piped()
    client.stdin.write(b"here\n")
    read = read_until(client.stdout, b"here\n")
    run.lab.cut(run.ibiza)
    try:
        code = client.wait(GONE_S)
        run.wait_gone("cat")
    finally:
        run.lab.mend(run.ibiza)
    return code, read, rest_of(client.stderr)


def on_terminal(run):
    client = run.on_terminal(30, 100)
    out = rest_of(client.terminal)
    return client.wait(), out, b""


def resized(run):
    client = run.on_terminal(30, 100)
    ready = read_until(client.terminal, b"ready\r\n")
    fcntl.ioctl(client.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    out = rest_of(client.terminal)
    return client.wait(), ready + out, b""


def typed(text):
    def drive(run):
        client = run.on_terminal()
        # The terminal here no more minds the keys once the client has handed it over.
        wait_for(lambda: not termios.tcgetattr(client.terminal)[3] & termios.ICANON, 20,
                 f"{run.way.name} to take the terminal")
        wait_for(lambda: run.den.find(run.case.words[0]), 20, "the program on den")
        client.terminal.write(text)
        out = rest_of(client.terminal)
        return client.wait(), out, b""
    return drive


def shell(script):
    return ["sh", "-c", script]


def dies_of(name):
    number = int(getattr(signal, name))
    return Case(f"dies of {name}", shell(f"ulimit -c 0; kill -{number} $$"), 128 + number)


def is_told(name):
    number = int(getattr(signal, name))
    return Case(f"is told {name}", ["python3", "-c", WAITS, str(number)], 4,
                f"ready\ntold {number}\n".encode(), drive=told)


MANY_WORDS = [str(n) for n in range(12000)]  # more than a head holds
ODD_WORDS = ["a b", "two\nlines", "'\"\\$HOME`id`", "é漢😀", "", "*", "-n", "~", "a;b|c&d"]

CASES = [
    Case("exit 0", ["true"]),
    Case("exit 1", ["false"], 1),
    *(Case(f"exit {code}", shell(f"exit {code}"), code) for code in (3, 126, 127, 255)),
    *(dies_of(name) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGKILL", "SIGSEGV",
                                 "SIGPIPE", "SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2")),
    *(is_told(name) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGALRM", "SIGTERM", "SIGUSR1",
                                 "SIGUSR2")),
    Case("no such program", ["no-such-program"], 127, err=None),
    Case("no such path", ["/no/such/program"], 127, err=None),
    Case("not executable", ["/etc/passwd"], 126, err=None),
    Case("a directory", ["/usr"], 126, err=None),
    Case("the node", ["uname", "-n"], out=b"den\n"),
    Case("stderr apart", shell("echo out; echo err >&2"), out=b"out\n", err=b"err\n"),
    Case("both streams, large", ["python3", "-c", WRITES_BOTH], out=said("out"), err=said("err")),
    Case("closed stdin", shell("cat; echo end"), out=b"end\n", drive=closed_stdin),
    Case("empty stdin", shell("cat; echo end"), out=b"end\n"),
    Case("stdin that nobody reads", shell("exit 5"), 5, input=bytes(3000000)),
    Case("stdin that is closed there", shell("exec <&-; echo closed; exit 3"), 3, b"closed\n",
         input=bytes(3000000)),
    Case("100 MB through cat", ["cat"], out=f"{LARGE} True".encode(), drive=large_binary),
    Case("line by line", ["cat"], out=b"one\ntwo\n", drive=conversation),
    Case("no terminal", ["tty"], 1, b"not a tty\n"),
    Case("words", ["printf", "[%s]", *ODD_WORDS],
         out="".join(f"[{word}]" for word in ODD_WORDS).encode()),
    Case("many words", ["printf", "%s.", *MANY_WORDS],
         out="".join(f"{word}." for word in MANY_WORDS).encode()),
    Case("environment", shell('echo "$WORD"'), out="two words é\n".encode(),
         options={"env": {"WORD": "two words é"}}),
    Case("begins at home", ["pwd"], out=b"/home/ann\n"),
    Case("begins elsewhere", ["pwd"], out=b"/usr/share\n", options={"cwd": "/usr/share"}),
    Case("closes stdout early", shell("exec >&-; cat >/dev/null; echo err >&2; exit 5"), 5,
         err=b"err\n"),
    Case("reader goes away", ["yes"], 128 + signal.SIGPIPE, b"y\n", drive=reader_goes),
    Case("child that stays", shell("sleep 1000 & echo soon; exit 3"), 3, b"soon\n",
         drive=child_stays),
    Case("client killed", ["cat"], -signal.SIGKILL, b"here\n", drive=client_killed),
    Case("link cut", ["cat"], 255, b"here\n", None, drive=link_cut),
    Case("terminal's size", shell("tty -s && stty size; echo err >&2; exit 6"), 6,
         b"30 100\r\nerr\r\n", drive=on_terminal),
    Case("terminal resized", ["python3", "-c", WAITS, str(int(signal.SIGWINCH))], 4,
         f"ready\r\ntold {int(signal.SIGWINCH)} 120 40\r\n".encode(), drive=resized),
    Case("Ctrl-C", ["sleep", "1000"], 128 + signal.SIGINT, b"^C", drive=typed(b"\x03")),
    Case("Ctrl-D", ["cat"], 0, b"line\r\nline\r\n", drive=typed(b"line\n\x04")),
]


@pytest.fixture(scope="module")
def homes(lab):
    den, ibiza = Household(lab.node("den")), Household(lab.node("ibiza"))
    for home in (den, ibiza):
        home.start_boxd()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza


@pytest.fixture(scope="module")
def ways(homes):
    den, ibiza = homes
    return {"ssh": Ssh(den.node, ibiza.node), "box": Box("den")}


@pytest.mark.parametrize("way", ["ssh", "box"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(lab, homes, ways, case, way):
    den, ibiza = homes
    run = Run(case, ways[way], lab, den.node, ibiza.node)
    try:
        code, out, err = (case.drive or plain)(run)
    finally:
        if run.client:
            run.client.stop()
    assert (code, out) == (case.code, case.out), err[-2000:]
    if case.err is None:
        assert err.strip(), "nothing was said of it"
    else:
        assert err == case.err
