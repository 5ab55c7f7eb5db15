# SPDX-License-Identifier: MIT
"""What box run does beyond a remote shell: here or there by constraint, in one exchange, and with
programs that only the asker has.
"""

import re
import subprocess
import uuid

import pytest

from net.household import Household, pair
from net.lab import wait_for
from test_processor import read_until

ON_DEN = ("run", "-c", "proc!*!*!node=den", "--")

PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
static const char mark[] = "@MARK@";
int main(int argc, char **argv) {
	char node[65] = "", line[100] = "";
	gethostname(node, sizeof(node) - 1);
	printf("%s runs on %s, pid %d, of %d words\n", mark, node, (int)getpid(), argc);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%s read %s", argc > 1 ? argv[1] : "", line);
		fflush(stdout);
	}
	return 7;
}
"""


@pytest.fixture(scope="module")
def homes(lab):
    den, ibiza = Household(lab.node("den")), Household(lab.node("ibiza"))
    for home in (den, ibiza):
        home.start_boxd("--debug")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza


@pytest.fixture
def hello(homes, tmp_path):
    """A program that no other machine can have, and the string that is only in it."""
    _, ibiza = homes
    mark = f"hello-{uuid.uuid4()}"
    source, program = tmp_path / "hello.c", tmp_path / "hello"
    source.write_text(PROGRAM.replace("@MARK@", mark))
    subprocess.run(["cc", "-o", program, source], check=True)
    ibiza.node.write_file(f"{ibiza.node.home}/hello", program.read_bytes(), mode=0o755)
    yield "./hello", mark
    ibiza.node.run(["rm", "-f", "hello"])


def anywhere(node, mark):
    """The files of a node's whole tree that have the mark in them. /proc is not searched: its files
    name what is searched for, and running() looks there."""
    done = node.run(["grep", "--recursive", "--files-with-matches", "--devices=skip", "--text",
                     "--exclude-dir=proc", "--fixed-strings", mark, "/"],
                    env={"LC_ALL": "C"}, check=False, timeout=120)
    return done.stdout.decode().splitlines()


def running(node, mark):
    """The processes whose program has the mark in it, wherever that is."""
    script = "for exe in /proc/[0-9]*/exe; do grep -qsF \"$1\" $exe && echo $exe; done; true"
    return node.output(["sh", "-c", script, "sh", mark]).split()


def heads(home, since):
    """The requests and answers that a boxd has read or written since so many bytes of its log."""
    lines = home.boxd.output()[since:].splitlines()
    return [line.partition("exchange: ")[2] for line in lines if "exchange: " in line]


def test_here_and_there(homes):
    _, ibiza = homes
    assert ibiza.box("run", "--", "uname", "-n") == "ibiza"
    assert ibiza.box(*ON_DEN, "uname", "-n") == "den"
    assert "no proc fits" in ibiza.refused("run", "-c", "proc!*!*!node=mars", "--", "uname", "-n")


@pytest.mark.two_nodes
def test_one_exchange(homes):
    """Arguments, environment, input, both outputs and the end: one request, one answer, one trailer;
    before it, -c asked den what its processor is, unless den's ads had told just now."""
    den, ibiza = homes
    since = len(den.boxd.output())
    done = ibiza.run("run", "-c", "proc!*!*!node=den", "-e", "WORD=value", "--", "sh", "-c",
                     "cat; echo $WORD; echo error >&2; exit 3", input=b"input\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"input\nvalue\n", b"error\n")
    seen = [head for head in heads(den, since) if not head.startswith("> selectors name /ads")]
    asked = [head for head in seen if head.startswith("> ")]
    assert [head.split()[1] for head in asked] in (["make"], ["kind", "make"])
    answers = seen[seen.index(asked[-1]) + 1:]
    assert len(answers) == 2
    assert answers[0].startswith("< ok name /proc/sh:")
    assert answers[1] == '< ok legacy "exit 3"'


def test_carried(homes, hello):
    den, ibiza = homes
    program, mark = hello
    assert not anywhere(den.node, mark)
    client = ibiza.node.spawn(["box", *ON_DEN, program, "word"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    said = read_until(client.stdout, b"words\n").decode()
    assert re.fullmatch(f"{mark} runs on den, pid [0-9]+, of 2 words\n", said)
    assert len(running(den.node, mark)) == 1
    client.stdin.write(b"a line\n")
    read_until(client.stdout, b"word read a line\n")
    client.stdin.close()
    assert client.wait() == 7
    wait_for(lambda: not running(den.node, mark), 10, "the end of it on den")
    assert not anywhere(den.node, mark)


def test_search_would_find_it(homes, hello):
    """What the test above believes: a program that is on den, or runs there, is found."""
    den, ibiza = homes
    program, mark = hello
    kept = f"{den.node.home}/kept"
    den.node.write_file(kept, ibiza.node.read_file(f"{ibiza.node.home}/{program}"), mode=0o755)
    # Not to a log: logs lie in the checkout, which den sees, and would hold the mark too.
    process = den.node.spawn(["./kept"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert anywhere(den.node, mark) == [kept]
        assert running(den.node, mark) == [f"/proc/{process.pid}/exe"]
    finally:
        process.stop()
        den.node.run(["rm", "kept"])


def test_script_is_carried(homes):
    _, ibiza = homes
    script = "#!/bin/sh\necho \"$1 on $(uname -n)\"; cat; exit 9\n"
    ibiza.node.write_file(f"{ibiza.node.home}/script", script, mode=0o755)
    done = ibiza.run(*ON_DEN, "./script", "word", input=b"input\n")
    assert (done.returncode, done.stdout) == (9, b"word on den\ninput\n")


def test_not_for_that_processor(homes):
    _, ibiza = homes
    ibiza.node.write_file(f"{ibiza.node.home}/garbage", b"\x7fELF garbage", mode=0o755)
    done = ibiza.run(*ON_DEN, "./garbage")
    assert done.returncode == 126
    assert "den" in done.stderr.decode() and "EMATCH" in done.stderr.decode()
