# SPDX-License-Identifier: MIT
"""The lent keyboard: a friend's keys in one window of mine, until either of us ends it.

Three nodes: ibiza and den are ann's, friend is bob's. bob's keyboard is a virtual one with the keymap
that his desktop tells its clients, as a remote desktop or a keyboard on the screen has it. What bob
types and what of it arrives is read from real programs; what is held and let go, by a window that
records its keyboard's events (wayland/clients.py).
"""

import pytest

from keyboards import Listener, Paper, hand_of, lent_to, state_of
from net.household import Household, pair
from net.place import wait_for, within
from wayland.clients import GERMAN, GERMAN_ROWS, KEYS, US_ROWS, Hand, keymap_layout

FRIEND_KBD = "/n/bob.friend/kbd/0"
HERE_S, THERE_S = 1, 5  # how soon an end is seen on the own node, and on the other
SILENCE_S = 1           # after which a feed that holds keys is taken for dead
ACCESS = "access /kbd ann ksg\n"
SUPER_F1 = "\x1b[1;9P"  # what a terminal writes for it
BOUND = "bind Super+F1 exec echo bound >> ~/bound\n"  # tells whether bindings saw a key


def notice(home):
    """The strip of the screen where the desktop tells its person things."""
    picture = home.picture()
    return picture.crop((picture.width // 4, 0, picture.width * 3 // 4, 60))


def told_now(home, *before):
    """What is told there, once it is none of these."""
    def other():
        shown = notice(home).tobytes()
        return shown if shown not in before else None
    return wait_for(other, within(THERE_S), "something else to be told")


def make_friend(lab):
    friend = Household(lab.node("friend", person="bob"),
                       boxland_conf="hint off\nkeyboard layout de\n" + BOUND + ACCESS)
    friend.start(desktop="1280x720")
    friend.box("init", "--person", "bob")
    return friend


def make_ibiza(lab):
    ibiza = Household(lab.node("ibiza", person="ann"),
                      boxland_conf="hint off\nkeyboard layout us\n" + BOUND)
    ibiza.start(desktop="1280x720")
    ibiza.box("init", "--person", "ann")
    return ibiza


class Town:
    """Who lives in it."""

    def __init__(self, lab):
        self.lab = lab
        self.ibiza, self.friend = make_ibiza(lab), make_friend(lab)
        self.calm = notice(self.friend)  # when nothing is to be told
        self.den = Household(lab.node("den", person="ann"), boxland_conf="hint off\n" + BOUND)
        self.den.start(desktop="1280x720")
        pair(self.ibiza, self.den, mine=True)
        pair(self.ibiza, self.friend)
        pair(self.den, self.friend)


@pytest.fixture(scope="module")
def town(lab):
    return Town(lab)


@pytest.fixture
def listener(town):
    """A window on ibiza."""
    made = Listener(town.ibiza)
    yield made
    made.close()
    town.ibiza.wait_no_box(made.window)


@pytest.fixture
def bob(town):
    """bob's hand. Whatever was lent is back when it rests."""
    hand = hand_of(town.friend)
    yield hand
    hand.close()
    if lent_to(town.friend):
        town.friend.box("rm", "/kbd/0/users/0")


def lend(town, listener):
    """Links bob's keyboard into a window; the link's name."""
    link = town.ibiza.box("ln", FRIEND_KBD, f"{listener.window}/kbd")
    assert state_of(town.ibiza, link) == "up"
    return link


# --- what arrives, and where it does not ---

def test_keys_arrive_as_the_lender_sees_them(town, bob, artefacts):
    ibiza, friend = town.ibiza, town.friend
    own = Paper(friend, "friends-own")
    target = Paper(ibiza, "target", "where bob types")
    with hand_of(ibiza) as ann:
        target.move(ann, -260)
    beside = Paper(ibiza, "beside", "where ann types")  # it has the focus
    with hand_of(ibiza) as ann:
        beside.move(ann, 260)
    link = ibiza.box("ln", FRIEND_KBD, f"{target.window}/kbd")
    assert state_of(ibiza, link) == "up"
    assert lent_to(friend) == "ann/ibiza"

    bob.write("zyäöüß", GERMAN_ROWS)
    assert target.wait_lines(1) == ["zyäöüß"]
    bob.chord("super+f1")
    friend.node.run(["wtype", "Grüße, 5 €\n"], env=friend.wayland)
    assert target.wait_lines(2) == ["zyäöüß", SUPER_F1 + "Grüße, 5 €"]

    with hand_of(ibiza) as ann:
        ann.write("here", US_ROWS)
        assert beside.wait_lines(1) == ["here"], "and nothing of bob's"
        ann.chord("super+f1")
    ibiza.node.wait_file(f"{ibiza.node.home}/bound")
    bob.write("zum schluss", GERMAN_ROWS)
    assert target.wait_lines(3)[2] == "zum schluss"
    ibiza.picture().save(artefacts / "ibiza.png")
    friend.picture().save(artefacts / "friend.png")
    assert ibiza.node.read_file(f"{ibiza.node.home}/bound") == b"bound\n", "ann's key, not bob's"

    ibiza.box("rm", link)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "the end of lending on friend")
    bob.write("wieder hier", GERMAN_ROWS)
    assert own.wait_lines(1) == ["wieder hier"], "and nothing of what was lent"
    bob.chord("super+f1")
    friend.node.wait_file(f"{friend.node.home}/bound")
    assert len(target.lines()) == 3
    for paper in (own, target, beside):
        paper.close()


# --- the lender's side ---

def test_lender_sees_it_and_takes_it_back(town, listener, bob, artefacts):
    ibiza, friend = town.ibiza, town.friend
    wait_for(lambda: notice(friend).tobytes() == town.calm.tobytes(), what="a calm screen")
    link = lend(town, listener)
    calm = town.calm.tobytes()
    lent = told_now(friend, calm)
    friend.picture().save(artefacts / "lent.png")
    assert friend.box("ls", "/kbd").split()[-3:] == ["lent", "to", "ann/ibiza"]
    assert friend.box("ls", "/kbd/0/users").split()[0] == "0"

    bob.key("a", True)
    listener.wait_key("a", 1)
    bob.chord("super+esc")
    wait_for(lambda: lent_to(friend) is None, within(HERE_S), "friend has it back")
    told = told_now(friend, calm, lent)
    friend.picture().save(artefacts / "back.png")
    wait_for(lambda: state_of(ibiza, link) is None, within(THERE_S), "the link has ended")
    assert not listener.held()
    bob.key("a", False)
    wait_for(lambda: notice(friend).tobytes() == town.calm.tobytes(), what="the screen as before")

    link = lend(town, listener)
    ibiza.box("rm", link)
    wait_for(lambda: notice(friend).tobytes() == told, within(THERE_S), "the same by the borrower")


def test_taken_back_by_another_escape(town, listener):
    """The chord is where bob has put Escape."""
    link = lend(town, listener)
    with Hand(town.friend, GERMAN.replace("+inet", "+capslock(escape)+inet")) as bob:
        bob.chord("a")
        listener.wait_key("a", 0)
        bob.chord("super+caps")
        wait_for(lambda: lent_to(town.friend) is None, within(HERE_S), "friend has it back")
    wait_for(lambda: state_of(town.ibiza, link) is None, within(THERE_S), "the link has ended")


def test_taken_back_with_the_network_cut(town, listener, bob):
    """And it stays so when the network is back: the link does not take it again."""
    ibiza, friend = town.ibiza, town.friend
    own = Paper(friend, "own-cut")
    link = lend(town, listener)
    bob.key("a", True)
    listener.wait_key("a", 1)
    town.lab.cut(friend.node)
    try:
        listener.wait_key("a", 0, within(SILENCE_S + 1))
        bob.key("a", False)
        bob.chord("super+esc")
        wait_for(lambda: lent_to(friend) is None, within(HERE_S), "friend has it back")
        bob.write("mein", GERMAN_ROWS)
        assert own.wait_lines(1) == ["mein"]
        wait_for(lambda: state_of(ibiza, link) != "up", within(THERE_S), "ibiza has noticed")
    finally:
        town.lab.mend(friend.node)
    wait_for(lambda: state_of(ibiza, link) is None, 20, "the link has ended for good")
    assert lent_to(friend) is None
    assert not listener.held()
    own.close()


def delete_link(town, link, listener):
    town.ibiza.box("rm", link)
    assert state_of(town.ibiza, link) is None
    wait_for(lambda: lent_to(town.friend) is None, within(THERE_S), "friend has it back")


def delete_user(town, link, listener):
    town.friend.box("rm", "/kbd/0/users/0")
    assert lent_to(town.friend) is None
    wait_for(lambda: state_of(town.ibiza, link) is None, within(THERE_S), "the link has ended")


def cut(town, link, listener):
    town.lab.cut(town.friend.node)
    try:
        wait_for(lambda: state_of(town.ibiza, link) != "up", within(THERE_S), "ibiza has noticed")
        wait_for(lambda: lent_to(town.friend) is None, within(THERE_S), "friend has it back")
    finally:
        town.lab.mend(town.friend.node)
    town.ibiza.box("rm", link)


def kill_friends_desktop(town, link, listener):
    friend = town.friend
    friend.boxland.kill()
    wait_for(lambda: state_of(town.ibiza, link) != "up", within(THERE_S), "ibiza has noticed")
    assert state_of(town.ibiza, link).split()[0] in ("waiting", "refused")
    town.ibiza.box("rm", link)
    friend.boxland.wait()
    friend.start_boxland("1280x720")


def kill_friends_boxd(town, link, listener):
    friend = town.friend
    friend.boxd.kill()
    friend.boxd.wait()
    wait_for(lambda: state_of(town.ibiza, link) != "up", within(THERE_S), "ibiza has noticed")
    friend.start_boxd()
    friend.wait_box("/kbd/0")
    assert lent_to(friend) is None
    wait_for(lambda: state_of(town.ibiza, link) == "up", 15, "lent again, as nobody ended it")
    town.ibiza.box("rm", link)


def kill_our_boxd(town, link, listener):
    ibiza = town.ibiza
    ibiza.boxd.kill()
    ibiza.boxd.wait()
    wait_for(lambda: lent_to(town.friend) is None, within(THERE_S), "friend has it back")
    ibiza.start_boxd()
    ibiza.wait_box(link)
    wait_for(lambda: state_of(ibiza, link) == "up", 15, "lent again, as nobody ended it")
    ibiza.box("rm", link)


@pytest.mark.parametrize("end", [delete_link, delete_user, cut, kill_friends_desktop,
                                 kill_friends_boxd, kill_our_boxd])
def test_held_keys_are_released(town, listener, bob, end):
    link = lend(town, listener)
    bob.key("shift", True)
    bob.key("a", True)
    listener.wait_key("a", 1)
    assert listener.held() == {KEYS["shift"], KEYS["a"]}
    end(town, link, listener)
    listener.display.until(lambda: not listener.held(), "the keys are up", within(THERE_S))
    assert listener.keyboard.last("modifiers")[1] == 0, "and no modifier stays"
    assert (KEYS["a"], 0) in listener.keys() and (KEYS["shift"], 0) in listener.keys()


def test_keys_held_across_the_border_stay_on_their_side(town, listener, bob):
    """What is down when lending begins goes up here, and is not down there; and back likewise."""
    ibiza, friend = town.ibiza, town.friend
    own = Listener(friend, "friends-own")
    bob.key("shift", True)
    bob.key("a", True)
    own.wait_key("a", 1)
    link = lend(town, listener)
    own.wait_key("a", 0)
    assert own.held() == set() and own.keyboard.last("modifiers")[1] == 0
    bob.key("a", False)
    bob.key("shift", False)
    bob.key("d", True)
    listener.wait_key("d", 1)
    assert listener.keys() == [(KEYS["d"], 1)]
    ibiza.box("rm", link)
    listener.wait_key("d", 0)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")
    bob.key("d", False)
    bob.chord("s")
    own.wait_key("s", 0)
    assert own.held() == set()
    assert (KEYS["d"], 0) not in own.keys()
    own.close()


def test_unplugged_while_lent(town, listener):
    """A keyboard that goes takes its keys with it; the seat's stays lent."""
    ibiza, friend = town.ibiza, town.friend
    link = lend(town, listener)
    with hand_of(friend) as bob:
        bob.key("shift", True)
        bob.key("a", True)
        listener.wait_key("a", 1)
    listener.wait_key("a", 0)
    assert listener.held() == set()
    assert lent_to(friend) == "ann/ibiza" and state_of(ibiza, link) == "up"
    with hand_of(friend) as bob:
        bob.chord("d")
        listener.wait_key("d", 0)
    assert listener.keyboard.last("modifiers")[1] == 0
    ibiza.box("rm", link)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")


# --- a game ---

DOOM = ["chocolate-doom", "-iwad", "/usr/share/games/doom/freedoom1.wad", "-window", "-geometry",
        "640x480", "-nosound", "-warp", "1", "1", "-skill", "2"]
DOOM_ENV = {"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy",
            "SDL_RENDER_DRIVER": "software"}


def test_game_survives_a_keyboard_that_comes_and_goes(town, bob, artefacts):
    """100 times, keys held each time, of another layout than the keyboard it has between."""
    ibiza, friend = town.ibiza, town.friend
    game = ibiza.client(*DOOM, env=DOOM_ENV)
    window = ibiza.window("chocolate-doom")
    with hand_of(ibiza) as ann:
        for i in range(100):
            link = ibiza.box("ln", FRIEND_KBD, f"{window}/kbd")
            bob.chord("up")
            bob.key("left", True)
            if i % 4 == 1:  # a keymap of one key
                friend.node.run(["wtype", "-k", "Right"], env=friend.wayland)
            bob.key("right", True)
            if i % 2:
                ann.chord("up")
            ibiza.box("rm", link)
            bob.key("right", False)
            bob.key("left", False)
            ann.key("left", True)
            ann.key("left", False)
            assert game.poll() is None, f"the game died in round {i}"
            wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")
    link = ibiza.box("ln", FRIEND_KBD, f"{window}/kbd")
    ibiza.picture().save(artefacts / "game.png")
    bob.chord("f10")
    bob.write("z", GERMAN_ROWS)  # the game asks for Y, by its place on an American keyboard
    ibiza.wait_no_box(window)  # another one bids farewell
    wait_for(lambda: state_of(ibiza, link) is None, within(THERE_S), "the link went with its window")
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")
    game.stop()


# --- who may, and whose turn it is ---

def ln(home, *words):
    """box ln whatever becomes of it: exit status, the link's name, what it said."""
    done = home.run("ln", *words)
    return done.returncode, done.stdout.decode().strip(), done.stderr.decode()


def test_refused_without_rights(town):
    """bob has no right on ann's keyboard: it does not exist for him. Nor may ann once bob says so."""
    ibiza, friend = town.ibiza, town.friend
    paper = Paper(friend, "wants")
    code, link, said = ln(friend, "/n/ann.ibiza/kbd/0", f"{paper.window}/kbd")
    assert code == 1 and link == f"{paper.window}/kbd/0"
    assert "refused: no such box" in said and "(ENOENT)" in said
    assert f"box rm {link} ends it" in said
    assert state_of(friend, link).startswith("refused ENOENT ")
    assert lent_to(ibiza) is None
    friend.box("rm", link)

    ibiza.box("chinfo", "/kbd/0", "acl", "bob ks")
    code, link, said = ln(friend, "/n/ann.ibiza/kbd/0", f"{paper.window}/kbd")
    assert code == 1 and "(EPERM)" in said and "ann" in said, said
    assert lent_to(ibiza) is None
    ibiza.box("chinfo", "/kbd/0", "acl", "bob ksg")
    wait_for(lambda: state_of(friend, link) == "up", 10, "the link, now that he may")
    assert lent_to(ibiza) == "bob/friend"
    friend.box("rm", link)
    wait_for(lambda: lent_to(ibiza) is None, within(THERE_S), "ibiza has it back")
    ibiza.box("chinfo", "/kbd/0", "acl", "bob -")
    paper.close()


def test_ln_tells_of_a_device_that_is_away(town, listener):
    ibiza, friend = town.ibiza, town.friend
    friend.boxd.stop()
    code, link, said = ln(ibiza, FRIEND_KBD, f"{listener.window}/kbd")
    assert code == 0 and "box: waiting: " in said and f"box info {link}" in said, said
    assert state_of(ibiza, link).startswith("waiting")
    friend.start_boxd()
    wait_for(lambda: state_of(ibiza, link) == "up", 15, "the link, now that friend is back")
    ibiza.box("rm", link)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")


def test_second_borrower_waits_for_the_first(town, listener, bob):
    ibiza, den, friend = town.ibiza, town.den, town.friend
    first = lend(town, listener)
    there = Listener(den, "den-listener")
    code, second, said = ln(den, FRIEND_KBD, f"{there.window}/kbd")
    assert code == 1
    assert "refused: the keyboard is lent to ann/ibiza" in said and "(EBUSY)" in said, said
    assert lent_to(friend) == "ann/ibiza"
    bob.chord("a")
    listener.wait_key("a", 0)
    ibiza.box("rm", first)
    wait_for(lambda: state_of(den, second) == "up", 10, "the second borrower's turn")
    assert lent_to(friend) == "ann/den"
    bob.chord("d")
    there.wait_key("d", 0)
    listener.display.roundtrip()
    assert listener.keys() == [(KEYS["a"], 1), (KEYS["a"], 0)]
    assert there.keys() == [(KEYS["d"], 1), (KEYS["d"], 0)]
    den.box("rm", second)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")
    there.close()


def test_what_came_over_a_link_is_not_sent_on(town, listener, bob):
    """friend's keys go to ibiza; ibiza's keyboard, lent to den, does not have them."""
    ibiza, den = town.ibiza, town.den
    there = Listener(den, "den-listener")
    link = lend(town, listener)
    on = den.box("ln", "/n/ibiza/kbd/0", f"{there.window}/kbd")
    assert lent_to(ibiza) == "ann/den"
    bob.chord("a")
    listener.wait_key("a", 0)
    with hand_of(ibiza) as ann:
        ann.chord("d")
        there.wait_key("d", 0)
    assert there.keys() == [(KEYS["d"], 1), (KEYS["d"], 0)], "and nothing of bob's"
    listener.display.roundtrip()
    assert listener.keys() == [(KEYS["a"], 1), (KEYS["a"], 0)], "and nothing of ann's"
    ibiza.box("rm", link)
    den.box("rm", on)
    wait_for(lambda: lent_to(ibiza) is None, within(THERE_S), "ibiza has it back")
    there.close()


# --- quickly, under the sanitizers too ---

@pytest.mark.two_nodes
def test_two_nodes_lend_and_take_back(new_lab):
    ibiza, friend = make_ibiza(new_lab), make_friend(new_lab)
    pair(ibiza, friend)
    listener, bob = Listener(ibiza), hand_of(friend)
    code, link, said = ln(ibiza, FRIEND_KBD, f"{listener.window}/kbd")
    assert (code, said) == (0, "")
    bob.key("a", True)
    listener.wait_key("a", 1)
    assert keymap_layout(listener.keyboard.last("keymap")) == "German"
    code, second, said = ln(ibiza, FRIEND_KBD, f"{listener.window}/kbd")
    assert code == 1 and "(EBUSY)" in said
    ibiza.box("rm", second)
    bob.chord("super+esc")
    listener.wait_key("a", 0)
    wait_for(lambda: state_of(ibiza, link) is None, within(THERE_S), "the end of the link")
    link = ibiza.box("ln", FRIEND_KBD, f"{listener.window}/kbd")
    bob.key("d", True)
    listener.wait_key("d", 1)
    ibiza.box("rm", link)
    listener.wait_key("d", 0)
    wait_for(lambda: lent_to(friend) is None, within(THERE_S), "friend has it back")
    assert not listener.held()
    bob.close()
    listener.close()
    for program in (ibiza.boxland, friend.boxland, ibiza.boxd, friend.boxd):
        assert program.stop() == 0, program.output()[-3000:]
