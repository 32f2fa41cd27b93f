"""The peer `gevent`: StreamServer with a greenlet for each connection, as its documentation shows.

Prints {"port":N}, ends when stdin closes.
"""

import json
import os
import socket
import sys

import gevent
from gevent import os as gevent_os
from gevent.server import StreamServer

BLOCK = bytes(65536)


def echo(conn, address):
    while data := conn.recv(65536):
        conn.sendall(data)


def sink(conn, address):
    into = bytearray(65536)
    while conn.recv_into(into):
        pass


def source(conn, address):
    while True:
        conn.sendall(BLOCK)


def duplex(conn, address):
    gevent.spawn(source, conn, address)
    sink(conn, address)


def served(handle):
    def session(conn, address):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            handle(conn, address)
        except OSError:
            pass
        finally:
            conn.close()

    return session


modes = {"echo": echo, "sink": sink, "source": source, "duplex": duplex}
server = StreamServer(("127.0.0.1", 0), served(modes[sys.argv[1]]), backlog=4096)
server.start()
print(json.dumps({"port": server.server_port}), flush=True)
while gevent_os.tp_read(0, 256):
    pass
os._exit(0)
