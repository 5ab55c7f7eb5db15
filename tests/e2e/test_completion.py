# SPDX-License-Identifier: MIT
"""What bash, zsh and fish offer behind `box`: its verbs, its options, and the boxes there are."""

import os
import re
import select

import pytest

from evidence import BUILD
from net.household import Household, pair
from net.place import wait_for

SHARE = BUILD / "out/share"
WORDS = BUILD / "out/libexec/boxland/box-words"
# bash fills COMPREPLY by the function that is registered for box, as readline calls it.
BASH = """
. {share}/bash-completion/completions/box
COMP_WORDS=({words} "$1"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_box box "$1"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# zsh completes on a terminal only: what it shows there is looked at.
ZSH = """PS1='READY> '; unsetopt zle_bracketed_paste; fpath=({share}/zsh/site-functions $fpath)
autoload -U compinit; compinit -D -u; LISTMAX=1000; print -r "zsh"" is set up"
"""
FISH = "complete -C \"{words} $argv[1]\""


@pytest.fixture(scope="module")
def ibiza(lab):
    """A machine with something to offer, and another that is known there."""
    den, ibiza = Household(lab.node("den")).start(), Household(lab.node("ibiza")).start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    den.box("mk", "/chan/talk")
    return ibiza


class Bash:
    def __init__(self, node):
        self.node = node

    def offers(self, words, typed, _until):
        """What there is behind words, of which typed stands there already."""
        script = BASH.format(share=SHARE, words=words)
        return self.node.output(["bash", "-c", script, "bash", typed]).split("\n")

    def end(self):
        pass


class Fish(Bash):
    def offers(self, words, typed, _until):
        script = f"source {SHARE}/fish/vendor_completions.d/box.fish; {FISH.format(words=words)}"
        found = self.node.output(["fish", "--no-config", "-c", script, typed])
        return [line.split("\t")[0] for line in found.split("\n")]


class Zsh(Bash):
    def __init__(self, node):
        super().__init__(node)
        self.shell = node.spawn(["zsh", "-f", "-i"], tty=(40, 160), env={"TERM": "dumb"})
        self.said = b""
        self._type(ZSH.format(share=SHARE), "zsh is set up")

    def _type(self, keys, until):
        """Types, and waits until the terminal shows a text and has nothing more to show."""
        def shows():
            if select.select([self.shell.terminal], [], [], 0.3)[0]:
                self.said += os.read(self.shell.terminal.fileno(), 65536)
                return False
            return until.encode() in self.said

        self.said = b""
        self.shell.terminal.write(keys.encode())
        wait_for(shows, 30, f"zsh to show {until}")

    def offers(self, words, typed, until):
        self._type(f"{words} {typed}\t\t", until)
        found = self.said.decode(errors="replace").replace("\r", " ").split()
        self._type("\x15print don''e\n", "done")
        return found

    def end(self):
        self.shell.kill()
        self.shell.wait()


@pytest.mark.parametrize("kind", [Bash, Zsh, Fish])
def test_offers(ibiza, kind):
    shell = kind(ibiza.node)
    try:
        verbs = shell.offers("box", "c", "chinfo")
        assert {"cp", "chinfo", "change"} <= set(verbs) and "ls" not in verbs
        assert {"-d", "-c"} <= set(shell.offers("box ls", "-", "-d"))
        assert {"-t", "-T", "-C", "-e"} <= set(shell.offers("box run", "-", "-T"))
        assert "/null" in shell.offers("box info", "/nu", "/null")
        assert "/n/den/chan/talk" in shell.offers("box cp", "/n/den/chan/", "talk")
    finally:
        shell.end()


def test_words_are_those_of_the_help(ibiza):
    """Each verb with what it does; each option of each usage."""
    helped = ibiza.box("--help")
    verbs = dict(line.split("\t") for line in ibiza.node.output([WORDS, "verbs"]).splitlines())
    assert list(verbs) == re.findall(r"^  box ([a-z]+)", helped, re.MULTILINE)
    assert all(len(text) >= 8 and text in helped for text in verbs.values()), verbs
    for verb, usage in re.findall(r"^  box ([a-z]+) (.*?)(?:  .*)?$", helped, re.MULTILINE):
        wanted = {option for word in re.findall(r"(?<![\w-])--?[A-Za-z][A-Za-z-]*", usage)
                  for option in ([word] if word.startswith("--") else [f"-{c}" for c in word[1:]])}
        assert set(ibiza.node.output([WORDS, "options", verb]).split()) == wanted, verb


def test_a_node_that_is_away_is_not_waited_for(lab, ibiza):
    lab.cut(lab.nodes["den"])
    try:
        assert ibiza.node.output([WORDS, "names", "/n/den/chan/"], timeout=10) == ""
    finally:
        lab.mend(lab.nodes["den"])
