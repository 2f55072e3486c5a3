"""What a daemon that is measured is sent: the lines of a file, over one TCP connection or as UDP datagrams at a fixed rate."""

import os
import shutil
import socket
import subprocess
import threading
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LISTEN_SECONDS = 10
DATAGRAM_BYTES_MAX = 2048


class FeedError(Exception):
    """The sender cannot be had."""


def free_port(kind=socket.SOCK_STREAM):
    """A port on loopback that nothing listens on."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Feed:
    """Sends on a thread of its own, as soon as something listens. What a daemon does not take, its short outputs tell."""

    def __init__(self, port, path):
        self.port, self.path = port, path
        self.began = None  # wall clock at the first byte
        self.has_ended = threading.Event()

    def start(self):
        """Begins to wait for the listener."""
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        """Sends everything."""
        try:
            self.send()
        except OSError:
            pass  # the daemon went away
        finally:
            self.has_ended.set()

    def patience(self):
        """Moments in which to look whether something listens."""
        end = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < end:
            yield
            time.sleep(0.01)


class ConnectionFeed(Feed):
    """One TCP connection."""

    def send(self):
        for _ in self.patience():
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), 30)
                break
            except ConnectionRefusedError:
                continue
        else:
            return
        with connection, open(self.path, "rb") as file:
            self.began = time.time()
            connection.sendfile(file)


class DatagramFeed(Feed):
    """Each line as a datagram, so many a second. The sender is a process of its own: a thread of ours could not keep the rate."""

    def __init__(self, port, path, lines, rate, folder):
        super().__init__(port, path)
        self.lines, self.rate = lines, rate
        self.program = sender_program(os.path.dirname(folder))
        self.sent = 0
        self.rate_reached = 0

    def is_heard(self):
        """Whether a UDP socket is bound to the port."""
        for table in ("/proc/net/udp", "/proc/net/udp6"):
            with open(table) as file:
                if any(line.split()[1].endswith(f":{self.port:04X}") for line in file):
                    return True
        return False

    def send(self):
        for _ in self.patience():
            if self.is_heard():
                break
        else:
            return
        self.began = time.time()
        arguments = [self.program, "udp", self.port, self.lines, self.rate, DATAGRAM_BYTES_MAX, self.path]
        answer = subprocess.run([str(each) for each in arguments], capture_output=True, text=True)
        if answer.returncode == 0:
            self.sent, self.rate_reached = (int(figure) for figure in answer.stdout.split())


def sender_program(folder):
    """The sender of datagrams that the tests use too, built once."""
    source, program = os.path.join(PROJECT, "Tests", "System", "datagram_load.c"), os.path.join(folder, "datagram_load")
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        compiler = shutil.which("clang") or shutil.which("cc")
        if not compiler:
            raise FeedError("no C compiler for the sender of datagrams; install clang, or leave the workloads W4-UDP out with `--only`")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return program
