# SPDX-License-Identifier: MIT
"""Two ways to run a program on den from ibiza, so that one table can be run both ways.

    ssh = Ssh(den.node, ibiza.node)       Debian's sshd on den, as the ordinary person
    box = Box(ibiza)                      box run with a constraint
    way.argv(["printf", "%s", "a b"])     the command to start on ibiza

Where ssh by its nature has no word for something, it is said here what stands for it.
"""

import shlex

PORT = 2222
# den may be slow to answer on a busy machine; that it is gone is to be told in some seconds.
CONFIG = """
ListenAddress {ip}
Port {port}
HostKey {home}/sshd/host
AuthorizedKeysFile {home}/sshd/authorized
PidFile none
UsePAM no
StrictModes no
AcceptEnv *
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
ClientAliveInterval 1
ClientAliveCountMax 4
"""


class Ssh:
    """A real sshd and a real ssh, with keys of their own."""

    name = "ssh"

    def __init__(self, den, ibiza):
        self.den, self.target = den, den.ip
        there, here = f"{den.home}/sshd", f"{ibiza.home}/ssh"
        den.run(["mkdir", there])
        den.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{there}/host"])
        ibiza.run(["mkdir", here])
        ibiza.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{here}/key"])
        den.write_file(f"{there}/authorized", ibiza.read_file(f"{here}/key.pub"))
        host = den.read_file(f"{there}/host.pub").decode()
        ibiza.write_file(f"{here}/known", f"[{den.ip}]:{PORT} {host}")
        den.write_file(f"{there}/config", CONFIG.format(ip=den.ip, port=PORT, home=den.home))
        self.sshd = den.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", f"{there}/config"])
        self.sshd.wait_output("Server listening")
        self.options = ["-F", "none", "-i", f"{here}/key"]  # of scp, too
        for option in (f"UserKnownHostsFile={here}/known", "BatchMode=yes",
                       "ServerAliveInterval=1", "ServerAliveCountMax=4"):
            self.options += ["-o", option]

    def argv(self, words, env=None, cwd=None):
        """ssh hands one string to a shell on den: every word is quoted for it, and it stays there
        to say 128 + N of a program that a signal ended, for which ssh itself has no number (255). What
        that shell says of it by itself is not the program's and goes nowhere."""
        command = shlex.join(words)
        if cwd:  # there is no option for it
            command = f"cd {shlex.quote(cwd)} && {command}"
        sets = [f'SetEnv={name}="{value}"' for name, value in (env or {}).items()]
        options = [word for option in sets for word in ("-o", option)]
        return ["ssh", *self.options, "-p", str(PORT), *options, self.target, "--",
                f"trap : INT; exec 3>&2 2>/dev/null; {command} 2>&3 3>&-; exit $?"]

    def terminal(self, words):
        """On a terminal, which ssh has to be asked for; box sees that there is one to hand on."""
        argv = self.argv(words)
        # Without the line that it writes into the terminal when it leaves.
        return [argv[0], "-t", "-o", "LogLevel=ERROR", *argv[1:]]

    def signal(self, client, number):
        """To the program, by hand: ssh takes a signal for itself and passes none on."""
        for process in self.den.processes():
            if process["argv"] == client.words:
                self.den.signal(process["pid"], number)


class Box:
    """box run on a processor of that node."""

    name = "box"

    def __init__(self, node="den"):
        self._options = ["-c", f"proc!*!*!node={node}"]

    def argv(self, words, env=None, cwd=None):
        options = []
        for name, value in (env or {}).items():
            options += ["-e", f"{name}={value}"]
        options += ["-C", cwd] if cwd else []
        return ["box", "run", *self._options, *options, "--", *words]

    def terminal(self, words):
        return self.argv(words)

    def signal(self, client, number):
        """To the client, which passes it on."""
        client.kill(number)
