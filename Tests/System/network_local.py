"""Inputs of the machine itself: the journal by a journald of its own, the kernel's log, Sluice's own log."""
import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from service_kit import Service, read_lines, wait_for

JOURNALD = "/usr/lib/systemd/systemd-journald"

# A journald with files and sockets of its own: in a mount namespace, where /run is empty but for what it needs.
JOURNAL_MACHINE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
mount --bind "$1" /run/log/journal
exec "$2"
"""


class Journal:
    """A real journald, whose files lie in a folder and whose socket is reached by its process's root."""

    def __init__(self, folder):
        self.files = folder / "journal"
        self.files.mkdir()
        self.process = None

    @staticmethod
    def is_possible():
        if not os.path.exists(JOURNALD) or os.geteuid() != 0:
            print("    no systemd-journald, or not the superuser: not tested")
            return False
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            print("    no mount namespaces here: not tested")
            return False
        return True

    def start(self):
        self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", JOURNAL_MACHINE, "sh", self.files, JOURNALD],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.socket.exists(), what="journald's socket")
        return self

    @property
    def socket(self):
        return pathlib.Path(f"/proc/{self.process.pid}/root/run/systemd/journal/socket")

    @property
    def folder(self):
        return next(path for path in self.files.iterdir() if path.is_dir())

    def write(self, message, **fields):
        """One entry in journald's own protocol; texts and bytes."""
        data = b""
        for name, value in {"MESSAGE": message, **fields}.items():
            value = value if isinstance(value, bytes) else str(value).encode()
            if b"\n" in value:
                data += name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
            else:
                data += name.encode() + b"=" + value + b"\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(self.socket))
            sender.sendall(data)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None


VIA = {"via.lua": "function process(event, meta) event.via = meta.format end"}

CONFIGURATION = """
inputs:
  system: { type: journal, directory: "%s", matches: [SYSLOG_IDENTIFIER=sluice-test]%s }
rules: [via.lua]
outputs:
  main: { type: file, path: out.ndjson }
"""


def events(folder):
    return [json.loads(line) for line in read_lines(folder / "out.ndjson")]


def test_the_journal_comes_field_by_field_and_goes_on_after_every_stop(folder):
    if not Journal.is_possible():
        return
    journal = Journal(folder)
    try:
        journal.start()
        names = dict(SYSLOG_IDENTIFIER="sluice-test", PRIORITY=3, SYSLOG_FACILITY=4, SYSLOG_PID=4711)
        for number in range(500):
            journal.write(f"{number} caf\u00e9 \"quoted\"", NUMBER=number, **names)
        journal.write("other", SYSLOG_IDENTIFIER="other")
        journal.write(b"two\nlines \xff\xfe", NUMBER=500, **names)
        wait_for(lambda: any(journal.files.iterdir()), what="a journal file")
        service = Service(folder, CONFIGURATION % (journal.folder, ""), VIA)
        try:
            service.start()
            wait_for(lambda: len(events(folder)) == 501, what="all entries")
            first, last = events(folder)[0], events(folder)[500]
            assert first["message"] == "0 caf\u00e9 \"quoted\"" and first["NUMBER"] == "0", first
            assert first["via"] == last["via"] == "journal", (first, last)
            assert (first["appname"], first["severity"], first["facility"], first["procid"]) == ("sluice-test", "err", "auth", "4711"), first
            assert first["hostname"] == socket.gethostname() and first["_TRANSPORT"] == "journal" and first["_UID"] == "0", first
            assert first["timestamp"].endswith("Z") and "__CURSOR" not in first and "MESSAGE" not in first, first
            assert last["message"].startswith("two\nlines "), last

            # Stopped in order: nothing twice. Killed: nothing missing.
            service.stop()
            for number in range(501, 1_000):
                journal.write(number, NUMBER=number, **names)
            service.start()
            wait_for(lambda: len(events(folder)) == 1_000, what="what came meanwhile")
            assert [int(event["NUMBER"]) for event in events(folder)] == list(range(1_000))
            service.kill()
            for number in range(1_000, 1_500):
                journal.write(number, NUMBER=number, **names)
            service.start()
            wait_for(lambda: {int(event["NUMBER"]) for event in events(folder)} == set(range(1_500)), what="all after the kill")

            # journalctl is ended by somebody: it is started again.
            status = service.status()
            children = subprocess.run(["pgrep", "-P", str(service.process.pid), "journalctl"], capture_output=True, text=True).stdout.split()
            assert len(children) == 1, (children, status)
            os.kill(int(children[0]), signal.SIGKILL)
            journal.write(1_500, NUMBER=1_500, **names)
            wait_for(lambda: 1_500 in {int(event["NUMBER"]) for event in events(folder)}, what="the entry after the end of journalctl")
            assert "input `system`: `journalctl` was ended by signal 9" in service.said(), service.said()
            assert "is not in the journal any more" not in service.said(), service.said()
            service.stop()
        finally:
            service.end()
    finally:
        journal.stop()


