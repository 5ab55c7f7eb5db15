# SPDX-License-Identifier: MIT
"""What Op costs: a copy, a tree, a request, a program on another machine, and doing nothing.

    ./dev bench op [--rounds N] [--bytes N] [--files N] [--items copy,fast,tree,third,request,run,idle]
                   [--disk DIR]

Each item sets the same work to the ways in turns, so that what else the machine does hits all
alike. Homes of the machines are memory: discs are not part of what is compared, and a sync is free
for everybody; with --disk DIR, a folder of the checkout, what is stored is on the disk that this is
on, and a sync is one. What else is written to that disk is synced with it. Tables in Markdown go to stdout, a line of JSON for each run to
build/artefacts/bench/op.jsonl.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import sys
import time

from bench import measure
from bench.report import BUILD, lab, spread, table
from e2e.remote import PORT, Ssh
from net.household import Household, pair
from net.place import wait_for

PATIENCE_S = 300
POOL = "/home/ann/pool"
CONF = f"store pool {POOL}\n"
THIN_KBIT = 2000
PACKAGES = ["openssh-client", "rsync", "iperf3", "diod", "libngtcp2-16"]
ASKED = 2000  # requests of one run
SETTLE_S = 12


class Town:
    """Two machines of one person: den, and ibiza at a cable of a kind."""

    def __init__(self, made, number, link, ssh=False, disk=None, conf=CONF):
        self.lab, self.disk, self.conf = made, disk, conf
        self.den = self._home(f"den{number}", "bare" if link == "bare" else "LAN")
        self.ibiza = self._home(f"ibiza{number}", link)
        self.den.box("init", "--person", "ann")
        pair(self.den, self.ibiza, mine=True)
        self.there = f"/n/{self.den.name}"
        self.ssh = Ssh(self.den.node, self.ibiza.node) if ssh else None

    def _home(self, name, link):
        if self.disk:
            folder = self.disk / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            node = self.lab.node(name, link=link, disks={POOL: str(folder)})
        else:
            node = self.lab.node(name, link=link)
            node.run(["mkdir", POOL])
        return Household(node, boxd_conf=self.conf).start()

    def boxds(self):
        """(node, pid) of both."""
        return [(home.node, home.boxd.pid) for home in (self.den, self.ibiza)]

    def ssh_words(self, *options):
        """ssh, with its key and its options, up to where the host would stand."""
        return ["ssh", *self.ssh.options, "-p", str(PORT), *options]


def sshd_cpu_s(ssh):
    """What sshd and the sessions that it has seen end took so far."""
    fields = ssh.den.read_file(f"/proc/{ssh.sshd.pid}/stat").rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / measure.TICK


def timed(node, argv, **options):
    """Runs a program: (seconds, seconds of processors it and its children took)."""
    begin = time.monotonic()
    process = node.spawn(argv, **options)
    code = process.wait(PATIENCE_S)
    took = time.monotonic() - begin
    if code != 0:
        raise RuntimeError(f"{process!r} ended with {code}:\n{process.output()[-2000:]}")
    return took, process.result["user_s"] + process.result["system_s"]


def by_box(town, argv):
    """A box command on ibiza, with what both boxds take for it."""
    before = sum(measure.cpu_s(*where) for where in town.boxds())
    took, cpu = timed(town.ibiza.node, argv)
    return {"s": took, "cpu_s": cpu + sum(measure.cpu_s(*where) for where in town.boxds()) - before}


def by_ssh(town, argv):
    """A command on ibiza that goes through den's sshd, with what that takes."""
    before = sshd_cpu_s(town.ssh)
    took, cpu = timed(town.ibiza.node, argv)
    wait_for(lambda: not town.den.node.find("sshd-session"), PATIENCE_S, "the session's end")
    return {"s": took, "cpu_s": cpu + sshd_cpu_s(town.ssh) - before}


def rate(runs, size):
    """MB/s of a size that took so long."""
    return [size / run["s"] / 1e6 for run in runs]


# --- copy: one large file ---

