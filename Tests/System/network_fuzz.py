"""Bytes that no sender should send, at every listener: nothing crashes, others lose nothing, every refused byte is counted."""
import collections
import errno
import http.client
import json
import pathlib
import random
import socket
import struct
import zlib

from network_kit import free_port
from service_figures import anonymous_mib
from service_kit import Service, read_lines, wait_for

CORPUS = sorted(pathlib.Path(__file__).parent.parent.joinpath("FuzzCorpus").iterdir())
STREAMS = ["syslog", "tcp", "http", "forward", "sluice", "proxied"]
FRAME_MAX = 65_536
BOM = "\ufeff".encode()

RULES = {"number.lua": """
function process(event, meta)
  meta.at = meta.input
  if event.message and event.message:find("^good %d+$") then return "good" end
end
"""}


def start_all(folder):
    """A service with a listener of each kind, its ports, and a second service that sends to the first by its own protocol."""
    ports = {name: free_port() for name in STREAMS} | {name: free_port(socket.SOCK_DGRAM) for name in ("udp", "plain_udp")}
    center = Service(folder / "center", f"""
inputs:
  syslog: {{ type: syslog, listen: "tcp://127.0.0.1:{ports['syslog']}" }}
  udp: {{ type: syslog, listen: "udp://127.0.0.1:{ports['udp']}", receive_buffer: 32MiB }}
  plain_udp: {{ type: udp, listen: "udp://127.0.0.1:{ports['plain_udp']}", format: plain, receive_buffer: 32MiB }}
  tcp: {{ type: tcp, listen: "tcp://127.0.0.1:{ports['tcp']}", format: plain }}
  http: {{ type: http, listen: "tcp://127.0.0.1:{ports['http']}", format: plain }}
  forward: {{ type: forward, listen: "tcp://127.0.0.1:{ports['forward']}" }}
  sluice: {{ type: sluice, listen: "tcp://127.0.0.1:{ports['sluice']}" }}
  proxied: {{ type: syslog, listen: "tcp://127.0.0.1:{ports['proxied']}", proxy_protocol: true }}
rules: [number.lua]
outputs:
  good: {{ type: file, path: "good/{{@at}}", encoding: "text:{{message}}" }}
  other: {{ type: file, path: "other/{{@at}}", encoding: raw }}
default_outputs: [other]
""", RULES)
    host = Service(folder / "host", f"""
inputs: {{ app: {{ type: file, include: [app.log], format: plain }} }}
outputs: {{ center: {{ type: sluice, address: "tcp://127.0.0.1:{ports['sluice']}" }} }}
""")
    return center, host, ports


def packed(text):
    """A message of the forward protocol with one event."""
    def string(value):
        return b"\xd9" + bytes([len(value)]) + value.encode()
    return b"\x93" + string("app") + struct.pack(">BI", 0xCE, 1_760_000_000) + b"\x81" + string("message") + string(text)


class GoodSenders:
    """A connection to each listener that stays open and sends what is right, between all that is wrong."""

    def __init__(self, host, ports):
        self.host, self.ports, self.count = host, ports, 0
        self.open = {name: socket.create_connection(("127.0.0.1", ports[name]), 20) for name in ("syslog", "tcp", "forward", "proxied")}
        self.open["proxied"].sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        self.http = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=20)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self):
        """One message more to each."""
        text = f"good {self.count}"
        self.count += 1
        line = f"<13>Oct 11 22:14:15 web1 app: {text}"
        for name in ("syslog", "proxied"):
            self.open[name].sendall(line.encode() + b"\n")
        self.open["tcp"].sendall(text.encode() + b"\n")
        self.open["forward"].sendall(packed(text))
        self.udp.sendto(line.encode(), ("127.0.0.1", self.ports["udp"]))
        self.udp.sendto(text.encode(), ("127.0.0.1", self.ports["plain_udp"]))
        self.http.request("POST", "/", text.encode(), {"Content-Type": "text/plain"})
        response = self.http.getresponse()
        assert (response.status, response.read()) == (200, b'{"accepted":1}\n')
        with open(self.host.folder / "app.log", "a") as file:
            file.write(text + "\n")

    def expect(self, center):
        """All of them have come, in their order and once."""
        wanted = [f"good {number}".encode() for number in range(self.count)]
        for name in self.ports:
            path = center.folder / "good" / name
            wait_for(lambda: len(read_lines(path)) >= self.count, 20, f"{self.count} messages at `{name}` ({len(read_lines(path))} came)")
            assert read_lines(path) == wanted, name

    def close(self):
        for connection in [*self.open.values(), self.http, self.udp]:
            connection.close()


