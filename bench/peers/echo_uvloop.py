"""The peer `uvloop`: asyncio protocols on uvloop, the fastest shape its documentation names. TCP_NODELAY is its default.

Prints {"port":N}, ends when stdin closes.
"""

import asyncio
import json
import os
import sys

import uvloop

BLOCK = bytes(65536)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Sink(asyncio.BufferedProtocol):
    buffer = bytearray(65536)

    def get_buffer(self, size_hint):
        return self.buffer

    def buffer_updated(self, count):
        pass


class Source(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.is_paused = False
        self.is_lost = False
        self.loop = asyncio.get_running_loop()
        self.fill()

    def fill(self):
        for _ in range(16):
            if self.is_paused or self.is_lost:
                return
            self.transport.write(BLOCK)
        self.loop.call_soon(self.fill)

    def pause_writing(self):
        self.is_paused = True

    def resume_writing(self):
        self.is_paused = False
        self.fill()

    def connection_lost(self, error):
        self.is_lost = True


class Duplex(Source, Sink):
    pass


async def main():
    modes = {"echo": Echo, "sink": Sink, "source": Source, "duplex": Duplex}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(modes[sys.argv[1]], "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = loop.create_future()

    def at_stdin():
        if not os.read(0, 256):
            loop.remove_reader(0)
            ended.set_result(None)

    loop.add_reader(0, at_stdin)
    await ended
    os._exit(0)


uvloop.install()
asyncio.run(main())