def iperf(town, size):
    """What TCP carries on the cable."""
    server = town.den.node.spawn(["iperf3", "-s", "-1", "--forceflush"])
    server.wait_output("Server listening")
    told = json.loads(town.ibiza.node.output(
        ["iperf3", "-c", town.den.node.ip, "-n", str(size), "-J"], timeout=PATIENCE_S))
    server.wait()
    return {"s": size * 8 / told["end"]["sum_received"]["bits_per_second"], "cpu_s": None}


def diodcat(town):
    """The same file read by 9P. diod wants a name for whoever connects, and nobody here has one but
    localhost: socat, which is not counted, carries the bytes the last bit of their way."""
    node = town.den.node
    with contextlib.ExitStack() as stack:
        server = node.spawn(["/usr/sbin/diod", "-f", "-n", "-N", "-u", "1000", "-L", "stderr",
                             "-e", POOL, "-l", "127.0.0.1:5640"])
        stack.callback(server.stop)
        carrier = node.spawn(["socat", "-b", "262144", "TCP-LISTEN:5641,fork", "TCP:127.0.0.1:5640"])
        stack.callback(carrier.stop)
        wait_for(lambda: {":5640", ":5641"} <= set(re.findall(r":564\d", node.output(["ss", "-ltn"]))),
                 what="diod")
        before = measure.cpu_s(node, server.pid)
        out = stack.enter_context(open(os.devnull, "wb"))
        took, cpu = timed(town.ibiza.node, ["/usr/sbin/diodcat", "-s", f"{node.ip}:5641", "-a", POOL,
                                            "big"], stdout=out)
        return {"s": took, "cpu_s": cpu + measure.cpu_s(node, server.pid) - before}


def make_big(town, size):
    """A file on both machines that nobody can make smaller."""
    for home in (town.den, town.ibiza):
        home.node.run(["sh", "-c", f"head -c {size} /dev/urandom > {POOL}/big"],
                      timeout=PATIENCE_S)


def copies(args, made, log, link, number):
    """The item copy, or fast on a cable without a limit."""
    town = Town(made, number, link, ssh=True, disk=args.disk)
    make_big(town, args.bytes)
    ways = {
        "box cp": lambda: by_box(town, ["box", "cp", f"file:{POOL}/big", f"{town.there}/fs/pool/in"]),
        "scp": lambda: by_ssh(town, ["scp", *town.ssh.options, "-P", str(PORT), f"{POOL}/big",
                                     f"{town.den.node.ip}:{POOL}/in"]),
        "iperf3, TCP": lambda: iperf(town, args.bytes),
        "diodcat (9P)": lambda: diodcat(town),
    }
    runs = in_turns(args, log, ways, lambda: town.den.node.run(["rm", "-f", f"{POOL}/in"]))
    print(f"\n{args.bytes / 1e6:.0f} MB from ibiza to den, "
          f"{'1 Gbit/s' if link == 'LAN' else 'a cable without a limit'}\n")
    print(table(["way", "MB/s", "CPU s, both ends", "box cp against it: MB/s", "CPU"], [
        [way, spread(rate(runs[way], args.bytes)), spread([run["cpu_s"] for run in runs[way]], "{:.2f}"),
         *ratios(runs["box cp"], runs[way])] for way in ways]))


def ratios(ours, theirs):
    """Ours against another in the same round: speed, and processors."""
    pairs = list(zip(ours, theirs))
    return (spread([other["s"] / own["s"] for own, other in pairs], "{:.2f}"),
            spread([own["cpu_s"] / other["cpu_s"] for own, other in pairs if other["cpu_s"]],
                   "{:.2f}"))


def copy(args, made, log):
    """One large file on a LAN."""
    copies(args, made, log, "LAN", 1)


def fast(args, made, log):
    """The same on a cable that is as fast as the machine."""
    copies(args, made, log, "bare", 2)


# --- tree: many small files ---

