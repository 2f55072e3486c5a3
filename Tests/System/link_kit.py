"""Two network namespaces with a cable between them, which tests pull out, and a peer that takes what is sent to it."""
import contextlib
import ctypes
import json
import os
import pathlib
import subprocess
import sys

from service_kit import read_lines, wait_for

NEAR, FAR = "198.18.0.1", "198.18.0.2"

# setns(2); Python 3.11 has no name for it.
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


class Link:
    """The namespaces `near` and `far`; each has the other's address behind a veth device, and its own loopback."""

    def __init__(self):
        self.near, self.far = (f"sluice{os.getpid()}{end}" for end in ("near", "far"))

    def ip(self, *arguments, check=True):
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=check, timeout=20)

    def inside(self, name, *command):
        """A command that runs in a namespace."""
        return ["ip", "netns", "exec", name, *command]

    @contextlib.contextmanager
    def sockets_of(self, name):
        """What this thread opens meanwhile belongs to a namespace, and stays there."""
        with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{name}") as other:
            assert LIBC.setns(other.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert LIBC.setns(own.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())

    def cut(self):
        """The cable is out: the near end sees it."""
        self.ip("-n", self.far, "link", "set", "cable", "down")

    def mend(self):
        self.ip("-n", self.far, "link", "set", "cable", "up")

    def silence(self):
        """Everything that is sent goes to nobody, and nothing tells so, as when a host behind switches loses its power."""
        for name, other in ((self.near, FAR), (self.far, NEAR)):
            self.ip("-n", name, "neigh", "replace", other, "lladdr", "02:00:00:00:00:99", "dev", "cable", "nud", "permanent")

    def slow(self):
        """What goes to the far end waits, and the near end believes that it has gone."""
        self.ip("-n", self.far, "link", "set", "cable", "arp", "off")
        self.ip("-n", self.near, "neigh", "flush", "dev", "cable")

    def quicken(self):
        self.ip("-n", self.far, "link", "set", "cable", "arp", "on")

    def hear(self):
        for name, other in ((self.near, FAR), (self.far, NEAR)):
            self.ip("-n", name, "neigh", "del", other, "dev", "cable")


@contextlib.contextmanager
def linked():
    """A link; None where none can be made."""
    link = Link()
    made = [link.ip("netns", "add", name, check=False).returncode == 0 for name in (link.near, link.far)]
    try:
        command = ["-n", link.near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", link.far]
        if not all(made) or link.ip(*command, check=False).returncode:
            print("    skipped: no network namespace can be made here (`ip netns add` is not permitted)")
            yield None
            return
        for name, address in ((link.near, NEAR), (link.far, FAR)):
            link.ip("-n", name, "link", "set", "lo", "up")
            link.ip("-n", name, "addr", "add", f"{address}/30", "dev", "cable")
            link.ip("-n", name, "link", "set", "cable", "up")
        yield link
    finally:
        for name in (link.near, link.far):
            link.ip("netns", "del", name, check=False)


# Listens once for each name and writes each connection to a file of its own; names that begin with `tls` speak it.
PEER = """
import contextlib, json, os, socket, ssl, sys, threading, time
folder, host, certificate, *names = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if certificate:
    context.load_cert_chain(certificate + ".pem", certificate + ".key")

def take(connection, name):
    with contextlib.suppress(OSError), open(f"{folder}/{name}/{time.time_ns()}", "ab", buffering=0) as file:
        if name.startswith("tls"):
            connection = context.wrap_socket(connection, server_side=True)
        while data := connection.recv(65536):
            file.write(data)
        # The farewell of TLS.
        if name.startswith("tls"):
            connection = connection.unwrap()
        connection.close()

def listen(server, name):
    while True:
        threading.Thread(target=take, args=[server.accept()[0], name], daemon=True).start()

servers = {name: socket.create_server((host, 0)) for name in names}
for name, server in servers.items():
    os.makedirs(f"{folder}/{name}", exist_ok=True)
    threading.Thread(target=listen, args=[server, name], daemon=True).start()
print(json.dumps({name: server.getsockname()[1] for name, server in servers.items()}), flush=True)
sys.stdin.read()
"""


class Peer:
    """A receiver of streams in a namespace: what came by each name, connection by connection."""

    def __init__(self, folder, link, namespace, host, names, certificate=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.process = subprocess.Popen(
            link.inside(namespace, sys.executable, "-c", PEER, str(self.folder), host, str(certificate), *names), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.ports = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def connections(self, name):
        """The whole lines of each connection, in the order of the connections."""
        return [lines for lines in (read_lines(path) for path in sorted((self.folder / name).iterdir())) if lines]

    def lines(self, name):
        return [line for lines in self.connections(name) for line in lines]


def output(service, name):
    """The counters of an output."""
    return next(found for found in service.status()["outputs"] if found["name"] == name)


def await_counter(service, name, counter, number, seconds=20):
    """Waits until a counter of an output is so large; answers it."""
    return wait_for(lambda: (found := output(service, name).get(counter, 0)) >= number and found, seconds, f"`{counter}` of {number}")
