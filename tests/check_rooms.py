#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
check_rooms.py - refuses an #include that crosses a wall.

    check_rooms.py ROOT

Which room may look into which is said below, once. It reads the include lines of all C files but
those of tests/, which may look into every room. Prints each violation, and exits 1 if there is one.
"""

import pathlib
import re
import sys

LANGUAGE = {'base', 'box', 'net'}

# Room: the rooms it may include from. A room is a folder; "*" in clients/* is the room's own name.
MAY_INCLUDE = {
    'protocols/base': {'base'},
    'protocols/box': {'base', 'box'},
    'protocols/net': LANGUAGE,
    'boxd': LANGUAGE | {'boxd', 'boxd/boxes', 'boxd/quic', 'boxd/ads', 'boxd/replica'},
    'boxd/boxes': {'base', 'box', 'boxd', 'boxd/boxes', 'boxd/quic', 'boxd/ads', 'boxd/replica'},
    'boxd/replica': {'base', 'box', 'boxd/replica'},
    'boxd/quic': LANGUAGE | {'boxd/quic'},
    'boxd/ads': LANGUAGE | {'boxd/ads', 'boxd/quic'},
    'compositor': {'base', 'compositor', 'compositor/stream'},
    'compositor/boxes': {'base', 'box', 'compositor', 'compositor/boxes', 'compositor/stream'},
    'compositor/stream': {'base', 'compositor', 'compositor/stream'},
    'clients': LANGUAGE | {'clients', 'clients/libbox'},
    'clients/*': LANGUAGE | {'clients/*', 'clients/libbox', 'clients/media'},
}

# Files that may look further than their room.
MORE = {
    'compositor/main.c': {'box', 'net', 'compositor/boxes'},
    'compositor/server.c': {'box', 'net', 'compositor/boxes'},
    # The house of the desktop's boxes: it listens and dials, so that the box types need not.
    'compositor/boxes/boxes.c': {'net'},
    'compositor/boxes/boxes.h': {'net'},
}

# Begin of a system header: the only rooms that may include it.
ONLY_IN = {
    'wlr/': {'compositor', 'compositor/boxes', 'compositor/stream'},
    'ngtcp2/': {'boxd/quic'},
    'gnutls/': {'boxd/quic'},
    'gst/': {'clients/boxcast', 'clients/boxview', 'clients/media'},
    'va/': {'clients/boxcast', 'clients/boxview'},
    'archive': {'base'},
    'avahi-': {'boxd/ads'},
    'cups/': {'boxd/boxes'},
    'fuse': {'clients/boxfs'},
}

# What box/ would need for a system call of its own.
SYSTEM_CALLS = re.compile(
    r'(unistd|fcntl|poll|pthread|semaphore|signal|spawn|dirent|netdb|termios|pty)\.h'
    r'|sys/(?!types\.h).*|netinet/.*|arpa/.*|net/.*|linux/(?!input-event-codes\.h).*')

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
PROGRAMS = ('boxd', 'compositor', 'clients')


def room_of(path):
    """The room of a file, from its path below the root: "base", "boxd/quic", "clients/boxcast"."""
    parts = path.parts
    if parts[0] == 'protocols' and len(parts) > 2 and parts[1] in LANGUAGE:
        return parts[1]
    if parts[0] in PROGRAMS and len(parts) > 2:
        return f'{parts[0]}/{parts[1]}'
    return parts[0]


def allowed(path):
    room = room_of(path)
    if room in LANGUAGE:
        return MAY_INCLUDE[f'protocols/{room}']
    named = MAY_INCLUDE.get(room)
    if named is None and room.startswith('clients/'):
        named = {own.replace('*', room.split('/')[1]) for own in MAY_INCLUDE['clients/*']}
    if named is None:
        named = MAY_INCLUDE.get(path.parts[0], set()) | {room}
    return named | MORE.get(path.as_posix(), set())


def find(root, path, name):
    """The file that an include means, below the root; None: it is generated."""
    program = pathlib.Path(path.parts[0])
    # As the compiler looks; then wherever it might reach, to say whose it is.
    places = [path.parent, program, pathlib.Path('protocols')]
    places += [pathlib.Path(other) for other in PROGRAMS]
    places += [pathlib.Path('clients', client.name) for client in (root / 'clients').glob('*/')]
    for place in places:
        if (root / place / name).is_file():
            return place / name
    first = name.split('/')[0]
    return pathlib.Path('protocols', name) if '/' in name and first in LANGUAGE else None


def check_system(path, name):
    room = room_of(path)
    for begin, rooms in ONLY_IN.items():
        if name.startswith(begin) and room not in rooms:
            return f'<{name}> belongs to {", ".join(sorted(rooms))}'
    if room == 'box' and SYSTEM_CALLS.fullmatch(name):
        return f'<{name}>: box makes no system calls'
    return None


def check_own(root, path, name):
    if '..' in name.split('/'):
        return f'"{name}" climbs; say the path from the room\'s root'
    target = find(root, path, name)
    if target and room_of(target) not in allowed(path):
        return f'"{name}" is of {room_of(target)}, which {room_of(path)} may not include'
    return None


def check_file(root, path):
    text = (root / path).read_text(encoding='utf-8')
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        wrong = check_system(path, name) if quote == '<' else check_own(root, path, name)
        if wrong:
            yield f'{path}:{text.count(chr(10), 0, match.start()) + 1}: {wrong}'


def check(root):
    files = [path.relative_to(root) for top in ('protocols',) + PROGRAMS
             for path in sorted((root / top).rglob('*.[ch]'))]
    if not files:
        yield f'{root}: there are no rooms here'
    for path in files:
        yield from check_file(root, path)


def main(args):
    if len(args) != 1:
        print('usage: check_rooms.py ROOT', file=sys.stderr)
        return 2
    violations = list(check(pathlib.Path(args[0])))
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