def tree(args, made, log):
    """Many small files in folders."""
    town = Town(made, 3, "LAN", ssh=True, disk=args.disk)
    town.ibiza.node.run(["python3", "-c", f"""
import os
for n in range({args.files}):
    os.makedirs(f"{POOL}/tree/{{n // 100}}", exist_ok=True)
    open(f"{POOL}/tree/{{n // 100}}/{{n}}", "wb").write(os.urandom(4096))
"""], timeout=PATIENCE_S)
    shell, target = " ".join(town.ssh_words()), f"{town.den.node.ip}:{POOL}/in"
    ways = {
        "box cp -r": lambda: by_box(town, ["box", "cp", "-r", f"file:{POOL}/tree",
                                           f"{town.there}/fs/pool/in"]),
        "rsync -a": lambda: by_ssh(town, ["rsync", "-a", "-e", shell, f"{POOL}/tree/", target]),
        "rsync -a --fsync": lambda: by_ssh(town, ["rsync", "-a", "--fsync", "-e", shell,
                                                  f"{POOL}/tree/", target]),
        "scp -r": lambda: by_ssh(town, ["scp", "-r", *town.ssh.options, "-P", str(PORT),
                                        f"{POOL}/tree", target]),
    }
    runs = in_turns(args, log, ways, lambda: town.den.node.run(["rm", "-rf", f"{POOL}/in"],
                                                                timeout=PATIENCE_S))
    print(f"\n{args.files} files of 4 KB from ibiza to den, 1 Gbit/s, "
          f"{'on a disk' if args.disk else 'in memory'}\n")
    print(table(["way", "s", "CPU s, both ends", "box cp -r against it: files/s", "CPU"], [
        [way, spread([run["s"] for run in runs[way]], "{:.2f}"),
         spread([run["cpu_s"] for run in runs[way]], "{:.2f}"),
         *ratios(runs["box cp -r"], runs[way])] for way in ways]))


# --- third: the asker carries nothing ---

def third(args, made, log):
    """A copy between two others, asked for over a thin line."""
    town = Town(made, 4, "LAN")
    node = made.node("thin", link=f"LAN rate={THIN_KBIT / 1000:g}")
    thin = Household(node).start()
    pair(town.den, thin, mine=True)
    pair(town.ibiza, thin)
    size = args.bytes // 4
    make_big(town, size)
    argv = ["box", "cp", f"/n/{town.ibiza.name}/fs/pool/big", f"{town.there}/fs/pool/in"]

    def carried(cold):
        if cold:
            thin.boxd.stop()
            thin.start_boxd()
        else:  # the connections are there
            thin.box("info", town.there)
            thin.box("info", f"/n/{town.ibiza.name}")
        before = measure.port_bytes(made, node)
        took, cpu = timed(node, argv)
        return {"s": took, "cpu_s": cpu, "bytes": measure.port_bytes(made, node) - before}

    ways = {"warm": lambda: carried(False), "cold": lambda: carried(True)}
    runs = in_turns(args, log, ways, lambda: town.den.node.run(["rm", "-f", f"{POOL}/in"]))
    print(f"\n{size / 1e6:.0f} MB from ibiza to den, asked for by a third machine on "
          f"{THIN_KBIT / 1000:g} Mbit/s\n")
    print(table(["connections", "s", "bytes on the asker's line", "beyond 200 B/s"], [
        [way, spread([run["s"] for run in runs[way]], "{:.2f}"),
         spread([run["bytes"] for run in runs[way]], "{:.0f}"),
         spread([run["bytes"] - 200 * run["s"] for run in runs[way]], "{:.0f}")] for way in ways]))


# --- request: small ones ---

def rtt_ms(town):
    """What ping says."""
    told = town.ibiza.node.output(["ping", "-q", "-c", "20", "-i", "0.1", town.den.node.ip])
    return float(re.search(r"= [\d.]+/([\d.]+)/", told)[1])


