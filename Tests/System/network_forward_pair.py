"""Two Sluices that speak Fluent's forward protocol with each other, through networks and deaths of every kind."""
import functools
import random
import time

import network_pair
from network_kit import certificates, free_port
from network_pair import Relay, await_all, counter, numbers
from service_delivery import Writer, whole_numbers
from service_kit import read_lines, wait_for


sender = functools.partial(network_pair.sender, kind="forward")
receiver = functools.partial(network_pair.receiver, kind="forward")


def is_in_order(found):
    """Whether each number comes first behind all smaller ones: repetitions go back, and leave nothing out."""
    highest = 0
    for number in found:
        if number > highest + 1:
            return False
        highest = max(highest, number)
    return True


def test_a_relay_that_cuts_and_stalls_loses_nothing_of_what_is_forwarded(folder):
    port = free_port()
    relay = Relay(port, seed=2)
    center = receiver(folder / "b", f"tcp://127.0.0.1:{port}")
    host = sender(folder / "a", f"tcp://127.0.0.1:{relay.port}",
                  ", ack_timeout: 1s, write_timeout: 1s, chunk_size: 16KiB, compression: gzip")
    writer = Writer(folder / "a" / "logs", files=1, batch=60, pause=0.01)
    try:
        relay.start()
        center.start()
        host.start()
        writer.start()
        wait_for(lambda: len(relay.cuts) == 4 and sum(relay.cuts.values()) >= 10, 120, "cuts of every manner")
        count = writer.finish()
        relay.misbehaves = False
        repeated = await_all(center, count)
        assert is_in_order(numbers(center)), "order"
        wait_for(lambda: counter(host, "outputs", "chunks_unacknowledged") == 0, what="the last acknowledgement")
        resent = counter(host, "outputs", "chunks_resent")
        # Nothing comes twice but what went out again.
        assert repeated <= resent * (16 << 10) // 50, (repeated, resent)
        print(f"    {count} events, {repeated} twice, {resent} chunks again, {dict(relay.cuts)}")
        host.stop()
        center.stop()
    finally:
        writer.finish()
        host.end()
        center.end()
        relay.end()


def killed_under_load(folder, victim):
    """Kills one side 20 times while lines are written; prints lines and repetitions."""
    port = free_port()
    sides = {"receiver": receiver(folder / "b", f"tcp://127.0.0.1:{port}"), "sender": sender(folder / "a", f"tcp://127.0.0.1:{port}")}
    writer = Writer(folder / "a" / "logs", files=1, batch=60, pause=0.01)
    chance = random.Random(4)
    path = folder / "b" / "main.ndjson"
    try:
        for side in sides.values():
            side.start()
        writer.start()
        for _ in range(20):
            time.sleep(chance.random() * 0.3)
            sides[victim].kill()
            time.sleep(chance.random() * 0.2)
            sides[victim].start()
        count = writer.finish()
        wait_for(lambda: set(whole_numbers(path, 20)) >= set(range(1, count + 1)), 60, f"{count} numbers at the receiver")
        found = whole_numbers(path, 20)
        assert set(found) == set(range(1, count + 1))
        repeated = len(found) - count
        # What was under way at each death: a chunk or two, and what one look at the file gives.
        assert repeated <= 20 * 2_000, (repeated, count)
        print(f"    {count} events, {repeated} twice")
        for side in sides.values():
            side.stop()
    finally:
        writer.finish()
        for side in sides.values():
            side.end()


def test_a_forward_receiver_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "receiver")


def test_a_forward_sender_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "sender")


def test_key_certificates_and_compression_go_together(folder):
    files = certificates(folder)
    port = free_port()
    center = receiver(
        folder / "b", f"tls://127.0.0.1:{port}", f", shared_key: secret, self_hostname: center, users: \"web:pass\", "
        f"tls: {{ certificate: {files}/server.pem, key: {files}/server.key, client_ca: {files}/ca.pem }}")
    host = sender(
        folder / "a", f"tls://localhost:{port}", ", shared_key: secret, self_hostname: host, username: web, password: pass, "
        f"compression: gzip, tls: {{ ca: {files}/ca.pem, certificate: {files}/client.pem, key: {files}/client.key }}")
    (folder / "a" / "logs").mkdir()
    (folder / "a" / "logs" / "x.log").write_text("".join(f"{number} text\n" for number in range(1, 20_001)))
    try:
        center.start()
        host.start()
        assert await_all(center, 20_000) == 0
        assert numbers(center) == list(range(1, 20_001))
        host.stop()
        # In order on both sides: nothing was under way, so nothing comes again.
        center.stop()
        host.start()
        center.start()
        with open(folder / "a" / "logs" / "x.log", "a") as file:
            file.write("20001 text\n")
        assert await_all(center, 20_001) == 0
        host.stop()
        center.stop()
        assert len(read_lines(folder / "b" / "main.ndjson")) == 20_001
    finally:
        host.end()
        center.end()
