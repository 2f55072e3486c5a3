"""An input that is ended while datagrams come and outputs are slow: what a sender was not refused is delivered, or counted and told."""
import re
import signal
import socket
import threading
import time

from service_kit import Service, read_lines, wait_for


class Reader(threading.Thread):
    """Takes what an output sends, and nothing while it is held."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        # What lies in sockets is little beside what is sent.
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        self.port = self.listening.getsockname()[1]
        self.free = threading.Event()
        self.lines = []

    def run(self):
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            rest = b""
            self.free.wait()
            while data := connection.recv(1 << 18):
                *whole, rest = (rest + data).split(b"\n")
                self.lines += whole
                self.free.wait()
            connection.close()

    def end(self):
        self.free.set()
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Sender(threading.Thread):
    """Sends numbered datagrams to a Unix socket until it is refused."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.sent, self.stopped = str(path), 0, threading.Event()

    def run(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self.path)
            sender.settimeout(0.2)
            while not self.stopped.is_set():
                try:
                    sender.send(b"<13>app: %d %s" % (self.sent, b"x" * 30_000))
                    self.sent += 1
                except TimeoutError:
                    continue
                except OSError:
                    return


# Events a second that the output takes: slower than what comes.
RATE = 1_500

# Each may have four batches on the way, of 256 KiB and more; together they fill the lane's room, and some wait with a batch in hand.
INPUTS = 8


def configuration(folder, port, inputs=INPUTS):
    text = "".join(f"  net{number}: {{ type: syslog, listen: 'unixgram:{folder}/log{number}' }}\n" for number in range(inputs))
    return (f"inputs:\n  other: {{ type: unix, listen: 'unix:{folder}/other', format: plain }}\n{text}"
            f"outputs:\n  slow: {{ type: tcp, address: 'tcp://127.0.0.1:{port}', encoding: 'text:{{message}}', "
            f"buffer: {{ max_size: 1MiB }}, rate_limit: {RATE} }}\nshutdown_timeout: 2s\n")


def end_under_load(folder, is_held, end):
    """Ends the inputs while senders send. Answers how many events were sent and not refused, delivered, received and left when the program
    ended, and told to be lost; and the log."""
    reader = Reader()
    reader.start()
    service = Service(folder, configuration(folder, reader.port))
    senders = []
    try:
        reader.free.set()
        service.start()
        senders = [Sender(folder / f"log{number}") for number in range(INPUTS)]
        for sender in senders:
            sender.start()
        # Enough to fill all rooms on the way.
        wait_for(lambda: sum(sender.sent for sender in senders) > 3_000, 20, "the jam")
        if is_held:
            reader.free.clear()
            wait_for(lambda: all_wait(senders), 20, "the standstill")
        end(service, reader)
        for sender in senders:
            sender.join(20)
            assert not sender.is_alive(), "a sender still waits"
        sent = sum(sender.sent for sender in senders)
        log = lambda: (folder / "service.log").read_text(errors="replace")
        lost = lambda: sum(int(number) for number in re.findall(r" (\d+) (?:events of input `net\d`|datagrams of unixgram:\S+) were lost", log()))
        # What the program has received and could not deliver before its end is in its farewell.
        left = lambda: sum(int(number) for number in re.findall(r"stopped; .*in_flight (\d+)", log()))
        delivered = lambda: sum(int(number) for number in re.findall(r"stopped; .*delivered (\d+)", log())) if is_held else len(reader.lines)
        try:
            wait_for(lambda: delivered() + left() + lost() >= sent, 30, "all events")
        except AssertionError as fault:
            raise AssertionError(f"{fault}: {sent} sent, {len(reader.lines)} came, {lost()} told to be lost; {service.said()}") from None
        time.sleep(0.3)
        return sent, delivered(), left(), lost(), log()
    finally:
        for sender in senders:
            sender.stopped.set()
        service.end()
        reader.end()


def all_wait(senders):
    """Whether nobody gets anything away any more."""
    before = [sender.sent for sender in senders]
    time.sleep(0.4)
    return before == [sender.sent for sender in senders]


def take_out(service, reader):
    """Reloads a configuration without the input."""
    service.configure(configuration(service.folder, reader.port, inputs=0))
    wait_for(lambda: len(service.status()["inputs"]) == 1, 30, "a configuration without the inputs")


def terminate(service, reader):
    service.signal(signal.SIGTERM)
    assert service.process.wait(timeout=60) == 0, service.said()


def test_inputs_that_a_reload_takes_out_deliver_what_they_have_in_hand(folder):
    sent, delivered, left, lost, log = end_under_load(folder, False, take_out)
    assert (delivered, left, lost) == (sent, 0, 0), (sent, delivered, left, lost, log)
    print(f"    {sent} sent, all delivered")


def test_a_stop_delivers_what_is_in_hand(folder):
    sent, delivered, left, lost, log = end_under_load(folder, False, terminate)
    assert (delivered, left, lost) == (sent, 0, 0), (sent, delivered, left, lost, log)
    print(f"    {sent} sent, all delivered")


def test_what_nobody_takes_before_the_end_is_counted(folder):
    sent, delivered, left, lost, log = end_under_load(folder, True, terminate)
    assert delivered + left + lost == sent and lost > 0 and left > 0, (sent, delivered, left, lost, log)
    print(f"    {sent} sent, {delivered} delivered, {left} received and left, {lost} lost and told")