def ask(town, name, at_once=1, count=ASKED, cores="0-1023"):
    """Requests, one after another or several at once."""
    where = town.ibiza.node, town.ibiza.boxd.pid
    town.ibiza.node.run(["taskset", "-acp", cores, str(town.ibiza.boxd.pid)])
    before = measure.cpu_s(*where)
    p50, p95, whole = map(int, town.ibiza.node.output(
        ["taskset", "-c", cores, "asker", str(count), str(at_once), name], timeout=PATIENCE_S).split())
    return {"p50_us": p50 / 1e3, "p95_us": p95 / 1e3, "per_s": count / whole * 1e9,
            "s": whole / 1e9, "cpu_us": (measure.cpu_s(*where) - before) / count * 1e6}


def request(args, made, log):
    """A getmem of 100 bytes of storage, here and there, and of a few bytes that need no disc."""
    lan, wan = Town(made, 5, "LAN"), Town(made, 6, "WAN40")
    for town in (lan, wan):
        for home in (town.den, town.ibiza):
            home.node.write_file(f"{POOL}/small", b"x" * 100)
    distant = {"WAN40": wan, "LAN": lan}
    ways = {"own node, in memory": lambda: ask(lan, "/ns/default/dot"),
            "own node": lambda: ask(lan, "/fs/pool/small"),
            "own node, one core for both": lambda: ask(lan, "/fs/pool/small", cores="0"),
            "own node, 16 at once": lambda: ask(lan, "/fs/pool/small", 16, 10 * ASKED),
            "LAN": lambda: ask(lan, f"{lan.there}/fs/pool/small"),
            "WAN40": lambda: ask(wan, f"{wan.there}/fs/pool/small", 1, 100)}
    runs = in_turns(args, log, ways)
    trips = {name: rtt_ms(town) * 1e3 for name, town in distant.items()}
    print("\ngetmem of 100 bytes, connections warm\n")
    print(table(["asked", "p50 µs", "p95 µs", "ping µs", "requests/s", "own boxd's CPU µs each"], [
        [way, *(spread([run[key] for run in runs[way]], "{:.0f}") for key in ("p50_us", "p95_us")),
         f"{trips[way]:.0f}" if way in trips else "–",
         *(spread([run[key] for run in runs[way]], "{:.0f}") for key in ("per_s", "cpu_us"))]
        for way in ways]))


# --- run: a program there ---

def run(args, made, log):
    """true, on the other machine, with everything warm."""
    rows = []
    for number, link in ((7, "WAN40"), (8, "LAN")):
        town = Town(made, number, link, ssh=True)
        master = town.ssh_words("-o", "ControlMaster=auto", "-o", "ControlPersist=600", "-o",
                                f"ControlPath={town.ibiza.node.home}/control",
                                town.den.node.ip, "true")
        boxed = ["box", "run", "-c", f"proc!*!*!node={town.den.name}", "--", "true"]
        timed(town.ibiza.node, master)
        timed(town.ibiza.node, boxed)
        ways = {f"box run true, {link}": lambda: by_box(town, boxed),
                f"ssh's ControlMaster, {link}":
                    lambda: dict(zip(("s", "cpu_s"), timed(town.ibiza.node, master)))}
        runs = in_turns(args, log, ways, rounds=4 * args.rounds)
        trip = rtt_ms(town)
        rows += [[way, f"{trip:.1f}", spread([1000 * run["s"] for run in runs[way]]),
                  spread([1000 * run["s"] - trip for run in runs[way]])] for way in ways]
    print("\ntrue on the other machine, connections warm\n")
    print(table(["way", "ping ms", "ms", "beyond one round trip"], rows))


# --- idle: nothing ---

def wake_ups(trace, pid):
    """How often a process that strace followed woke up, all its threads together; and how often it
    then neither sent nor received a packet: between peers with nothing to say each is a keep-alive."""
    count = beyond = 0
    moved = True  # before the first
    for line in trace.splitlines():
        thread, rest = line.split(maxsplit=1)
        woke = re.match(r"(?:<\.\.\. )?(?:epoll_wait|futex)\b.*(?:= \d+|ETIMEDOUT\b.*)$", rest)
        if woke and "FUTEX_WAKE" in rest:
            continue  # another is woken, if it waits
        if woke and thread != str(pid):
            count, beyond = count + 1, beyond + 1
        elif woke:
            count, beyond, moved = count + 1, beyond + (not moved), False
        elif re.match(r"(send|recv)mmsg", rest):
            moved = True
    return count, beyond


