# SPDX-License-Identifier: MIT
"""check_rooms.py on a small house: what is allowed passes, and each planted violation is refused."""

import pathlib
import subprocess
import sys

import pytest

CHECK = pathlib.Path(__file__).resolve().parents[1] / 'check_rooms.py'

HOUSE = [
    'protocols/base/buf.h', 'protocols/base/buf.c', 'protocols/box/op.h', 'protocols/box/box.c',
    'protocols/net/call.h', 'protocols/net/call.c', 'boxd/route.h', 'boxd/boxd.c',
    'boxd/boxes/chan.c', 'boxd/boxes/env.h', 'boxd/quic/quic.h', 'boxd/quic/quic.c',
    'compositor/server.h', 'compositor/server.c', 'compositor/main.c', 'compositor/output.c',
    'compositor/boxes/window.h', 'compositor/boxes/window.c', 'compositor/boxes/boxes.c',
    'compositor/stream/view.c', 'compositor/stream/view.h', 'clients/box.h', 'clients/verb_ls.c',
    'clients/boxview/main.c', 'clients/boxview/view.h', 'clients/boxcast/main.c',
    'clients/boxcast/cast.h', 'clients/libbox/libbox.h', 'clients/boxfs/main.c',
]

ALLOWED = [
    ('protocols/base/buf.c', '"base/buf.h"'),
    ('protocols/base/buf.c', '<wayland-server-core.h>'),
    ('protocols/base/buf.c', '<unistd.h>'),
    ('protocols/box/box.c', '"base/buf.h"'),
    ('protocols/box/box.c', '"box/op-tables.h"'),
    ('protocols/box/box.c', '<sys/types.h>'),
    ('protocols/net/call.c', '"box/op.h"'),
    ('protocols/net/call.c', '<sys/socket.h>'),
    ('boxd/boxd.c', '"boxes/env.h"'),
    ('boxd/boxd.c', '"quic/quic.h"'),
    ('boxd/boxd.c', '"net/call.h"'),
    ('boxd/boxes/chan.c', '"boxes/env.h"'),
    ('boxd/boxes/chan.c', '"route.h"'),
    ('boxd/boxes/chan.c', '"box/op.h"'),
    ('boxd/boxes/chan.c', '"box-types.inc"'),
    ('boxd/quic/quic.c', '<ngtcp2/ngtcp2.h>'),
    ('boxd/quic/quic.c', '<gnutls/gnutls.h>'),
    ('boxd/quic/quic.c', '"net/call.h"'),
    ('compositor/output.c', '<wlr/types/wlr_output.h>'),
    ('compositor/output.c', '"base/buf.h"'),
    ('compositor/output.c', '"stream/view.h"'),
    ('compositor/output.c', '"xdg-shell-protocol.h"'),
    ('compositor/server.c', '"boxes/window.h"'),
    ('compositor/main.c', '"net/call.h"'),
    ('compositor/boxes/window.c', '<wlr/types/wlr_seat.h>'),
    ('compositor/boxes/window.c', '"box/op.h"'),
    ('compositor/boxes/window.c', '"server.h"'),
    ('compositor/boxes/boxes.c', '"net/call.h"'),
    ('clients/verb_ls.c', '"box.h"'),
    ('clients/verb_ls.c', '"net/call.h"'),
    ('clients/boxview/main.c', '"boxview/view.h"'),
    ('clients/boxview/main.c', '<gst/gst.h>'),
    ('clients/boxview/main.c', '"libbox/libbox.h"'),
    ('clients/boxfs/main.c', '<fuse3/fuse.h>'),
]