def test_a_journal_that_lost_the_place_is_told_of(folder):
    if not Journal.is_possible():
        return
    journal = Journal(folder)
    try:
        journal.start()
        journal.write("one", SYSLOG_IDENTIFIER="sluice-test")
        wait_for(lambda: any(journal.files.iterdir()), what="a journal file")
        service = Service(folder, CONFIGURATION % (journal.folder, ", fields: standard"), VIA)
        try:
            service.start()
            wait_for(lambda: len(events(folder)) == 1, what="the first entry")
            assert set(events(folder)[0]) <= {"timestamp", "hostname", "appname", "procid", "message", "via"}, events(folder)[0]
            service.stop()
            journal.stop()
            for path in journal.folder.iterdir():
                path.unlink()
            journal.start()
            journal.write("two", SYSLOG_IDENTIFIER="sluice-test")
            service.start()
            wait_for(lambda: [event["message"] for event in events(folder)] == ["one", "two"], what="the entry behind the loss")
            wait_for(lambda: "is not in the journal any more" in service.said(), what="the error")
            service.stop()
        finally:
            service.end()
    finally:
        journal.stop()


def test_only_what_comes_is_read_when_reading_starts_at_the_end(folder):
    if not Journal.is_possible():
        return
    journal = Journal(folder)
    try:
        journal.start()
        journal.write("before", SYSLOG_IDENTIFIER="sluice-test")
        wait_for(lambda: any(journal.files.iterdir()), what="a journal file")
        time.sleep(0.5)
        service = Service(folder, CONFIGURATION % (journal.folder, ", start: end"), VIA)
        try:
            service.start()
            wait_for(lambda: service.status()["inputs"][0]["positions"], what="the position at the end")
            service.stop()
            journal.write("while it was down", SYSLOG_IDENTIFIER="sluice-test")
            service.start()
            journal.write("after", SYSLOG_IDENTIFIER="sluice-test")
            wait_for(lambda: [event["message"] for event in events(folder)] == ["while it was down", "after"], what="what came")
            service.stop()
        finally:
            service.end()
    finally:
        journal.stop()


KERNEL = """
inputs:
  kernel: { type: kmsg }
rules: [via.lua]
outputs:
  main: { type: file, path: out.ndjson }
"""


def test_the_kernels_log_is_read_once_and_followed(folder):
    if not os.access("/dev/kmsg", os.R_OK | os.W_OK):
        print("    /dev/kmsg cannot be read and written: not tested")
        return
    # The tag of what a program writes there is its name.
    mark = f"sluice-test-{os.getpid()}"

    def mine():
        return [event for event in events(folder) if event.get("appname") == mark]

    def write(text):
        with open("/dev/kmsg", "wb", buffering=0) as device:
            # Without a line's end the kernel waits for more of it.
            device.write(f"<12>{mark}[7]: {text}\n".encode())

    write("one caf\u00e9 \\ backslash")
    service = Service(folder, KERNEL, VIA)
    try:
        service.start()
        wait_for(lambda: len(mine()) == 1, what="the first record")
        event = mine()[0]
        assert (event["facility"], event["severity"], event["procid"]) == ("user", "warning", "7"), event
        assert event["via"] == "kmsg", event
        assert event["message"] == "one caf\u00e9 \\ backslash" and event["hostname"] == socket.gethostname(), event
        age = time.time() - datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()
        assert -60 < age < 3600, event
        write("two")
        wait_for(lambda: len(mine()) == 2, what="the second record")
        service.stop()
        write("three")
        service.start()
        wait_for(lambda: len(mine()) == 3, what="the third record")
        service.stop()
        numbers = [event["sequence"] for event in events(folder)]
        assert numbers == sorted(set(numbers)), "records came twice, or in another order"
    finally:
        service.end()


OWN_LOG = """
inputs:
  log: { type: internal }
  app: { type: file, include: [app.log], format: plain }
rules: [echo.lua]
outputs:
  main: { type: file, path: out.ndjson }
  other: { type: file, path: gone/other.ndjson, create_folders: false, retry: { initial: 20ms, max: 50ms } }
default_outputs: [main]
"""

# A rule that logs for every event, its own log's events included: without a bound each line would make the next.
ECHO = """
function process(event, meta)
  log.info("seen", { text = event.message })
  event.via = meta.format
  if event.message == "to other" then return "other" end
end
"""


def test_its_own_log_comes_as_events_and_does_not_go_round(folder):
    service = Service(folder, OWN_LOG, {"echo.lua": ECHO})
    try:
        (folder / "app.log").write_text("one\ntwo\nto other\n")
        service.start()

        def messages():
            return [event["message"] for event in events(folder)]
        wait_for(lambda: any("generation 1" in message for message in messages()), what="the greeting")
        wait_for(lambda: any(message.startswith("output `other`: cannot open") for message in messages()), what="the failing output")
        own = [event for event in events(folder) if event.get("component")]
        assert all(event["appname"] == "sluice" and event["procid"] == str(service.process.pid) for event in own), own
        assert {event["via"] for event in own} == {"internal"}, own
        failing = next(event for event in own if event["message"].startswith("output `other`"))
        assert (failing["component"], failing["component_name"], failing["severity"]) == ("output", "other", "warning"), failing
        # What the rule said of the application's lines is an event; what it said of these events is none.
        wait_for(lambda: sum("echo.lua: seen" in message for message in messages()) >= 3, what="what the rule logged")
        time.sleep(1)
        assert sum("echo.lua: seen" in message for message in messages()) == 3, messages()
        before = len(events(folder))
        time.sleep(1)
        assert len(events(folder)) - before < 5, "it goes round"
        (folder / "gone").mkdir()
        wait_for(lambda: any("output `other` works again" in message for message in messages()), what="the recovery")
        service.stop()
    finally:
        service.end()