def idle(args, made, log):
    """boxds that know each other and have nothing to do: den has two peers. There is no Avahi here, and
    nobody looks for one."""
    town = Town(made, 9, "LAN", conf="advertise no\n")
    third = Household(made.node("third9"), boxd_conf="advertise no\n").start()
    pair(town.den, third, mine=True)
    homes, tracers = (town.den, town.ibiza, third), []
    wait_for(lambda: all("/n/" in home.box("ads") for home in homes), 30, "ads")
    time.sleep(SETTLE_S)  # what was asked before has had its time
    for home in homes:
        pid = home.boxd.pid
        memory = home.node.read_file(f"/proc/{pid}/smaps_rollup").decode()
        tracer = home.node.spawn(["strace", "-f", "-p", str(pid), "-o", f"{home.node.home}/trace"])
        tracer.wait_output("attached")
        tracers.append((home, pid, int(re.search(r"^Pss:\s+(\d+)", memory, re.M)[1]), tracer))
    time.sleep(args.idle)  # what is measured is this time
    rows = []
    for home, pid, pss_kib, tracer in tracers:
        tracer.stop()
        count, beyond = wake_ups(home.node.read_file(f"{home.node.home}/trace").decode(), pid)
        log(0, home.name, {"wake_ups": count, "beyond": beyond, "pss_kib": pss_kib})
        rows.append([home.name, "2" if home is town.den else "1", str(count), str(beyond),
                     f"{pss_kib / 1024:.1f}"])
    print(f"\npaired machines, nothing asked for {args.idle:g} s\n")
    print(table(["boxd", "peers", "wake-ups", "beyond keep-alive", "Pss MB"], rows))


# --- all of it ---

ITEMS = {each.__name__: each for each in (copy, fast, tree, third, request, run, idle)}


def in_turns(args, log, ways, between=lambda: None, rounds=None):
    """Every way once in each round: {way: [run]}."""
    runs = {way: [] for way in ways}
    for number in range(1, (rounds or args.rounds) + 1):
        for way, take in ways.items():
            between()
            done = take()
            runs[way].append(done)
            log(number, way, done)
    return runs


def parse(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="./dev bench op", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=1_000_000_000, help="of the large file")
    parser.add_argument("--files", type=int, default=10_000, help="of the tree")
    parser.add_argument("--disk", type=pathlib.Path, help="a folder of the checkout to store in")
    parser.add_argument("--idle", type=float, default=60, help="seconds")
    parser.add_argument("--items", default=",".join(ITEMS), help=f"some of {','.join(ITEMS)}")
    args = parser.parse_args(argv)
    args.items = args.items.split(",")
    args.disk = args.disk and args.disk.absolute()
    if not set(args.items) <= set(ITEMS):
        parser.error(f"--items takes some of {','.join(ITEMS)}")
    return args


def main(argv=None):
    """Measures and prints."""
    args = parse(argv)
    out = BUILD / "artefacts/bench"
    out.mkdir(parents=True, exist_ok=True)
    told = ", ".join(f"{name} {version}" for name, version in measure.versions(PACKAGES).items())
    print(f"{args.rounds} rounds, ways in turns; the median, and the range in brackets.\n\n"
          f"{measure.machine()}; {told}; {time.strftime('%Y-%m-%d')}.")
    with open(out / "op.jsonl", "w", encoding="utf-8") as lines:
        def log(number, way, done):
            lines.write(json.dumps({"round": number, "way": way, **done}) + "\n")
            lines.flush()
            print(f"{number} {way}: {done.get('s', 0):.3f} s", file=sys.stderr, flush=True)

        for item in args.items:
            with lab(out / "nodes") as made:
                ITEMS[item](args, made, log)
    print(f"\nevery run: {out / 'op.jsonl'}", file=sys.stderr)
    return 0
