"""Acknowledged outputs over a link with delay: what is under way does not wait for one answer after the other."""
import collections
import json
import socket
import threading
import time

from network_kit import free_port
from service_kit import Service, read_lines, wait_for

COUNT = 100_000
ROUND_TRIP_SECONDS = 0.05
# A usual batch has 1 MiB, one of an output that waits for its receiver 8 MiB.
UNANSWERED_BYTES_MIN = 3 << 20


class FarLink:
    """Stands between two programs on loopback and lets every byte arrive half a round trip later; knows how much went out unanswered."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.unanswered = self.most_unanswered = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # the test is over
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, target, note in ((client, server, self.went), (server, client, self.answered)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                queue = collections.deque()
                ready = threading.Semaphore(0)
                threading.Thread(target=self.read, args=(source, queue, ready, note), daemon=True).start()
                threading.Thread(target=self.write, args=(target, queue, ready), daemon=True).start()

    def went(self, count):
        self.unanswered += count
        self.most_unanswered = max(self.most_unanswered, self.unanswered)

    def answered(self, _):
        self.unanswered = 0

    @staticmethod
    def read(source, queue, ready, note):
        block = b"begin"
        while block:
            try:
                block = source.recv(256 << 10)
            except OSError:
                block = b""
            note(len(block))
            queue.append((time.monotonic() + ROUND_TRIP_SECONDS / 2, block))
            ready.release()

    @staticmethod
    def write(target, queue, ready):
        while ready.acquire():
            due, block = queue.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not block:
                    return target.shutdown(socket.SHUT_WR)
                target.sendall(block)
            except OSError:
                return


def keeps_a_far_receiver_busy(folder, kind):
    """Sends a file over the link; everything has to come once and in order, and much has to be under way at once."""
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    port = free_port()
    link = FarLink(port)
    (folder / "in.log").write_text("".join(f"{number} {'x' * 250}\n" for number in range(COUNT)))
    center = Service(folder / "b", f"inputs:\n  net: {{ type: {kind}, listen: \"tcp://127.0.0.1:{port}\" }}\n"
                     "outputs:\n  main: { type: file, path: main.ndjson }\n")
    host = Service(folder / "a", f"inputs:\n  lines: {{ type: file, include: [\"{folder}/in.log\"], format: plain }}\n"
                   f"outputs:\n  far: {{ type: {kind}, address: \"tcp://127.0.0.1:{link.port}\", compression: none }}\n")
    path = folder / "b" / "main.ndjson"
    try:
        center.start()
        began = time.monotonic()
        host.start()
        wait_for(lambda: len(read_lines(path)) >= COUNT, 60, f"{COUNT} events")
        took = time.monotonic() - began
        found = [int(json.loads(line)["message"].split()[0]) for line in read_lines(path)]
        assert found == list(range(COUNT)), "lost, twice, or not in order"
        print(f"    {COUNT / took:,.0f} events/s at {ROUND_TRIP_SECONDS * 1e3:.0f} ms, {link.most_unanswered >> 10} KiB without an answer")
        assert link.most_unanswered >= UNANSWERED_BYTES_MIN, link.most_unanswered
        host.stop()
        center.stop()
    finally:
        host.end()
        center.end()
        link.listener.close()


def test_a_far_sluice_is_kept_busy(folder):
    keeps_a_far_receiver_busy(folder, "sluice")


def test_a_far_receiver_of_the_forward_protocol_is_kept_busy(folder):
    keeps_a_far_receiver_busy(folder, "forward")
