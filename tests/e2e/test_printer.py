# SPDX-License-Identifier: MIT
"""What is copied to a printer's box comes out of the printer: here, from another machine, for a friend;
whole or not at all, and never what it does not take."""

import signal

import pytest

from net import avahi, cups
from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused

SLOW_S = 60
PAGE = b"%PDF-1.4\n" + bytes(range(256)) * 12000  # more than is held at once


@pytest.fixture(scope="module")
def homes(lab):
    """Ann's den has a printer, but no CUPS yet; her ibiza has none; Bob's pc knows den."""
    den = Household(lab.node("den", env={**avahi.ENV, **cups.ENV}),
                    boxd_conf="store desk /home/ann/desk\naccess /printer/office bob kp\n")
    den.node.run(["mkdir", "desk"])
    den.bus, den.avahi = avahi.Bus(den.node), avahi.Avahi(den.node)  # ippeveprinter wants it
    den.office = cups.Printer(den.node, "application/pdf,image/jpeg")
    ibiza = Household(lab.node("ibiza", env=cups.ENV))
    pc = Household(lab.node("pc", person="bob", env=cups.ENV))
    for home in (den, ibiza, pc):
        home.start()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    pair(den, ibiza, mine=True)
    pair(den, pc)
    return den, ibiza, pc


@pytest.fixture(scope="module")
def printing(homes):
    """The same, with a CUPS that has a queue for den's printer."""
    den = homes[0]
    den.cups = cups.Cups(den.node)
    den.cups.add("office", den.office.uri)
    wait_for(lambda: den.has_box("/printer/office"), SLOW_S, "den's printer")
    return homes


def comes_out(printer, document):
    wait_for(lambda: document in printer.printed(), SLOW_S, "the document on paper")


def test_without_cups(homes):
    den = homes[0]
    assert den.box("ls", "/printer") == "" and "type dir" in den.box("info", "/printer")
    den.node.write_file("/home/ann/page", PAGE)
    assert "den dir" in den.refused("cp", "page", "/any/printer")
    assert "ENOENT" in den.refused("cp", "page", "/printer/office")


def test_prints_what_it_takes(printing):
    den = printing[0]
    told = den.box("ls", "/printer")
    assert "pdf=yes!jpeg=yes!colour=no" in told and told.endswith("  idle"), told
    den.node.write_file("/home/ann/page", PAGE)
    den.box("cp", "page", "/printer/office")
    comes_out(den.office, PAGE)
    den.node.write_file("/home/ann/words", b"no words, please\n")
    said = den.refused("cp", "words", "/printer/office")
    assert "this is text, and office takes pdf, jpeg" in said and "ETYPE" in said
    assert "the printers here take pdf, jpeg" in den.refused("cp", "words", "/any/printer")
    assert "ETYPE" in den.refused("cp", "-t", "text", "page", "/printer/office")
    assert den.cups.jobs() == ["office-1"]


def test_half_a_page_is_no_job(printing):
    den = printing[0]
    before = den.cups.jobs()
    with den.op.call("putmem", "/printer/office", body="chunks") as call:
        call.send(PAGE)
    den.op.put("/printer/office", b"%PDF whole")
    comes_out(den.office, b"%PDF whole")
    assert len(den.cups.jobs()) == len(before) + 1


def test_a_cast_makes_it_what_the_printer_takes(printing):
    """No printer takes TeX, but a program makes PDF of it."""
    den = printing[0]
    den.op.put("/fs/desk/letter", b"dear bob")
    den.box("chinfo", "/fs/desk/letter", "type", "tex")
    said = den.refused("cp", "/fs/desk/letter", "/printer/office")
    assert "this is tex, and office takes pdf, jpeg" in said
    den.box("cast", "tex", "pdf", "sed", "s/^/%PDF of /")
    den.box("cp", "/fs/desk/letter", "/any/printer")
    comes_out(den.office, b"%PDF of dear bob")


def test_any_printer_is_another_machines(printing):
    den, ibiza, pc = printing
    wait_for(lambda: "/n/den/printer/office" in ibiza.box("ads", "/printer"), SLOW_S, "its ad")
    ibiza.node.write_file("/home/ann/page", b"%PDF of ibiza")
    ibiza.box("cp", "page", "/any/printer")
    comes_out(den.office, b"%PDF of ibiza")
    pc.node.write_file("/home/bob/page", b"%PDF of bob")
    assert "ann.den ENOENT" in pc.refused("cp", "page", "/any/printer"), "that one, not any"
    pc.box("cp", "page", "/n/ann.den/printer/office")
    comes_out(den.office, b"%PDF of bob")
    jobs = den.node.run(["lpstat", "-W", "all", "-o"]).stdout.decode().splitlines()
    assert [line.split()[1] for line in jobs].count("bob") == 1, jobs


def test_any_printer_takes_what_is_printed(printing):
    """Den's own comes first, and takes no words; ibiza's does."""
    den, ibiza, _ = printing
    ibiza.cups = cups.Cups(ibiza.node)
    ibiza.cups.add_sink("sink")
    wait_for(lambda: ibiza.has_box("/printer/sink"), SLOW_S, "ibiza's printer")
    wait_for(lambda: "/n/ibiza/printer/sink" in den.box("ads", "/printer"), SLOW_S, "its ad")
    den.box("cp", "words", "/any/printer")
    assert ibiza.cups.taken() == [b"no words, please\n"]
    den.node.write_file("/home/ann/page", b"%PDF of den")
    den.box("cp", "page", "/any/printer")
    comes_out(den.office, b"%PDF of den")
    den.op.put("/any/printer", b"words again", type="text")
    assert b"words again" in ibiza.cups.taken() and len(ibiza.cups.jobs()) == 2
    with pytest.raises(Refused, match=r"ETYPE no /any/printer takes video \(2 seen: den printer!.*, ibiza "):
        den.op.put("/any/printer", b"moving", type="video")
    ibiza.cups.remove("sink")
    wait_for(lambda: not ibiza.has_box("/printer/sink"), SLOW_S, "its end")
    wait_for(lambda: "/n/ibiza/printer" not in den.box("ads"), SLOW_S, "the end of its ad")
    ibiza.cups.stop()


def test_a_cups_that_hangs_holds_nobody_up(printing):
    den = printing[0]
    den.box("cp", "page", "/printer/office")  # what is known of the printer is old then
    den.cups.process.kill(signal.SIGSTOP)
    try:
        den.box("ls", "/")
        assert "office" in den.box("ls", "/printer"), "what it told before is taken for true"
        assert "CUPS does not answer" in den.refused("cp", "page", "/printer/office", timeout=SLOW_S)
    finally:
        den.cups.process.kill(signal.SIGCONT)


def test_a_queue_goes(printing):
    den, ibiza, _ = printing
    with den.op.call("putmem", "/printer/office", body="chunks") as call:
        call.send(PAGE)
        den.cups.remove("office")
        wait_for(lambda: not den.has_box("/printer/office"), SLOW_S, "its end")
        with pytest.raises(Refused, match="ELOST the printer was removed .* nothing was printed"):
            assert call.reply
    wait_for(lambda: "/n/den/printer" not in ibiza.box("ads"), SLOW_S, "the end of its ad")
    den.cups.stop()
    assert den.box("ls", "/printer") == ""