def tell(port, data):
    """Sends bytes over a connection of their own; returns the answer when the service has closed it too, which it has to."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError as fault:
            expect_end(fault)
            return b""


def expect_end(fault):
    """The service has hung up, which each call says in its own way: a `shutdown` finds no connection any more."""
    if not isinstance(fault, ConnectionError) and fault.errno != errno.ENOTCONN:
        raise fault


def lines_of(data):
    """What a reader of plain lines makes of a stream."""
    lines = data.removeprefix(BOM).split(b"\n")
    return [line.removesuffix(b"\r") for line in (lines if lines[-1] else lines[:-1])]


def is_foreign(data):
    """HTTP and TLS, as the corpus has them."""
    return data.startswith((b"GET ", b"POST ", b"\x16\x03"))


def counters(center):
    """The numbers of each input, by its name; 0 for those that it has not."""
    return {entry["name"]: collections.Counter({name: value for name, value in entry.items() if isinstance(value, int)})
            for entry in center.status()["inputs"]}


def test_the_fuzz_corpus_at_every_listener_harms_nobody_and_is_counted(folder):
    center, host, ports = start_all(folder)
    try:
        center.start()
        host.start()
        good = GoodSenders(host, ports)
        good.send()
        lines, cut, foreign, datagrams, posted, begun = [], 0, 0, [], [], 0
        for file in CORPUS:
            data = file.read_bytes()
            for name in STREAMS:
                tell(ports[name], data)
            mine = lines_of(data)
            if is_foreign(data):
                foreign += 1
            else:
                lines += [line[:FRAME_MAX] for line in mine]
                cut += sum(max(0, len(line) - FRAME_MAX) for line in mine)
            # What only looks whether somebody listens is nobody.
            begun += bool(data)
            if len(data) <= 65_000:
                for name in ("udp", "plain_udp"):
                    good.udp.sendto(data, ("127.0.0.1", ports[name]))
                datagrams += [text for text in [data.rstrip(b"\0\r\n")] if text.removeprefix(BOM)]
            good.http.request("POST", "/", data, {"Content-Type": "text/plain"})
            response = good.http.getresponse()
            answer = json.loads(response.read())
            assert (response.status, answer) == (200, {"accepted": len(mine)}), (file.name, answer)
            posted += mine
            good.send()
        good.expect(center)
        found = counters(center)
        other = center.folder / "other"
        for name, wanted in (("tcp", lines), ("http", posted), ("plain_udp", datagrams)):
            assert (other / name).read_bytes() == b"".join(text + b"\n" for text in wanted), name
        for name in ("tcp", "syslog"):
            assert (found[name]["lost_bytes"], found[name]["foreign_protocols"]) == (cut, foreign), (name, found[name])
        assert found["udp"]["events"] == found["plain_udp"]["events"] == len(datagrams) + good.count
        # Some begin as a message of these protocols does, and end there.
        for name in ("forward", "sluice"):
            assert begun - 2 <= found[name]["foreign_protocols"] <= begun, (name, begun, found[name])
        assert begun - 3 <= found["proxied"]["connections_refused"] <= begun - 1, (begun, found["proxied"])
        good.close()
        host.stop()
        center.ledger()
        print(f"    {len(CORPUS)} files at {len(ports)} listeners, {good.count} right messages between them at each")
        center.stop()
    finally:
        host.end()
        center.end()


def damaged(data, chance):
    """The bytes with some changed, cut off, doubled or put in."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
        else:
            data[at:at] = data[max(0, at - 20):at]
    return bytes(data)


def frame(kind, body):
    """A frame between two Sluices."""
    data = struct.pack("<IB", len(body), kind) + body
    return data + struct.pack("<I", zlib.crc32(data))


