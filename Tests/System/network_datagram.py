"""Datagrams: UDP under load, and Unix sockets as /dev/log is one, written to by the programs that people have."""
import json
import logging
import logging.handlers
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from service_kit import Service, read_lines, wait_for

HERE = pathlib.Path(__file__).parent

CONFIGURATION = """
inputs:
  net: {{ type: syslog, {options} }}
rules: [meta.lua]
outputs:
  main: {{ type: file, path: main.ndjson }}
"""

RULES = {"meta.lua": """
function process(event, meta)
  event.from = { pid = meta.pid, uid = meta.uid, gid = meta.gid, peer = meta.peer }
end
"""}

# The machine's own name, which a message from a Unix socket gets that names none.
HOST = socket.gethostname()


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def load_program(folder):
    """The sender of many datagrams, built."""
    program = folder / "load"
    subprocess.run(["clang", "-O2", "-o", program, HERE / "datagram_load.c"], check=True)
    return program


def service(folder, options, wrapper=()):
    return Service(folder, CONFIGURATION.format(options=options), RULES, wrapper=wrapper)


def events(folder):
    return [json.loads(line) for line in read_lines(folder / "main.ndjson")]


def wait_for_events(folder, count, seconds=30):
    path = folder / "main.ndjson"
    wait_for(lambda: len(read_lines(path)) >= count, seconds, f"{count} events")
    found = events(folder)
    assert len(found) == count, len(found)
    return found


def counter(running, name):
    # Counters of the network are there once they have counted something.
    return running.status()["inputs"][0].get(name, 0)


def settle(running, folder, sent):
    """Waits until everything that was sent was written or is counted as lost; returns the numbers and how many were lost."""
    def is_settled():
        return running.ledger()["delivered"] + counter(running, "datagrams_lost") >= sent
    wait_for(is_settled, 90, f"{sent} datagrams, received or counted")
    lost = counter(running, "datagrams_lost")
    found = [int(event["message"].split()[0]) for event in wait_for_events(folder, sent - lost)]
    assert found == sorted(set(found)) and 0 <= found[0] and found[-1] < sent, "not in order, or twice"
    return found, lost


def flood(folder, buffer, sent):
    """Sends as fast as it goes to a service with such a receive buffer; returns how many datagrams were lost."""
    folder.mkdir()
    port = free_port()
    running = service(folder, f"listen: \"udp://127.0.0.1:{port}\", receive_buffer: {buffer}").start()
    try:
        said = subprocess.run([load_program(folder), "udp", str(port), str(sent), "0", "160"], check=True, capture_output=True, text=True)
        found, lost = settle(running, folder, sent)
        assert len(found) + lost == sent, (len(found), lost)
        assert running.ledger()["received"] == len(found)
        if lost:
            assert re.search(rf"the kernel dropped \d+ datagrams of udp://127.0.0.1:{port}", running.said()), running.said()
        print(f"    {buffer}: {len(found)} received, {lost} lost and counted, sent at {said.stdout.split()[1]}/s")
        running.stop()
    finally:
        running.end()
    return lost


def test_every_datagram_of_a_flood_is_received_or_counted(folder):
    flood(folder / "large", "8MiB", 400_000)
    assert flood(folder / "small", "8KiB", 400_000) > 0, "a buffer of 8 KiB has held a flood"


def test_sockets_that_share_a_port_lose_nothing_uncounted(folder):
    port = free_port()
    running = service(folder, f"listen: \"udp://127.0.0.1:{port}\", receivers: 3, receive_buffer: 16KiB").start()
    try:
        load = load_program(folder)
        senders = [subprocess.Popen([load, "udp", str(port), "50000", "0", "160"], stdout=subprocess.DEVNULL) for _ in range(4)]
        assert [each.wait(60) for each in senders] == [0] * 4
        wait_for(lambda: running.ledger()["delivered"] + counter(running, "datagrams_lost") == 200_000, 90, "200000 received or counted")
        assert len(read_lines(folder / "main.ndjson")) + counter(running, "datagrams_lost") == 200_000
        running.stop()
    finally:
        running.end()


