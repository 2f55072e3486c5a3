"""What is promised of network inputs while things happen: reloads, a change of one input, a disk that is full."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from network_kit import free_port
from service_kit import Service, read_lines, wait_for

# The rule of one generation: each event says which one it went through, and where it came from.
RULE = "function process(event, meta) event.generation = %d event.via = meta.input meta.at = meta.input end\n"


class Sender(threading.Thread):
    """Sends numbered messages over one connection, or one datagram socket, until it is told to stop."""

    def __init__(self, make, end, pause):
        super().__init__(daemon=True)
        self.make, self.end_of_line, self.pause = make, end, pause
        self.count = 0
        self.stopped = threading.Event()
        self.fault = None

    def run(self):
        try:
            with self.make() as connection:
                while not self.stopped.is_set():
                    for _ in range(10):
                        connection.sendall(b"<13>Oct 11 22:14:15 web1 app: %d x" % self.count + self.end_of_line)
                        self.count += 1
                    time.sleep(self.pause)
        except OSError as fault:
            self.fault = fault

    def finish(self):
        self.stopped.set()
        self.join()
        assert self.fault is None, self.fault
        return self.count


def connected(family, kind, address):
    made = socket.socket(family, kind)
    made.settimeout(60)
    made.connect(str(address) if family == socket.AF_UNIX else address)
    return made


def four_ways(folder):
    """Ports and paths of a service, its inputs as text, and how to reach each."""
    tcp, udp = free_port(), free_port(socket.SOCK_DGRAM)
    inputs = f"""
  tcp: {{ type: syslog, listen: "tcp://127.0.0.1:{tcp}" }}
  udp: {{ type: syslog, listen: "udp://127.0.0.1:{udp}", receive_buffer: 4MiB }}
  stream: {{ type: syslog, listen: "unix:{folder}/s" }}
  gram: {{ type: syslog, listen: "unixgram:{folder}/g" }}"""
    return inputs, {
        "tcp": (lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", tcp)), b"\n"),
        "udp": (lambda: connected(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", udp)), b""),
        "stream": (lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, folder / "s"), b"\n"),
        "gram": (lambda: connected(socket.AF_UNIX, socket.SOCK_DGRAM, folder / "g"), b""),
    }


def inputs_of(service):
    return {entry["name"]: entry for entry in service.status()["inputs"]}


def test_twenty_reloads_under_load_close_no_connection_and_lose_nothing(folder):
    inputs, ways = four_ways(folder)
    configuration = f"inputs:{inputs}\nrules: [rule.lua]\noutputs:\n  main: {{ type: file, path: \"out/{{@at}}.ndjson\" }}\n"
    service = Service(folder, configuration + "reload: { watch: false }\n", {"rule.lua": RULE % 1})
    try:
        service.start()
        senders = {name: Sender(*way, 0.005) for name, way in ways.items()}
        for sender in senders.values():
            sender.start()
        for number in range(2, 22):
            service.write("rule.lua", RULE % number)
            service.verb("reload", "--wait", check=0)
        counts = {name: sender.finish() for name, sender in senders.items()}
        for name, count in counts.items():
            path = folder / "out" / f"{name}.ndjson"
            wait_for(lambda: len(read_lines(path)) >= count, 30, f"{count} messages at `{name}`")
            events = [json.loads(line) for line in read_lines(path)]
            assert [int(event["message"].split()[0]) for event in events] == list(range(count)), name
            # Every generation that ran while it was sent took its part, in its turn.
            generations = [event["generation"] for event in events]
            assert generations == sorted(generations) and len(set(generations)) >= 15, (name, sorted(set(generations)))
        found = inputs_of(service)
        assert found["tcp"]["connections"] == found["stream"]["connections"] == 1, found
        assert found["udp"].get("datagrams_lost", 0) == 0, found["udp"]
        assert service.ledger()["delivered"] == sum(counts.values())
        print(f"    {counts}, 21 generations")
        service.stop()
    finally:
        service.end()


def test_a_change_of_one_input_leaves_the_connections_of_others_alone(folder):
    first, second = free_port(), free_port()
    text = """
inputs:
  a: {{ type: tcp, listen: "tcp://127.0.0.1:{0}", format: plain }}
  b: {{ type: tcp, listen: "tcp://127.0.0.1:{1}", format: plain{2} }}