# (file, include, part of what is said)
PLANTED = [
    ('protocols/base/buf.c', '"box/op.h"', 'is of box'),
    ('protocols/base/buf.c', '"box/op-tables.h"', 'is of box'),
    ('protocols/base/buf.h', '"net/call.h"', 'is of net'),
    ('protocols/base/buf.c', '<gst/gst.h>', 'belongs to'),
    ('protocols/box/box.c', '"net/call.h"', 'is of net'),
    ('protocols/box/box.c', '"route.h"', 'is of boxd'),
    ('protocols/box/box.c', '<unistd.h>', 'no system calls'),
    ('protocols/box/box.c', '<sys/socket.h>', 'no system calls'),
    ('protocols/box/op.h', '<fcntl.h>', 'no system calls'),
    ('protocols/box/box.c', '<wlr/types/wlr_box.h>', 'belongs to'),
    ('protocols/net/call.c', '"quic/quic.h"', 'is of boxd/quic'),
    ('protocols/net/call.c', '<gnutls/gnutls.h>', 'belongs to'),
    ('boxd/boxd.c', '<ngtcp2/ngtcp2.h>', 'belongs to'),
    ('boxd/boxd.c', '"server.h"', 'is of compositor'),
    ('boxd/boxd.c', '"boxview/view.h"', 'is of clients/boxview'),
    ('boxd/boxes/chan.c', '"net/call.h"', 'is of net'),
    ('boxd/boxes/env.h', '"net/serve.h"', 'is of net'),
    ('boxd/boxes/chan.c', '<gnutls/gnutls.h>', 'belongs to'),
    ('boxd/quic/quic.c', '"route.h"', 'is of boxd,'),
    ('boxd/quic/quic.c', '"boxes/env.h"', 'is of boxd/boxes'),
    ('compositor/output.c', '"box/op.h"', 'is of box'),
    ('compositor/output.c', '"net/call.h"', 'is of net'),
    ('compositor/output.c', '"boxes/window.h"', 'is of compositor/boxes'),
    ('compositor/server.h', '"box/op.h"', 'is of box'),
    ('compositor/output.c', '"route.h"', 'is of boxd'),
    ('compositor/stream/view.c', '"box/op.h"', 'is of box'),
    ('compositor/stream/view.c', '"boxcast/cast.h"', 'is of clients/boxcast'),
    ('compositor/boxes/window.c', '"net/call.h"', 'is of net'),
    ('compositor/boxes/window.c', '<gst/gst.h>', 'belongs to'),
    ('clients/boxview/main.c', '"boxcast/cast.h"', 'is of clients/boxcast'),
    ('clients/boxview/main.c', '"box.h"', 'is of clients,'),
    ('clients/verb_ls.c', '"boxview/view.h"', 'is of clients/boxview'),
    ('clients/verb_ls.c', '"server.h"', 'is of compositor'),
    ('clients/verb_ls.c', '<wlr/types/wlr_box.h>', 'belongs to'),
    ('clients/verb_ls.c', '<gst/gst.h>', 'belongs to'),
    ('clients/boxview/main.c', '"../boxcast/cast.h"', 'climbs'),
    ('clients/boxview/main.c', '<gnutls/gnutls.h>', 'belongs to'),
]


@pytest.fixture
def house(tmp_path):
    for name in HOUSE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('/* a room */\n', encoding='utf-8')
    return tmp_path


def add(house, name, include):
    with (house / name).open('a', encoding='utf-8') as file:
        file.write(f'#include {include}\n')


def check(root):
    return subprocess.run([sys.executable, '-B', CHECK, root], capture_output=True, text=True,
                          check=False)


def test_allowed(house):
    for name, include in ALLOWED:
        add(house, name, include)
    done = check(house)
    assert done.stdout == '' and done.returncode == 0


@pytest.mark.parametrize('name, include, words', PLANTED)
def test_planted(house, name, include, words):
    add(house, name, include)
    done = check(house)
    assert done.returncode == 1
    assert done.stdout.startswith(f'{name}:2: ') and words in done.stdout
    assert done.stdout.count('\n') == 1


def test_however_it_is_written(house):
    add(house, 'protocols/base/buf.c', '"box/op.h"')
    path = house / 'protocols/base/buf.c'
    path.write_text('\n \t# include\t"box/op.h" // really\n', encoding='utf-8')
    assert check(house).stdout.startswith('protocols/base/buf.c:2: ')


def test_no_house(tmp_path):
    assert check(tmp_path).returncode == 1
