# SPDX-License-Identifier: MIT
"""Runs on a node: foreign QUIC clients (aioquic) that another node's boxd has no reason to let in.

    python3 strangers.py HOST PORT CHAIN KEY COUNT

Makes COUNT connections for op/1, some at a time, each showing the certificates of the PEM file CHAIN
with KEY; prints how often each was closed with which error, as JSON.
"""

import asyncio
import collections
import json
import ssl
import sys

from aioquic.asyncio.client import connect
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated
from aioquic.asyncio.protocol import QuicConnectionProtocol

AT_A_TIME = 8
PATIENCE_S = 20


class Stranger(QuicConnectionProtocol):
    """Remembers why it was turned away."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.over = asyncio.get_running_loop().create_future()

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated) and not self.over.done():
            self.over.set_result(event.error_code)


async def knock(host, port, configuration):
    async with connect(host, port, configuration=configuration, create_protocol=Stranger,
                       wait_connected=False) as client:
        client.transmit()
        return await asyncio.wait_for(client.over, PATIENCE_S)


async def main(host, port, chain, key, count):
    configuration = QuicConfiguration(alpn_protocols=["op/1"], verify_mode=ssl.CERT_NONE)
    configuration.load_cert_chain(chain, key)
    seen = collections.Counter()
    left = iter(range(count))

    async def some():
        for _ in left:
            seen[await knock(host, port, configuration)] += 1

    await asyncio.gather(*(some() for _ in range(AT_A_TIME)))
    print(json.dumps({str(code): times for code, times in seen.items()}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