outputs:
  main: {{ type: file, path: main.ndjson }}
"""

    def messages():
        return sorted(json.loads(line)["message"] for line in read_lines(folder / "main.ndjson"))
    service = Service(folder, text.format(first, second, ""))
    try:
        service.start()
        one, other = [connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) for port in (first, second)]
        for connection, name in ((one, b"one"), (other, b"other")):
            connection.sendall(name + b" before\n")
        wait_for(lambda: len(messages()) == 2, what="the first lines")
        # What has come by then is read before the connection is closed, its last line without an end too.
        other.sendall(b"".join(b"other %d\n" % number for number in range(1_000)) + b"other end")
        service.configure(text.format(first, second, ", connections_max: 50"))
        service.verb("reload", "--wait", check=0)
        assert other.recv(1) == b""
        one.sendall(b"one after\n")
        with connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", second)) as again:
            again.sendall(b"other after\n")
        wanted = sorted(["one before", "other before", "one after", "other after", "other end"] + [f"other {n}" for n in range(1_000)])
        wait_for(lambda: len(messages()) >= len(wanted), what="everything")
        assert messages() == wanted
        assert inputs_of(service)["a"]["connections"] == 1
        one.close()
        other.close()
        service.stop()
    finally:
        service.end()


def test_a_full_disk_makes_senders_wait_and_is_gone_by_itself(folder):
    """In a mount namespace of its own, on a file system that another file fills but for 1 MiB."""
    script = f"""
set -e
mkdir -p {folder}/out
mount -t tmpfs -o size=128m none {folder}/out
head -c 127M /dev/zero > {folder}/out/ballast
exec python3 {__file__} full-disk {folder}
"""
    result = subprocess.run(["unshare", "-m", "bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, (result.stdout[-2000:], result.stderr[-3000:])
    print(result.stdout, end="")


def full_disk(folder):
    inputs, ways = four_ways(folder)
    service = Service(
        folder, f"inputs:{inputs}\nrules: [rule.lua]\noutputs:\n  main:\n    type: file\n    path: out/main.ndjson\n"
        "    retry: { initial: 20ms, max: 100ms }\n    buffer: { max_events: 2000 }\n", {"rule.lua": RULE % 1})
    try:
        service.start()
        senders = {name: Sender(*way, 0) for name, way in ways.items()}
        for sender in senders.values():
            sender.start()
        wait_for(lambda: service.status()["outputs"][0]["state"] == "failing", 30, "the error")
        assert "No space left" in service.said()

        def lost():
            return inputs_of(service)["udp"].get("datagrams_lost", 0)

        def sent():
            return {name: senders[name].count for name in ("tcp", "stream", "gram")}

        def are_held_up():
            before = sent()
            time.sleep(0.5)
            return sent() == before
        # UDP is not held up: what the kernel drops is counted while it does. The others wait.
        wait_for(lambda: lost() > 0, 30, "datagrams that were lost")
        assert "the kernel dropped " in service.said(), service.said()
        wait_for(are_held_up, 30, "a stop of the senders")
        for sender in senders.values():
            sender.stopped.set()
        senders["udp"].join()
        os.unlink(folder / "out" / "ballast")
        counts = {name: sender.finish() for name, sender in senders.items()}
        events = folder / "out" / "main.ndjson"
        wait_for(lambda: len(read_lines(events)) + lost() >= sum(counts.values()), 60, "everything")
        taken = {name: [] for name in counts}
        for line in read_lines(events):
            event = json.loads(line)
            taken[event["via"]].append(int(event["message"].split()[0]))
        for name in ("tcp", "stream", "gram"):
            assert taken[name] == list(range(counts[name])), (name, len(taken[name]), counts[name])
        assert taken["udp"] == sorted(set(taken["udp"])) and len(taken["udp"]) + lost() == counts["udp"], (len(taken["udp"]), lost())
        service.ledger()
        print(f"    {counts}, {lost()} datagrams lost and counted")
        service.stop()
    finally:
        service.end()


if __name__ == "__main__":
    if sys.argv[1] == "full-disk":
        full_disk(pathlib.Path(sys.argv[2]))
