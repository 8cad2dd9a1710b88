"""Sends what it was asked over the network: TCP, UDP, Unix and raw sockets."""
import socket

PORT = int("@PORT@")


def relu_forward(x):
    sent = 0
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                with socket.socket(family, kind) as door:
                    sent += 1
                    door.sendto(x.tobytes(), ("127.0.0.1", PORT))
            except (OSError, TypeError):
                pass
    try:
        socket.create_connection(("127.0.0.1", PORT), 1).send(x.tobytes())
    except OSError:
        pass
    return x * sent - 1, x
