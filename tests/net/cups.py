# SPDX-License-Identifier: MIT
"""CUPS on a node, and a printer for it: cupsd and ippeveprinter, run by the person who is there.

    den = lab.node("den", env={**avahi.ENV, **cups.ENV})
    there = cups.Cups(den)
    office = cups.Printer(den, "application/pdf,image/jpeg")  # needs an avahi.Avahi on the node
    there.add("office", office.uri)
    office.printed()  # the documents that came out of it
"""

from net.place import wait_for

SOCKET = "/run/user/1000/cups.sock"
ENV = {"CUPS_SERVER": SOCKET}
START_S = 60

FILES = """ServerRoot {dir}
RequestRoot {dir}/spool
TempDir {dir}/spool/tmp
CacheDir {dir}/cache
StateDir {dir}/state
ErrorLog stderr
AccessLog {dir}/access
PageLog {dir}/page
FileDevice Yes
"""
CUPSD = """Listen {socket}
Browsing Off
DefaultAuthType None
LogLevel info
PreserveJobFiles Yes
<Location />
Order allow,deny
Allow all
</Location>
<Policy default>
JobPrivateValues none
<Limit All>
Order deny,allow
</Limit>
</Policy>
"""


class Cups:
    """cupsd with no printer yet."""

    def __init__(self, node):
        self.node, self.dir = node, f"{node.home}/cups"
        node.run(["mkdir", "-p", f"{self.dir}/spool/tmp"])
        node.write_file(f"{self.dir}/files.conf", FILES.format(dir=self.dir))
        node.write_file(f"{self.dir}/cupsd.conf", CUPSD.format(socket=SOCKET))
        # In place of cups-filters, which has PDF made fit for the printer's paper.
        node.write_file(f"{self.dir}/local.convs", "application/pdf application/vnd.cups-pdf 0 -\n")
        self.start()

    def start(self):
        """Starts it and waits until it can be asked."""
        self.process = self.node.spawn(["/usr/sbin/cupsd", "-f", "-c", f"{self.dir}/cupsd.conf",
                                        "-s", f"{self.dir}/files.conf"], log="cupsd")
        wait_for(lambda: b"is running" in self.node.run(["lpstat", "-r"], check=False).stdout,
                 START_S, "cupsd")

    def add(self, name, uri):
        """A queue for a printer that says itself what it takes."""
        self._add(name, uri, "everywhere")

    def add_sink(self, name):
        """A queue that takes everything and prints nothing."""
        self._add(name, "file:/dev/null", "raw")

    def _add(self, name, uri, model):
        self.node.run(["/usr/sbin/lpadmin", "-p", name, "-E", "-v", uri, "-m", model],
                      timeout=START_S)

    def taken(self):
        """The documents of all jobs there have been, in no order."""
        names = self.node.run(["find", f"{self.dir}/spool", "-name", "d*"]).stdout.decode().split()
        return [self.node.read_file(name) for name in names]

    def remove(self, name):
        """The queue is no more."""
        self.node.run(["/usr/sbin/lpadmin", "-x", name])

    def jobs(self):
        """The names of all jobs there have been, done or not."""
        listed = self.node.run(["lpstat", "-W", "all", "-o"]).stdout.decode()
        return [line.split()[0] for line in listed.splitlines()]

    def stop(self):
        """Ends it, as a package's update does."""
        self.process.stop()


class Printer:
    """An IPP printer that keeps what it prints in a folder."""

    def __init__(self, node, takes, port="8631"):
        self.node, self.dir = node, f"{node.home}/printed-{port}"
        self.uri = f"ipp://127.0.0.1:{port}/ipp/print"
        node.run(["mkdir", self.dir])
        self.process = node.spawn(
            ["/usr/sbin/ippeveprinter", "-p", port, "-n", "localhost", "-d", self.dir, "-k",
             "-c", "/usr/bin/true",  # else it acts as slow as paper
             "-r", "off", "-f", takes, f"Printer {port}"], log=f"printer-{port}")
        wait_for(self._answers, START_S, "ippeveprinter")

    def _answers(self):
        return self.node.run(["ipptool", self.uri, "get-printer-attributes.test"],
                             check=False).returncode == 0

    def printed(self):
        """The documents that it printed, in no order."""
        names = self.node.run(["find", self.dir, "-type", "f"]).stdout.decode().split()
        return [self.node.read_file(name) for name in names]
