# SPDX-License-Identifier: MIT
"""The Python client against a server that says what a test tells it to."""

import socket
import struct
import threading

import pytest

import op


class Server:
    """Takes one connection and lets `play` talk on it; keeps what `play` returns or raises."""

    def __init__(self, path, play):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.result = None
        self.thread = threading.Thread(target=self.run, args=(play,), daemon=True)
        self.thread.start()

    def run(self, play):
        sock, _ = self.listener.accept()
        self.listener.close()
        sock.settimeout(op.PATIENCE)
        with sock, sock.makefile('rb') as self.file:
            try:
                self.result = play(sock, self.take)
            except Exception as error:  # shown by finish()
                self.result = error

    def take(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise op.Lost()
        return data

    def finish(self):
        self.thread.join(op.PATIENCE)
        assert not self.thread.is_alive()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def serve(tmp_path):
    def start(play):
        server = Server(tmp_path / 'op', play)
        return server, op.Op(tmp_path / 'op')
    return start


def test_get(serve):
    def play(sock, take):
        head = op.read_head('request', take)
        sock.sendall(b'ok\nbody 5\n\nhello')
        return head

    server, client = serve(play)
    assert client.get('/a', want='text', live=True) == b'hello'
    head = server.finish()
    assert head.verb == 'getmem' and head.text('want') == 'text' and 'live' in head


def test_put_and_refusal(serve):
    def play(sock, take):
        head = op.read_head('request', take)
        body = take(head.body())
        sock.sendall(b'no ESTALE it has version 3: look again\nttl 5\n\n')
        return body

    server, client = serve(play)
    with pytest.raises(op.Refused) as refused:
        client.put('/a', 'grüß', if_version='2')
    assert refused.value.code == 'ESTALE' and 'version 3' in refused.value.sentence
    assert refused.value.head.number('ttl') == 5
    assert server.finish() == 'grüß'.encode()


def test_large_body_both_ways(serve):
    """Each side writes more than sockets hold before it reads."""
    size = 8 << 20

    def play(sock, take):
        head = op.read_head('request', take)
        sock.sendall(b'ok\nbody %d\n\n' % size + bytes(size))
        return sum(len(part) for what, part in op.read_body(head, take) if what == 'chunk')

    server, client = serve(play)
    with client.call('putmem', '/a', (bytes(1 << 20) for _ in range(8))) as call:
        assert len(call.read()) == size
    assert server.finish() == size


def test_frames_both_ways(serve):
    def play(sock, take):
        head = op.read_head('request', take)
        sock.sendall(b'ok\nname /proc/1\nbody frames\n\n')
        seen = []
        for what, part in op.read_body(head, take):
            seen.append(part)
            if what == 'frame' and part.kind == 'data':
                sock.sendall(op.Frame('data', part.payload.upper(), sub=1).encode())
        sock.sendall(op.Frame('end').encode() + b'ok\nlegacy exit 3\n\n')
        return seen

    server, client = serve(play)
    with client.call('make', '/proc/1', 'frames', arg=['cat', ''], tty='24x80') as call:
        assert call.reply.text('name') == '/proc/1'
        frames = call.frames()
        for word in ('one', 'two'):
            call.send_frame('data', word, sub=0)
            assert next(frames).payload == word.upper().encode()
        call.send_frame(op.control('resize', '30x100'))
        call.end()
        assert list(frames) == []
        assert call.trailer.text('legacy') == 'exit 3'
    seen = server.finish()
    assert [part.kind for part in seen[:-1]] == ['data', 'data', 'control', 'end']
    assert op.control_lines(seen[2].payload) == [('resize', b'30x100')]
    assert seen[-1].code == 'ok'


def test_list(serve):
    def play(sock, take):
        op.read_head('request', take)
        body = b'name /3\ntype win\n\nname /3/out\ntype out\n\n'
        sock.sendall(b'ok\nversion 1\nbody %d\n\n' % len(body) + body)

    server, client = serve(play)
    entries = client.list('/win', depth=2)
    server.finish()
    assert [name for name, _ in entries] == ['/3', '/3/out']
    assert entries[1][1].text('type') == 'out'


def test_trailer_that_says_no(serve):
    def play(sock, take):
        op.read_head('request', take)
        sock.sendall(b'ok\nbody chunks\n\n' + struct.pack('>I', 3) + b'abc' + bytes(4) +
                     b'no EIO the disk is gone\n\n')

    server, client = serve(play)
    with client.call('getmem', '/a') as call:
        chunks = call.chunks()
        assert next(chunks) == b'abc'
        with pytest.raises(op.Refused, match='disk'):
            next(chunks)
    server.finish()


def test_other_side_goes_away(serve):
    def play(sock, take):
        op.read_head('request', take)
        sock.sendall(b'ok\nbody 5\n\nhe')

    server, client = serve(play)
    with pytest.raises(op.Lost):
        client.get('/a')
    server.finish()


def test_refused_while_sending(serve):
    """It need not read what it refuses."""
    def play(sock, take):
        op.read_head('request', take)
        sock.sendall(b'no E2BIG it is too much\n\n')
        sock.shutdown(socket.SHUT_RDWR)

    server, client = serve(play)
    with pytest.raises(op.Refused, match='too much'):
        client.put('/a', bytes(16 << 20))
    server.finish()


def test_silence_is_an_end(serve):
    def play(sock, take):
        op.read_head('request', take)
        assert sock.recv(1) == b''  # until the client hangs up

    server, client = serve(play)
    client.patience = 0.2
    with pytest.raises(TimeoutError):
        client.get('/a')
    server.finish()
