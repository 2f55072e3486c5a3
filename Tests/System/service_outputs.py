"""Outputs that change while the service runs: what waits for them in a disk buffer goes over to the successor."""
import contextlib
import pathlib
import socket
import threading

from service_kit import Service, read_lines, wait_for

LINES = 40_000
# More than a disk buffer of 1 MiB and the 4 MiB in front of it hold.
FLOOD = 200_000

CONFIGURATION = """
inputs:
  lines: {{ type: file, include: ["in.log"], format: plain, start: beginning }}
outputs:
  far:
    type: tcp
    address: tcp://127.0.0.1:{port}
    encoding: raw
    connect_timeout: {connect}s
    retry: {{ initial: 10ms, max: 50ms }}
    buffer: {{ type: {buffer}, max_size: {size} }}
"""


class Collector:
    """Takes one connection after the other on loopback and keeps the lines of all."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, connection.makefile("rb") as stream:
                    for line in stream:
                        self.lines.append(line)

    def close(self):
        # A thread in `accept` is woken by this, and not by a close.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


def dead_port():
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def configuration(port, connect=5, buffer="disk", size="1MiB"):
    return CONFIGURATION.format(port=port, connect=connect, buffer=buffer, size=size)


def line(number):
    return b"%06d a line of text as long as lines of logs are, more or less so\n" % number


def write_lines(folder, numbers):
    with open(folder / "in.log", "ab") as file:
        file.write(b"".join(map(line, numbers)))


def expect_all(collector, count):
    """Every line is there and the first of each came in order; answers how many came twice."""
    wait_for(lambda: len(set(collector.lines)) >= count, 60, f"{count} lines")
    assert list(dict.fromkeys(collector.lines)) == [line(number) for number in range(count)]
    return len(collector.lines) - count


def is_blocked(service):
    """Whether the only output's buffer is full, the way to it as well, and the lane waits."""
    before = service.status()
    after = service.status()
    output = after["outputs"][0]
    # The next parcel has up to 256 KiB.
    return output["disk_buffer"]["bytes"] > 512 << 10 and output["queue"]["bytes"] > 3 << 20 \
        and before["ledger"]["received"] == after["ledger"]["received"] < FLOOD


def test_a_full_disk_buffer_goes_over_to_a_changed_output(folder):
    """The receiver is dead and the buffer full; two changes help nothing, the third names a receiver that lives."""
    write_lines(folder, range(FLOOD))
    service = Service(folder, configuration(dead_port()))
    collector = Collector()
    try:
        service.start()
        wait_for(lambda: is_blocked(service), what="a full buffer")
        for port in (dead_port(), dead_port(), collector.port):
            service.configure(configuration(port))
            answer = service.verb("reload", "--wait", check=0)
            assert "output `far` hands its disk buffer over" in answer.stdout, answer.stdout
        assert expect_all(collector, FLOOD) == 0
        wait_for(lambda: service.status()["ledger"]["in_flight"] == 0, what="the last answer")
        ledger = service.ledger()
        assert ledger["received"] == ledger["delivered"] == FLOOD, ledger
        assert [output["name"] for output in service.status()["outputs"]] == ["far"]
        service.stop()
    finally:
        service.end()
        collector.close()


def test_an_output_that_changes_under_load_loses_nothing(folder):
    """Its options change twenty times while lines come, several times before the last change is through."""
    collector = Collector()
    service = Service(folder, configuration(collector.port))
    write_lines(folder, range(0))
    try:
        service.start()
        for turn in range(20):
            write_lines(folder, range(turn * 2_000, (turn + 1) * 2_000))
            service.configure(configuration(collector.port, connect=turn % 7 + 1, size=f"{turn % 3 + 1}MiB"))
            service.verb("reload", "--wait", check=0)
        # A hand-over that is through sends nothing twice.
        assert expect_all(collector, LINES) == 0
        service.stop()
    finally:
        service.end()
        collector.close()


def test_what_an_output_leaves_in_its_buffer_is_told_and_sent_when_it_is_back(folder):
    write_lines(folder, range(100))
    service = Service(folder, configuration(dead_port()))
    collector = Collector()
    try:
        service.start()
        wait_for(lambda: service.status()["outputs"][0]["disk_buffer"]["events"] == 100, what="a stored event")
        service.configure("inputs:\n  lines: { type: file, include: [in.log], format: plain }\n"
                          "outputs:\n  other: { type: file, path: other.txt, encoding: raw }\n")
        service.verb("reload", "--wait", check=0)
        said = "output `far` left the configuration with 100 events in its disk buffer"
        wait_for(lambda: said in service.said(), what=said)
        write_lines(folder, range(100, 110))
        wait_for(lambda: len(read_lines(folder / "other.txt")) == 10, what="the other output")
        service.configure(configuration(collector.port))
        service.verb("reload", "--wait", check=0)
        write_lines(folder, range(110, 120))
        expected = [line(number) for number in (*range(100), *range(110, 120))]
        wait_for(lambda: len(collector.lines) >= len(expected), what="what was left")
        assert collector.lines == expected
        service.stop()
        assert pathlib.Path(folder / "data/buffers/far.db").exists()
    finally:
        service.end()
        collector.close()