def test_a_unix_socket_makes_its_senders_wait_and_loses_nothing(folder):
    running = service(folder, f"listen: \"unixgram:{folder}/log\"").start()
    try:
        sent = 200_000
        subprocess.run([load_program(folder), "unix", folder / "log", str(sent), "0", "160"], check=True, capture_output=True)
        found, lost = settle(running, folder, sent)
        assert lost == 0 and found == list(range(sent))
        running.stop()
        assert not (folder / "log").exists()
    finally:
        running.end()


def test_what_pythons_handler_writes_to_the_socket_is_read_field_by_field(folder):
    running = service(folder, f"listen: \"unixgram:{folder}/log\"").start()
    try:
        handler = logging.handlers.SysLogHandler(str(folder / "log"), facility=logging.handlers.SysLogHandler.LOG_LOCAL0)
        handler.setFormatter(logging.Formatter("Serverlog: %(asctime)s - %(levelname)s - %(message)s"))
        levels = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "err",
                  logging.CRITICAL: "crit"}
        sent = []
        for number in range(5_000):
            level = list(levels)[number % len(levels)]
            text = f"call {number} caf\u00e9\n  second line of {number}"
            handler.emit(logging.LogRecord("x", level, "f.py", 1, text, None, None))
            sent.append((levels[level], f"{logging.getLevelName(level)} - {text}"))
        handler.close()
        for event, (severity, text) in zip(wait_for_events(folder, len(sent)), sent, strict=True):
            assert re.sub(r"^[-0-9]+ [:,0-9]+ - ", "", event.pop("message")) == text
            assert event.pop("timestamp")
            assert event == {"hostname": HOST, "appname": "Serverlog", "facility": "local0", "severity": severity,
                             "from": {"pid": str(os.getpid()), "uid": str(os.getuid()), "gid": str(os.getgid())}}, event
        running.stop()
    finally:
        running.end()


def test_every_form_of_logger_is_read_field_by_field(folder):
    running = service(folder, f"listen: \"unixgram:{folder}/log\"").start()
    try:
        lines = [f"line {number} with [brackets] and \"quotes\"" for number in range(2_000)]
        (folder / "lines").write_text("".join(line + "\n" for line in lines))

        def log(*arguments):
            process = subprocess.Popen(["logger", "--socket", folder / "log", *arguments])
            assert process.wait(30) == 0
            return str(process.pid)

        # One process that sends thousands, in the order of the file.
        process = log("--tag", "many", "--priority", "local3.notice", "--file", folder / "lines")
        own = {"uid": str(os.getuid()), "gid": str(os.getgid())}
        for event, line in zip(wait_for_events(folder, len(lines)), lines, strict=True):
            assert event.pop("timestamp")
            assert event == {"hostname": HOST, "appname": "many", "facility": "local3", "severity": "notice", "message": line,
                             "from": {"pid": process, **own}}, event
        count = len(lines)

        def last(*arguments):
            nonlocal count
            process = log(*arguments)
            count += 1
            event = wait_for_events(folder, count)[-1]
            assert event.pop("timestamp") and event["from"].pop("pid") == process and event.pop("from") == own
            assert event.pop("hostname") == HOST
            return event, process

        plain = {"facility": "user", "severity": "notice", "message": "text"}
        event, process = last("--id", "--tag", "app", "text")
        assert event == {**plain, "appname": "app", "procid": process}, event
        assert last("--tag", "a/b", "text")[0] == {**plain, "appname": "a/b"}
        event, process = last("--rfc5424", "--id", "--msgid", "ID7", "--tag", "app", "--priority", "auth.err", "text")
        assert event.pop("structured_data")["timeQuality"]["tzKnown"] == "1"
        assert event == {"facility": "auth", "severity": "err", "version": 1, "appname": "app", "procid": process, "msgid": "ID7",
                         "message": "text"}, event
        event, _ = last("--rfc5424=notq", "--sd-id", "a@1", "--sd-param", 'k="v \\] \\""', "--tag", "app", "text")
        assert event == {**plain, "version": 1, "appname": "app", "structured_data": {"a@1": {"k": 'v ] "'}}}, event
        assert last("--rfc3164", "--tag", "app", "text")[0] == {**plain, "appname": "app"}
        running.stop()
    finally:
        running.end()