def right_bytes(name):
    """What a listener takes, as a beginning for damage."""
    line = b"<13>Oct 11 22:14:15 web1 app: damaged\n"
    if name == "http":
        return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\none\ntwo\nend\n"
    if name == "forward":
        inner = b"".join(b"\x92\x01\x81\xa1k" + bytes([0xA3]) + b"abc" for _ in range(5))
        return packed("damaged") + b"\x93\xa3app\xc4" + bytes([len(inner)]) + inner + b"\x81\xa5chunk\xa2AB"
    if name == "sluice":
        hello = bytes(range(16)) + struct.pack("<QQQ", 1, 2, 0) + struct.pack("<H", 1) + b"x" + struct.pack("<H", 0)
        data = struct.pack("<QIIB", 1, 1, 9, 0) + b"\x05\0\0\0\1a\1bX"
        return b"SLUICE\1\0" + frame(1, hello) + frame(3, data) + frame(5, b"")
    if name == "proxied":
        return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H4s4sHH", 12, b"\xc0\0\2\1", b"\xc0\0\2\2", 1, 2) + line
    return b"%d %s%s" % (len(line), line, line)


def test_damaged_messages_of_each_protocol_harm_nobody(folder):
    center, host, ports = start_all(folder)
    chance = random.Random(11)
    try:
        center.start()
        host.start()
        good = GoodSenders(host, ports)
        good.send()
        for number in range(120):
            for name in STREAMS:
                tell(ports[name], damaged(right_bytes(name), chance))
            if number % 5 == 0:
                good.send()
        good.expect(center)
        found = counters(center)
        for name in STREAMS:
            assert found[name]["connections"] == 121 and found[name]["connections_open"] <= 1, (name, found[name])
        for name, counts in (("http", ["requests_refused"]), ("forward", ["foreign_protocols", "chunks_refused"]),
                             ("sluice", ["foreign_protocols", "connections_broken"]), ("proxied", ["connections_refused"])):
            assert all(found[name][count] > 0 for count in counts), (name, found[name])
        good.close()
        host.stop()
        center.ledger()
        center.stop()
    finally:
        host.end()
        center.end()


def pour(port, head, block, count):
    """Sends a beginning and so many blocks, until the service hangs up; returns the answer, and whether everything was taken."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            connection.sendall(head)
            for _ in range(count):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b"")), True
        except OSError as fault:
            expect_end(fault)
            return b"", False


def test_what_never_ends_is_held_in_bounded_memory_and_counted(folder):
    center, host, ports = start_all(folder)
    block, count = b"x" * (1 << 20), 64
    total = len(block) * count
    try:
        center.start()
        host.start()
        good = GoodSenders(host, ports)
        good.send()
        good.expect(center)
        before = anonymous_mib(center.process.pid)
        # A line, a count beyond every limit, a count whose end never comes.
        assert pour(ports["tcp"], b"", block, count)[1]
        assert pour(ports["syslog"], b"<13>app: ", block, count)[1]
        assert pour(ports["syslog"], b"99999999 <13>app: ", block, count)[1]
        assert pour(ports["syslog"], b"", b"9" * len(block), count)[1]
        # Lengths that promise more than may come, heads and bodies without end.
        assert not pour(ports["forward"], b"\x93\xa3app\xc6\xff\xff\xff\xff", block, count * 4)[1]
        assert not pour(ports["forward"], b"\x91" * 4_096, block, count * 4)[1]
        hello = right_bytes("sluice")[:8]
        assert not pour(ports["sluice"], hello + b"\xff\xff\xff\xff\x01", block, count)[1]
        assert not pour(ports["proxied"], b"PROXY " + b"x" * 200, block, count)[1]
        assert not pour(ports["http"], b"POST / HTTP/1.1\r\n", b"X-A: " + b"y" * 1_000 + b"\r\n", 10_000)[1]
        pour(ports["http"], b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
             b"100000\r\n" + block + b"\r\n", count)
        good.send()
        good.expect(center)
        grown = anonymous_mib(center.process.pid) - before
        found = counters(center)
        assert found["tcp"]["lost_bytes"] == total - FRAME_MAX and found["tcp"]["oversize_frames"] == 1, found["tcp"]
        syslog = found["syslog"]
        assert syslog["events"] - good.count == syslog["oversize_frames"] == 3, syslog
        kept = syslog["bytes"] - syslog["lost_bytes"] - 3 * FRAME_MAX
        assert syslog["bytes"] >= 3 * total and 0 < kept < 200, syslog
        assert found["forward"]["chunks_refused"] + found["forward"]["foreign_protocols"] == 2, found["forward"]
        assert found["sluice"]["connections_broken"] == 1 and found["proxied"]["connections_refused"] == 1, found
        assert found["http"]["requests_refused"] == 2, found["http"]
        print(f"    {grown:.1f} MiB more than before")
        assert grown < 64, grown
        good.close()
        host.stop()
        center.stop()
    finally:
        host.end()
        center.end()
