"""Cables that are pulled out, hosts that vanish without a word, and peers that are not there: nothing is lost, and all is counted."""
import contextlib
import os
import re
import socket
import subprocess
import threading
import time

from link_kit import FAR, NEAR, Peer, await_counter, linked, output
from network_kit import certificates
from service_kit import Service, read_lines, wait_for

SLOW = "connect_timeout: 1s, encoding: \"text:{message}\""
FAST = f"retry: {{ initial: 50ms, max: 200ms }}, {SLOW}"


class Writer(threading.Thread):
    """Appends numbered lines of different lengths to a file until it is told to finish."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.written, self.stopped = path, 0, threading.Event()

    def run(self):
        with open(self.path, "a") as file:
            while not self.stopped.wait(0.005):
                for _ in range(40):
                    file.write(f"{self.written} {'z' * (self.written % 400)}\n")
                    self.written += 1
                file.flush()

    def finish(self):
        """Stops; answers how many lines there are."""
        self.stopped.set()
        self.join()
        return self.written


def forwarder(folder, link, outputs, input_options="type: file, include: [in.log], format: plain"):
    """A service in the near namespace that sends every line to every output; not started."""
    (folder / "in.log").touch()
    text = "".join(f"  {name}: {{ {options}, {FAST if 'retry' not in options else SLOW}, buffer: {{ type: disk }} }}\n"
                   for name, options in outputs.items())
    return Service(
        folder, f"inputs:\n  log: {{ {input_options} }}\nrules: [pass.lua]\noutputs:\n{text}default_outputs: [{', '.join(outputs)}]\n",
        {"pass.lua": "function process(event) end\n"}, wrapper=link.inside(link.near))


def append(folder, first, count):
    with open(folder / "in.log", "a") as file:
        file.write("".join(f"{number} x\n" for number in range(first, first + count)))


def number_of(line):
    return int(line.split(b" ")[0])


def expect_all(written, service, name, *connections):
    """Every line is there, whole, each connection is in order and without a gap, and what came twice is counted as sent again."""
    seen = lambda: {number_of(line) for take in connections for lines in take() for line in lines}
    try:
        wait_for(lambda: len(seen()) == written, 30, f"every line by `{name}`")
    except AssertionError as fault:
        missing = sorted(set(range(written)) - seen())
        raise AssertionError(f"{fault}: {len(missing)} of {written} are missing: {missing[:5]}; {service.said()}") from None
    total = 0
    for lines in (lines for take in connections for lines in take()):
        numbers = [number_of(line) for line in lines]
        total += len(numbers)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), f"a connection of `{name}` has a gap or is out of order"
    counters = output(service, name)
    assert total - written <= counters["resent_records"], (name, total, written, counters)
    return total - written, counters


def test_a_cable_that_is_pulled_out_under_load_loses_nothing(folder):
    with linked() as link:
        if not link:
            return
        files = certificates(folder)
        names = ("tls", "syslog", "tcp")
        with Peer(folder / "far", link, link.far, FAR, names, files / "server") as peer:
            service = forwarder(folder, link, {
                "tls": f'type: syslog, address: "tls://{FAR}:{peer.ports["tls"]}", framing: newline, write_timeout: 1s, '
                f'tls: {{ ca: "{files}/ca.pem", server_name: localhost }}',
                "syslog": f'type: syslog, address: "tcp://{FAR}:{peer.ports["syslog"]}", write_timeout: 1s',
                "tcp": f'type: tcp, address: "tcp://{FAR}:{peer.ports["tcp"]}", write_timeout: 1s',
            })
            writer = Writer(folder / "in.log")
            try:
                service.start()
                writer.start()
                for name in names:
                    wait_for(lambda: peer.lines(name), what=f"the first lines of `{name}`")
                # The first is shorter than `write_timeout`: TCP gets over it by itself.
                for pause in (0.4, 2.5, 1.5):
                    link.cut()
                    time.sleep(pause)
                    link.mend()
                    time.sleep(0.7)
                written = writer.finish()
                for name in names:
                    twice, counters = expect_all(written, service, name, lambda: peer.connections(name))
                    assert counters["connections_broken"] >= 1 and counters["connects"] >= 2, counters
                    print(f"    {name}: {written} lines, {twice} twice, {counters['resent_records']} sent again, "
                          f"{counters['connections_broken']} connections broken")
                service.stop()
            finally:
                writer.finish()
                service.end()


def test_a_host_that_vanishes_is_found_by_keepalive_while_nothing_is_sent(folder):
    with linked() as link:
        if not link:
            return
        with Peer(folder / "far", link, link.far, FAR, ["tcp"]) as far, Peer(folder / "spare", link, link.near, "127.0.0.1", ["tcp"]) as spare:
            addresses = f'["tcp://{FAR}:{far.ports["tcp"]}", "tcp://127.0.0.1:{spare.ports["tcp"]}"]'
            # `write_timeout` says nothing of a connection on which nothing is to be sent, and must not keep it alive.
            service = forwarder(folder, link, {
                "net": f"type: syslog, address: {addresses}, write_timeout: 1m, keepalive: {{ idle: 1s, interval: 1s, count: 2 }}"})
            try:
                service.start()
                append(folder, 0, 100)
                wait_for(lambda: len(far.lines("tcp")) == 100, what="the lines at the first receiver")
                time.sleep(0.3)
                link.silence()
                started = time.monotonic()
                # What the host may not have read goes to the other one, though there is nothing new.
                wait_for(lambda: len(spare.lines("tcp")) == 100, 20, "the lines at the second receiver")
                took = time.monotonic() - started
                # Silence, two questions, a look every second, and the attempt to connect again.
                assert 1.5 < took < 8, took
                counters = output(service, "net")
                assert counters["resent_records"] == 100 and counters["connections_broken"] == 1, counters
                assert "the connection broke: connection timed out" in service.said(), service.said()
                append(folder, 100, 50)
                wait_for(lambda: len(spare.lines("tcp")) == 150, what="new lines at the second receiver")
                assert [number_of(line) for line in spare.lines("tcp")] == list(range(150))
                print(f"    found and taken over after {took:.1f} s")
                service.stop()
            finally:
                service.end()


def test_a_host_that_vanishes_under_load_is_left_and_gone_back_to_over_tls(folder):
    with linked() as link:
        if not link:
            return
        files = certificates(folder)
        with Peer(folder / "far", link, link.far, FAR, ["tls"], files / "server") as far, \
                Peer(folder / "spare", link, link.near, "127.0.0.1", ["tls"], files / "server") as spare:
            addresses = f'["tls://{FAR}:{far.ports["tls"]}", "tls://127.0.0.1:{spare.ports["tls"]}"]'
            service = forwarder(folder, link, {
                "net": f"type: syslog, address: {addresses}, framing: newline, write_timeout: 2s, failback: 1s, "
                f'tls: {{ ca: "{files}/ca.pem", server_name: localhost }}'})
            writer = Writer(folder / "in.log")
            try:
                service.start()
                writer.start()
                wait_for(lambda: far.lines("tls"), what="the first lines")
                link.silence()
                started = time.monotonic()
                wait_for(lambda: spare.lines("tls"), 20, "lines at the second receiver")
                took = time.monotonic() - started
                assert 1.5 < took < 6, took
                assert "the peer has taken nothing for `write_timeout`" in service.said(), service.said()
                before = len(far.connections("tls"))
                link.hear()
                wait_for(lambda: len(far.connections("tls")) > before, 15, "the way back to the first receiver")
                assert f"tls://{FAR}:{far.ports['tls']} can be reached again; it takes over" in service.said(), service.said()
                left = len(spare.lines("tls"))
                time.sleep(0.5)
                written = writer.finish()
                twice, counters = expect_all(
                    written, service, "net", lambda: far.connections("tls"), lambda: spare.connections("tls"))
                assert len(spare.lines("tls")) <= left + 5_000, "both receivers are sent to"
                assert counters["connections_broken"] == 1 and counters["connections_open"] == 1, counters
                print(f"    {written} lines, {twice} twice; left after {took:.1f} s")
                service.stop()
            finally:
                writer.finish()
                service.end()


def test_receivers_in_turn_over_tls_take_over_from_one_that_vanishes(folder):
    with linked() as link:
        if not link:
            return
        files = certificates(folder)
        with Peer(folder / "far", link, link.far, FAR, ["tls"], files / "server") as far, \
                Peer(folder / "near", link, link.near, "127.0.0.1", ["tls-a", "tls-b"], files / "server") as near:
            targets = [f"tls://{FAR}:{far.ports['tls']}", *(f"tls://127.0.0.1:{near.ports[name]}" for name in ("tls-a", "tls-b"))]
            addresses = ", ".join(f'"{target}"' for target in targets)
            service = forwarder(folder, link, {
                "net": f"type: tcp, address: [{addresses}], balance: round_robin, write_timeout: 1s, failback: 1s, "
                f'tls: {{ ca: "{files}/ca.pem", server_name: localhost }}'})
            writer = Writer(folder / "in.log")
            try:
                service.start()
                writer.start()
                takers = [lambda: far.lines("tls"), lambda: near.lines("tls-a"), lambda: near.lines("tls-b")]
                wait_for(lambda: all(take() for take in takers), what="lines at all three receivers")
                link.silence()
                wait_for(lambda: output(service, "net")["connections_broken"] == 1, what="the loss of one")
                counts = [len(take()) for take in takers[1:]]
                wait_for(lambda: all(len(take()) > count + 500 for take, count in zip(takers[1:], counts)), what="more at the others")
                before = len(far.connections("tls"))
                link.hear()
                wait_for(lambda: len(far.connections("tls")) > before, 15, "lines at the one that is back")
                written = writer.finish()
                seen = lambda: [number_of(line) for take in takers for line in take()]
                wait_for(lambda: len(set(seen())) == written, 30, "every line")
                counters = output(service, "net")
                assert len(seen()) - written <= counters["resent_records"], (len(seen()), written, counters)
                for lines in far.connections("tls") + near.connections("tls-a") + near.connections("tls-b"):
                    numbers = [number_of(line) for line in lines]
                    assert numbers == sorted(numbers) or counters["resent_records"], "a connection is out of order"
                print(f"    {written} lines, {len(seen()) - written} twice, {counters['resent_records']} sent again")
                service.stop()
            finally:
                writer.finish()
                service.end()


# -- senders that vanish ----------------------------------------------------------------------------------------------


def vanish(folder, link, options, name):
    """Two senders take all places and vanish; somebody else gets in once `name` has counted them. Answers after how many seconds."""
    service = Service(
        folder, f"inputs:\n  net: {{ type: syslog, listen: 'tcp://0.0.0.0:0', connections_max: 2, {options} }}\n"
        "outputs:\n  main: { type: file, path: out.txt, encoding: raw }\n", wrapper=link.inside(link.far))
    count = lambda counter: service.status()["inputs"][0].get(counter, 0)
    senders = []
    try:
        service.start()
        port = int(re.search(r"listening on tcp://\S+:(\d+)", service.said()).group(1))
        with link.sockets_of(link.near):
            senders = [socket.create_connection((FAR, port), 10) for _ in range(2)]
            late = socket.socket()
        senders[0].sendall(b"<13>Oct  9 22:33:20 host app: whole\n")
        senders[1].sendall(b"<13>Oct  9 22:33:20 host app: whole\n<13>Oct  9 22:33:20 host app: be")
        wait_for(lambda: len(read_lines(folder / "out.txt")) == 2 and count("connections_open") == 2, what="both senders")
        link.silence()
        started = time.monotonic()
        wait_for(lambda: count(name) == 2, 20, f"`{name}` of 2; {service.said()}")
        took = time.monotonic() - started
        link.hear()
        assert count("connections_open") == 0
        late.settimeout(10)
        late.connect((FAR, port))
        late.sendall(b"<13>Oct  9 22:33:20 host app: late\n")
        wait_for(lambda: len(read_lines(folder / "out.txt")) == 4, what="the late one and the fragment")
        assert sorted(line.rsplit(b": ")[1] for line in read_lines(folder / "out.txt")) == [b"be", b"late", b"whole", b"whole"]
        assert count("incomplete_frames") == 1 and count("connections_refused") == 0
        late.close()
        service.stop()
        return took
    finally:
        for sender in senders:
            sender.close()
        service.end()


def test_senders_that_vanish_are_found_and_give_their_places_back(folder):
    for name, options, counter, longest in [
        ("asked", "keepalive: { idle: 1s, interval: 1s, count: 2 }", "connections_broken", 6),
        ("idle", "idle_timeout: 1s, stall_timeout: 1m", "connections_timed_out", 4),
    ]:
        with linked() as link:
            if not link:
                return
            (folder / name).mkdir()
            took = vanish(folder / name, link, options, counter)
            assert 0.5 < took < longest, (name, took)
            print(f"    {name}: found after {took:.1f} s")


# -- datagrams --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def udp_receiver(link, port):
    """A socket of the far namespace that takes datagrams."""
    with link.sockets_of(link.far):
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        listening.bind((FAR, port))
        listening.settimeout(10)
        yield listening


def take_until(listening, last):
    """The numbers that come until the last one has."""
    found = [number_of(listening.recv(65_536))]
    while found[-1] != last:
        found.append(number_of(listening.recv(65_536)))
    return found


def test_a_udp_receiver_that_is_not_there_is_waited_for_and_counted(folder):
    ports = {"udp": 5_170, "syslog": 514}
    with linked() as link:
        if not link:
            return
        # By default a system refuses six datagrams and then one a second.
        subprocess.run(link.inside(link.far, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"), check=True, timeout=20)
        service = forwarder(folder, link, {
            kind: f'type: {kind}, address: "udp://{FAR}:{port}", retry: {{ initial: 1s, max: 2s }}' for kind, port in ports.items()})
        append(folder, 0, 200)
        try:
            service.start()
            for first in (0, 201):
                for kind, port in ports.items():
                    wait_for(lambda: output(service, kind)["state"] == "failing", what=f"the failure of `{kind}`")
                    counters = output(service, kind)
                    assert counters["last_error"] == f"cannot send to udp://{FAR}:{port}: connection refused; nobody listens there"
                    assert counters["refusals"] >= 2, counters
                with contextlib.ExitStack() as stack:
                    listening = {kind: stack.enter_context(udp_receiver(link, port)) for kind, port in ports.items()}
                    for kind in ports:
                        found = take_until(listening[kind], first + 199)
                        wait_for(lambda: output(service, kind)["state"] == "running", what=f"the recovery of `{kind}`")
                        refusals, resent = (output(service, kind)[name] for name in ("refusals", "resent_records"))
                        assert sorted(set(found)) == list(range(first, first + 200)), (kind, len(found))
                        assert len(found) - 200 <= resent, (len(found), resent)
                        print(f"    {kind}: {refusals} refusals, {len(found) - 200} twice, {resent} sent again")
                if first == 0:
                    before = {kind: output(service, kind)["refusals"] for kind in ports}
                    # The refusal of this one comes too late for it; it is told as soon as it is there.
                    link.slow()
                    append(folder, 200, 1)
                    for kind in ports:
                        await_counter(service, kind, "delivered", 201)
                        assert output(service, kind)["refusals"] == before[kind]
                    link.quicken()
                    for kind, port in ports.items():
                        await_counter(service, kind, "refusals", before[kind] + 1)
                        text = (f"output `{kind}`: cannot send to udp://{FAR}:{port}: connection refused; nobody listens there; what was sent "
                                "there last is lost")
                        wait_for(lambda: text in service.said(), what=f"the warning of `{kind}`; {service.said()}")
                    append(folder, 201, 200)
            service.stop()
        finally:
            service.end()


# -- sockets of this machine -----------------------------------------------------------------------------------------------


def test_sockets_that_may_not_be_written_to_are_named_and_had_when_they_may(folder):
    if os.getuid() != 0:
        print("    skipped: only root can become another user")
        return
    os.chmod(folder, 0o755)
    (folder / "data").mkdir()
    os.chown(folder / "data", 65534, 65534)
    (folder / "in.log").write_text("hello\n")
    with socket.socket(socket.AF_UNIX) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        stream.bind(str(folder / "stream"))
        stream.listen()
        datagram.bind(str(folder / "datagram"))
        for path in ("stream", "datagram"):
            os.chmod(folder / path, 0o600)
        outputs = "".join(f"  {name}: {{ type: unix, address: '{scheme}:{folder}/{name}', {FAST} }}\n"
                          for name, scheme in (("stream", "unix"), ("datagram", "unixgram"), ("missing", "unix"), ("absent", "unixgram")))
        service = Service(
            folder, f"inputs:\n  log: {{ type: file, include: [in.log], format: plain }}\noutputs:\n{outputs}"
            "default_outputs: [stream, datagram, missing, absent]\n",
            wrapper=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        try:
            service.start()
            for name, said in [
                ("stream", f"cannot connect to unix:{folder}/stream: permission denied"),
                ("datagram", f"cannot send to unixgram:{folder}/datagram: permission denied"),
                ("missing", f"cannot connect to unix:{folder}/missing: there is no such socket"),
                ("absent", f"cannot send to unixgram:{folder}/absent: there is no such socket"),
            ]:
                wait_for(lambda: output(service, name)["state"] == "failing", what=f"the failure of `{name}`")
                assert output(service, name)["last_error"] == said, output(service, name)
            for path in ("stream", "datagram"):
                os.chmod(folder / path, 0o666)
            stream.settimeout(10)
            datagram.settimeout(10)
            connection = stream.accept()[0]
            connection.settimeout(10)
            assert connection.recv(100) == b"hello\n" and datagram.recv(100) == b"hello"
            connection.close()
        finally:
            service.end()