JOURNALD = """
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal
printf '[Journal]\\nStorage=none\\nForwardToSyslog=yes\\nReadKMsg=no\\nAudit=no\\nRateLimitIntervalSec=0\\n' > /run/journald.conf
mount --bind /run/journald.conf /etc/systemd/journald.conf
exec "$@"
"""


def test_what_journald_forwards_carries_the_credentials_of_its_senders(folder):
    """The real systemd-journald, in a mount namespace of its own: it forwards to /run/systemd/journal/syslog what it gets."""
    journald = "/lib/systemd/systemd-journald"
    if not os.path.exists(journald) or os.getuid() != 0:
        print("    no systemd-journald, or not root: not tested")
        return
    own = folder / "journald"
    own.mkdir()
    (own / "enter.sh").write_text(JOURNALD)
    running = service(own, "listen: \"unixgram:/run/systemd/journal/syslog\"",
                      wrapper=["unshare", "--mount", "--propagation", "private", "sh", own / "enter.sh"]).start()
    daemon = None
    try:
        inside = ["nsenter", f"--target={running.process.pid}", "--mount"]
        daemon = subprocess.Popen([*inside, journald], stderr=subprocess.DEVNULL)
        socket_of_journald = f"/proc/{running.process.pid}/root/run/systemd/journal/dev-log"
        wait_for(lambda: os.path.exists(socket_of_journald), what="journald")
        # Journald drops what its reader does not take at once: no more at a time than the smallest queue holds. For a sender that has
        # ended meanwhile it gives its own process, so this one sends.
        handler = logging.handlers.SysLogHandler(socket_of_journald, facility=logging.handlers.SysLogHandler.LOG_LOCAL5)
        handler.ident = f"app[{os.getpid()}]: "
        sent = []
        for start in range(0, 2_000, 8):
            for number in range(start, start + 8):
                sent.append(f"number {number} of a text")
                handler.emit(logging.LogRecord("x", logging.WARNING, "f.py", 1, sent[-1], None, None))
            wait_for_events(own, len(sent))
        handler.close()
        process = {"pid": str(os.getpid()), "uid": str(os.getuid()), "gid": str(os.getgid())}
        for event, line in zip(wait_for_events(own, len(sent)), sent, strict=True):
            assert event.pop("timestamp")
            assert event == {"hostname": HOST, "appname": "app", "procid": str(os.getpid()), "facility": "local5", "severity": "warning",
                             "message": line, "from": process}, event
        # What a service writes to its standard output comes with the credentials of the service, as long as it lives.
        speaker = subprocess.Popen([*inside, "setpriv", "--reuid=1234", "--regid=1235", "--clear-groups", "systemd-cat", "--identifier=cat",
                                    "--priority=err", "sh", "-c", "echo from a service; exec sleep 60"])
        try:
            event = wait_for_events(own, len(sent) + 1)[-1]
        finally:
            speaker.kill()
            speaker.wait()
        assert (event["appname"], event["severity"], event["message"]) == ("cat", "err", "from a service"), event
        assert event["from"] == {"pid": str(speaker.pid), "uid": "1234", "gid": "1235"}, event
        running.stop()
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait(20)
        running.end()


def test_a_socket_that_systemd_passes_keeps_what_came_before_the_start(folder):
    program = shutil.which("systemd-socket-activate")
    if not program:
        print("    systemd-socket-activate is not installed: not tested")
        return
    for kind in ("unix", "udp"):
        own = folder / kind
        own.mkdir()
        target = str(own / "log") if kind == "unix" else f"127.0.0.1:{free_port()}"
        running = service(own, "listen: \"systemd:logs\"", wrapper=[program, "--datagram", f"--listen={target}", "--fdname=logs"])
        running.start(wait=False)
        try:
            if kind == "unix":
                sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                wait_for(lambda: os.path.exists(target), what="the socket")
                sender.connect(target)
                peer = {"pid": str(os.getpid()), "uid": str(os.getuid()), "gid": str(os.getgid())}
            else:
                sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sender.connect(("127.0.0.1", int(target.split(":")[1])))
                wait_for(lambda: is_open(sender), what="the socket")
                peer = {"peer": "127.0.0.1"}
            # The first one starts the service, which finds the others in the socket.
            for number in range(10):
                sender.send(b"<13>Oct 11 22:14:15 web1 app: %d" % number)
            wait_for(running.is_ready, what="readiness")
            # The passed socket has the system's small buffer.
            for number in range(10, 500):
                sender.send(b"<13>Oct 11 22:14:15 web1 app: %d" % number)
                if number % 50 == 0:
                    wait_for_events(own, number + 1)
            found = wait_for_events(own, 500)
            assert [event["message"] for event in found] == [str(number) for number in range(500)]
            # Credentials are there from the moment on at which somebody asked for them.
            assert found[-1]["from"] == peer, found[-1]
            running.stop()
            assert kind == "udp" or os.path.exists(target), "a passed socket is not ours to remove"
            sender.close()
        finally:
            running.end()


