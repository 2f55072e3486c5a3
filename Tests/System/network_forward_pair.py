"""Two Sluices that speak Fluent's forward protocol with each other, through networks and deaths of every kind."""
import functools

import network_pair
from network_kit import certificates, free_port
from network_pair import Relay, await_all, counter, killed_under_load, numbers, under_load
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
    with under_load(folder, relay, center, host) as writer:
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


# What was under way at each death: a chunk or two, and what one look at the file gives.
def test_a_forward_receiver_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "receiver", 2_000, kind="forward")


def test_a_forward_sender_that_is_killed_20_times_costs_repetitions_only(folder):
    killed_under_load(folder, "sender", 2_000, kind="forward")


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
