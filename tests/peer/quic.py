# SPDX-License-Identifier: MIT
"""
quic.py - Op over QUIC, by aioquic: a machine of somebody that shares no code with boxd.

    identity = make_identity('laptop', 'carol')
    with Carrier('10.77.0.1', 7447, chain, key, fingerprint) as carrier:
        print(Op(carrier.connect).kind('/'))

connect() gives a socket for one exchange, so that op.py speaks over it as over a unix socket: what
is written to it goes out on a bidirectional stream, what comes in is read from it, and closing it
hangs up. Streams of frames (one way) are not for this: who opens none gets none.
"""

import asyncio
import contextlib
import datetime
import hashlib
import socket
import ssl
import threading

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

PATIENCE_S = 20
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
RESET_OVER = 0  # nothing more is wanted


# Who somebody is

def certificate(name, key, issuer, issuer_key, is_person):
    """Without an end, as OP says: some machines have no clock."""
    name, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)])
                    for each in (name, issuer))
    return (x509.CertificateBuilder().subject_name(name).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(datetime.datetime(2000, 1, 1))
            .not_valid_after(datetime.datetime(9999, 12, 31))
            .add_extension(x509.BasicConstraints(is_person, None), True)
            .sign(issuer_key, None))


def fingerprint(key):
    """SHA-256 of a public key's SPKI, in hex."""
    spki = key.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def make_identity(machine, person, person_key=None):
    """A machine of a person, whose key is made unless given: (chain, key) in PEM and the person's
    fingerprint."""
    person_key, machine_key = person_key or Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    chain = [certificate(machine, machine_key, person, person_key, False),
             certificate(person, person_key, person, person_key, True)]
    key = machine_key.private_bytes(PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption())
    return b''.join(each.public_bytes(PEM) for each in chain), key, \
        fingerprint(person_key.public_key())


# Exchanges

class Exchange:
    """One stream and our end of the pair of sockets that stands for it."""

    def __init__(self, protocol, sock):
        self.protocol, self.sock = protocol, sock
        self.id = protocol.open()
        self.arrived = asyncio.Queue()  # bytes; None: no more come
        self.tasks = [asyncio.ensure_future(self.take()), asyncio.ensure_future(self.give())]

    async def take(self):
        """What is written to the pair goes out; its end is a hang-up."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while data := await loop.sock_recv(self.sock, 65536):
                self.protocol.send(self.id, data)
        self.protocol.hang_up(self.id)
        self.close()

    async def give(self):
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            while data := await self.arrived.get():
                await loop.sock_sendall(self.sock, data)
            self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.protocol.exchanges.pop(self.id, None)
        for task in self.tasks:
            task.cancel()
        self.sock.close()


class Protocol(QuicConnectionProtocol):
    """The connection: which stream belongs to which exchange."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.exchanges, self.ended = {}, None  # ended: why

    def open(self):
        # Sent at once, even if empty, so that the next stream gets the next number.
        stream = self._quic.get_next_available_stream_id()
        self._quic.send_stream_data(stream, b'')
        return stream

    def send(self, stream, data):
        if not self.ended:
            self._quic.send_stream_data(stream, data)
            self.transmit()

    def hang_up(self, stream):
        if not self.ended and stream in self._quic._streams:  # else aioquic would begin it anew
            for end in (self._quic.reset_stream, self._quic.stop_stream):
                with contextlib.suppress(AssertionError, RuntimeError):  # this half is over
                    end(stream, RESET_OVER)
            self.transmit()

    def fingerprint(self):
        """Of whom we speak to."""
        return fingerprint(self._quic.tls._peer_certificate.public_key())

    def quic_event_received(self, event):
        if isinstance(event, events.ConnectionTerminated):
            self.ended = event
            for exchange in self.exchanges.values():
                exchange.arrived.put_nowait(None)
        exchange = self.exchanges.get(getattr(event, 'stream_id', None))
        if exchange and isinstance(event, events.StreamDataReceived):
            if event.data:
                exchange.arrived.put_nowait(event.data)
            if event.end_stream:
                exchange.arrived.put_nowait(None)
        elif exchange and isinstance(event, events.StreamReset):
            exchange.arrived.put_nowait(None)


class Carrier:
    """The way to one boxd. A connection that was lost is made anew for the next exchange."""

    def __init__(self, host, port, chain, key, peer):
        self.to, self.peer = (host, port), peer  # peer: the fingerprint that must answer
        self.configuration = QuicConfiguration(alpn_protocols=['op/1'], verify_mode=ssl.CERT_NONE)
        self.configuration.load_cert_chain(chain, key)
        self.loop = asyncio.new_event_loop()
        self.protocol, self.dialling = None, asyncio.Lock()
        self.ways = contextlib.AsyncExitStack()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self._run(self._leave())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    async def _leave(self):
        for exchange in list(self.protocol.exchanges.values()) if self.protocol else []:
            exchange.close()
        await self.ways.aclose()

    async def _open(self, sock):
        async with self.dialling:
            if self.protocol is None or self.protocol.ended:
                self.protocol = await self.ways.enter_async_context(
                    connect(*self.to, configuration=self.configuration, create_protocol=Protocol))
                if self.protocol.fingerprint() != self.peer:
                    raise ConnectionError('somebody else answers')
        exchange = Exchange(self.protocol, sock)
        self.protocol.exchanges[exchange.id] = exchange

    def connect(self):
        """A socket for one exchange."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        try:
            self._run(self._open(theirs))
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return ours