def is_open(sender):
    """Whether something listens: a datagram to a closed port of this machine is answered with an error."""
    try:
        sender.send(b"")
        sender.send(b"")
        return True
    except ConnectionRefusedError:
        return False


def test_a_killed_service_leaves_a_socket_that_the_next_one_replaces(folder):
    path = folder / "log"
    running = service(folder, f"listen: \"unixgram:{path}\"").start()
    try:
        def send(text):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.connect(str(path))
                sender.send(f"<13>app: {text}".encode())

        send("one")
        wait_for_events(folder, 1)
        running.kill()
        assert path.exists()
        running.start()
        assert path.stat().st_mode & 0o777 == 0o666
        send("two")
        assert [event["message"] for event in wait_for_events(folder, 2)] == ["one", "two"]
        running.stop()
    finally:
        running.end()


def test_an_address_that_is_taken_is_named_and_had_when_it_is_free(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        running = service(folder, f"listen: \"udp://127.0.0.1:{port}\"").start()
        try:
            error = wait_for(lambda: running.status()["inputs"][0]["last_error"], what="the error")
            assert error.startswith(f"cannot listen on udp://127.0.0.1:{port}: address already in use; another program"), error
            assert running.status()["inputs"][0]["state"] == "failing"
            taken.close()
            wait_for(lambda: running.status()["inputs"][0]["state"] == "running", what="the socket")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"<13>app: text", ("127.0.0.1", port))
            assert wait_for_events(folder, 1)[0]["message"] == "text"
            running.stop()
        finally:
            running.end()


def test_a_buffer_that_the_kernel_does_not_grant_is_told_with_the_remedy(folder):
    limit = int(pathlib.Path("/proc/sys/net/core/rmem_max").read_text())
    port = free_port()
    wanted = limit * 2
    running = service(folder, f"listen: \"udp://127.0.0.1:{port}\", receive_buffer: {wanted}",
                      wrapper=["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"] if os.getuid() == 0 else ())
    running.start()
    try:
        said = wait_for(lambda: "has a receive buffer of" in running.said() and running.said(), what="the warning")
        assert f"udp://127.0.0.1:{port} has a receive buffer of {limit} bytes instead of {wanted}" in said, said
        assert "CAP_NET_ADMIN" in said and f"sysctl net.core.rmem_max={wanted}" in said, said
        running.stop()
    finally:
        running.end()


def test_what_was_received_before_the_end_is_delivered(folder):
    """Ended while senders send: all that was received is written, and none of it twice."""
    path = folder / "log"
    running = service(folder, f"listen: \"unixgram:{path}\"").start()
    sent, stopped = [0], threading.Event()

    def send():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(path))
            try:
                while not stopped.is_set():
                    sender.send(f"<13>app: {sent[0]}".encode())
                    sent[0] += 1
            except OSError:
                pass

    thread = threading.Thread(target=send)
    try:
        thread.start()
        wait_for(lambda: len(read_lines(folder / "main.ndjson")) > 2_000, what="2000 events")
        running.stop()
        stopped.set()
        thread.join()
        found = [int(event["message"]) for event in events(folder)]
        assert found == list(range(len(found)))
        # What a sender was not refused is there.
        assert len(found) == sent[0], (sent[0], len(found))
    finally:
        stopped.set()
        running.end()
        thread.join()
