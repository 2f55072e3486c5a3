"""Hot reload of the built program: on live streams, five hundred in a row, refused and accepted ones."""
import json
import os
import pathlib
import random
import signal
import socket
import threading
import time

from service_kit import Service, read_lines, wait_for

CONFIGURATION = """
inputs:
  lines: { type: file, include: ["logs/*.log"], format: plain, start: beginning }
rules: [first.lua, second.lua]
reload: { settle: 20ms }
outputs:
  a: { type: discard }
  b: { type: discard }
  letters: { type: file, path: letters.ndjson }
default_outputs: [a]
"""

FIRST = 'function process(event) event.kind = "plain" end\n'

GOOD = """-- version %d
state.n = (state.n or 0)
function process(event)
  state.n = state.n + 1
  if event.message:find("7 ", 1, true) then return drop end
  return "%s"
end
"""
WRONG = "function process(event) return return end -- %d\n"
# Fails on no event that was seen lately, so that only the run itself shows it.
THROWING = """-- version %d
state.n = (state.n or 0)
function process(event)
  state.n = state.n + 1
  if state.n %% 5000 == 4999 then error("now and then") end
  return "%s"
end
"""
FAILING_TEST = 'test("never", function() expect(run("x")).routed_to("nowhere") end) -- %d\n'
PASSING_TEST = 'test("always", function() expect(run("1 x").error).equals(nil) end) -- %d\n'


class Flood(threading.Thread):
    """Appends prepared blocks of lines to several files at a rate, renames what is long, and removes what is old."""

    def __init__(self, folder, rate=200_000, files=4, block_lines=500):
        super().__init__()
        self.folder, self.rate, self.files, self.block_lines = pathlib.Path(folder), rate, files, block_lines
        self.block = b"".join(b"%d a line of text as long as lines of logs are, more or less so\n" % number for number in range(block_lines))
        self.stopped = threading.Event()
        self.sent = 0

    def run(self):
        self.folder.mkdir(exist_ok=True)
        handles = [open(self.folder / f"f{index}.log", "ab", buffering=0) for index in range(self.files)]
        old, turn, started = [], 0, time.monotonic()
        while not self.stopped.is_set():
            due = (time.monotonic() - started) * self.rate
            if self.sent >= due:
                self.stopped.wait(0.002)
                continue
            index = turn % self.files
            handles[index].write(self.block)
            self.sent += self.block_lines
            turn += 1
            if turn % 4000 < self.files and handles[index].tell() > 32 << 20:
                name = self.folder / f"f{index}.{turn}.old"
                os.rename(self.folder / f"f{index}.log", name)
                handles[index].close()
                handles[index] = open(self.folder / f"f{index}.log", "ab", buffering=0)
                old.append((time.monotonic(), name))
            if old and time.monotonic() - old[0][0] > 30:
                os.unlink(old.pop(0)[1])
        for handle in handles:
            handle.close()

    def finish(self):
        self.stopped.set()
        self.join()
        return self.sent


def test_five_hundred_reloads_under_load_lose_nothing(folder):
    service = Service(folder, CONFIGURATION, {"first.lua": FIRST, "second.lua": GOOD % (0, "a"), "second_test.lua": PASSING_TEST % 0})
    flood = Flood(folder / "logs")
    choice = random.Random(11)
    verdicts = {0: 0, 1: 0}
    try:
        service.start()
        flood.start()
        started = time.monotonic()
        for number in range(500):
            kind = choice.randrange(5)
            output = choice.choice("ab")
            service.write("second.lua", {1: WRONG % number, 3: THROWING % (number, output)}.get(kind, GOOD % (number, output)))
            service.write("second_test.lua", FAILING_TEST % number if kind == 2 else PASSING_TEST % number)
            result = service.verb("reload --wait")
            assert result.returncode == (1 if kind in (1, 2) else result.returncode), (kind, result.stdout, result.stderr)
            assert result.returncode == 0 or kind in (1, 2, 3), (kind, result.stdout, result.stderr)
            verdicts[result.returncode] += 1
        seconds = time.monotonic() - started
        sent = flood.finish()
        wait_for(lambda: service.ledger()["received"] >= sent, 120, "the last event")
        wait_for(lambda: service.ledger()["in_flight"] == 0, 60, "an empty pipeline")
        status = service.status()
        ledger = service.ledger()
        pause = max(lane["longest_pause_seconds"] for lane in status["lanes"])
        print(f"       {sent} events in {seconds:.0f} s, {verdicts[0]} applied, {verdicts[1]} refused, longest pause {pause * 1e3:.1f} ms; {ledger}")
        assert ledger["received"] == sent, (ledger, sent)
        assert sent == ledger["delivered"] + ledger["dropped"] + ledger["dead_lettered"], ledger
        assert verdicts[0] > 200 and verdicts[1] > 100, verdicts
        # 10 ms is the figure to reach; a machine that is shared adds what it likes to a single moment.
        assert pause <= 0.100, pause
        service.stop()
    finally:
        service.end()
        flood.finish()


def test_a_saved_rule_takes_over_by_itself_and_a_bad_one_does_not(folder):
    service = Service(folder, CONFIGURATION, {"first.lua": FIRST, "second.lua": 'function process(event) return "letters" end\n'})
    (folder / "logs").mkdir()
    log = open(folder / "logs" / "x.log", "ab", buffering=0)
    try:
        service.start()
        log.write(b"1 one\n")
        wait_for(lambda: len(read_lines(folder / "letters.ndjson")) == 1, what="the first line")
        service.write("second.lua", "function process(event) retur end\n")
        wait_for(lambda: service.status()["generation"]["stale_rules"], what="the refusal")
        log.write(b"2 two\n")
        wait_for(lambda: len(read_lines(folder / "letters.ndjson")) == 2, what="the second line")
        assert "second.lua:1" in service.said()
        service.write("second.lua", 'function process(event) event.new = true return "letters" end\n')
        wait_for(lambda: service.status()["generation"]["number"] == 2, what="the new generation")
        assert not service.status()["generation"]["stale_rules"]
        log.write(b"3 three\n")
        wait_for(lambda: len(read_lines(folder / "letters.ndjson")) == 3, what="the third line")
        assert [json.loads(line).get("new") for line in read_lines(folder / "letters.ndjson")] == [None, None, True]
        service.stop()
    finally:
        service.end()


def test_a_dry_run_tells_what_would_be_different(folder):
    service = Service(folder, CONFIGURATION, {"first.lua": FIRST, "second.lua": 'function process(event) return "letters" end\n'})
    (folder / "logs").mkdir()
    (folder / "logs" / "x.log").write_text("".join(f"{number} text\n" for number in range(100)))
    try:
        service.start()
        wait_for(lambda: service.ledger()["delivered"] == 100, what="the lines")
        # Not settled yet when the dry run comes, or already in effect: both are told apart by watching nothing here.
        service.configure(CONFIGURATION.replace("settle: 20ms", "settle: 20ms, watch: false"))
        service.verb("reload", check=0)
        service.write("second.lua", 'function process(event) if event.message:find("^%d ") then return drop end event.x = 1 return "letters" end\n')
        result = service.verb("reload --dry-run", check=0)
        assert "of 100 recent events 10 dropped that were not, 90 changed differently" in result.stdout, result.stdout
        assert result.stdout.count("\n  + ") == 3 and result.stdout.count("\n  - ") == 3, result.stdout
        assert service.status()["generation"]["number"] == 2
        service.stop()
    finally:
        service.end()


def test_a_generation_that_fails_too_often_is_taken_back(folder):
    service = Service(folder, CONFIGURATION.replace("settle: 20ms", "settle: 20ms, rollback_window: 10s"),
                      {"first.lua": FIRST, "second.lua": GOOD % (0, "a")})
    flood = Flood(folder / "logs", rate=2_000, block_lines=20)
    try:
        service.start()
        flood.start()
        # Fails after the 2,000th event only, which the shadow run of 1,000 events does not see.
        service.write("second.lua", 'state.m = state.m or 0\nfunction process(event) state.m = state.m + 1 if state.m > 2000 then error("late") end end\n')
        wait_for(lambda: (service.status()["last_reload"] or {}).get("verdict") == "rolled_back", 60, "the roll-back")
        number = service.status()["generation"]["number"]
        failures = service.ledger()["dead_lettered"]
        time.sleep(1)
        assert service.ledger()["dead_lettered"] <= failures + 100
        assert service.status()["generation"]["number"] == number, "what was taken back is not tried again"
        service.stop()
    finally:
        service.end()
        flood.finish()


def test_modules_lookups_links_and_the_configuration_are_watched(folder):
    for version in (1, 2):
        (folder / f"v{version}").mkdir()
        (folder / f"v{version}" / "names.lua").write_text(f"return {{ name = 'module {version}' }}\n")
    os.symlink("v1", folder / "..data")
    os.symlink("..data/names.lua", folder / "names.lua")
    rule = """
local names = require "names"
local teams = lookup.csv("teams.csv", "key", "team")
function process(event) event.module = names.name event.team = teams["x"] return "letters" end
"""
    (folder / "teams.csv").write_text("key,team\nx,one\n")
    service = Service(folder, CONFIGURATION, {"first.lua": FIRST, "second.lua": rule})
    (folder / "logs").mkdir()
    log = open(folder / "logs" / "x.log", "ab", buffering=0)

    def last():
        log.write(b"1 line\n")
        lines = read_lines(folder / "letters.ndjson")
        event = json.loads(lines[-1]) if lines else {}
        return event.get("module"), event.get("team")

    try:
        service.start()
        wait_for(lambda: last() == ("module 1", "one"), what="the first version")
        service.write("teams.csv", "key,team\nx,two\n")
        wait_for(lambda: last() == ("module 1", "two"), what="the new table")
        os.symlink("v2", folder / "..new")
        os.replace(folder / "..new", folder / "..data")
        wait_for(lambda: last() == ("module 2", "two"), what="the module behind the swapped link")
        service.configure(CONFIGURATION.replace("  b: { type: discard }\n", "  b: { type: discard }\n  extra: { type: file, path: extra.ndjson }\n")
                          .replace("default_outputs: [a]", "default_outputs: [extra]"))
        service.write("second.lua", "function process(event) end\n")
        wait_for(lambda: (log.write(b"2 line\n"), read_lines(folder / "extra.ndjson"))[1], what="the new output")
        assert service.ledger()["dead_lettered"] == 0
        service.stop()
    finally:
        service.end()


def test_the_last_good_rules_start_when_those_on_disk_are_refused(folder):
    service = Service(folder, CONFIGURATION, {"first.lua": FIRST, "second.lua": GOOD % (0, "a")})
    try:
        service.start()
        service.stop()
        service.write("second.lua", WRONG % 1)
        service.start()
        assert service.status()["generation"]["stale_rules"]
        assert "second.lua:1" in service.said()
        service.stop()
        (folder / "data").rename(folder / "old")
        service.start(wait=False)
        assert service.process.wait(timeout=20) == 78, service.said()
        service.process = None
    finally:
        service.end()


def test_a_reload_does_not_wait_for_a_receiver_that_takes_nothing(folder):
    """The queue of its output is full and the lane waits: rules that send elsewhere take over, and each line goes to one of the two."""
    lines = [f"{number} {'x' * 90}".encode() for number in range(300_000)]
    (folder / "logs").mkdir()
    (folder / "logs" / "x.log").write_bytes(b"\n".join(lines) + b"\n")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    service = Service(folder, f"""
inputs:
  lines: {{ type: file, include: ["logs/*.log"], format: plain }}
rules: [route.lua]
outputs:
  far: {{ type: tcp, address: "tcp://127.0.0.1:{listener.getsockname()[1]}", encoding: raw, buffer: {{ max_events: 1000 }} }}
  near: {{ type: file, path: near.log, encoding: raw }}
default_outputs: [far]
""", {"route.lua": 'function process() return "far" end\n'})
    received = bytearray()

    def receive():
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(1 << 20):
                received.extend(data)

    try:
        service.start()
        wait_for(lambda: service.status()["lanes"][0]["inbox_events"] > 5_000, what="a lane that waits")
        stuck = service.ledger()
        service.write("route.lua", 'function process() return "near" end\n')
        started = time.monotonic()
        service.verb("reload --wait", check=0)
        assert time.monotonic() - started < 8
        wait_for(lambda: read_lines(folder / "near.log"), what="a line elsewhere")
        # While the receiver takes nothing, what it was given before holds up the positions of the file.
        reader = threading.Thread(target=receive, daemon=True)
        reader.start()
        wait_for(lambda: service.ledger()["delivered"] == len(lines), 60, "the last line")
        service.stop()
        reader.join(20)
    finally:
        service.end()
        listener.close()
    far, near = received.splitlines(), read_lines(folder / "near.log")
    assert far + near == lines, (len(far), len(near))
    assert len(far) < stuck["received"] + 10_000


def test_hup_reloads_and_usr1_reopens(folder):
    service = Service(folder, CONFIGURATION.replace("settle: 20ms", "watch: false"), {"first.lua": FIRST, "second.lua": 'function process() return "letters" end\n'})
    (folder / "logs").mkdir()
    log = open(folder / "logs" / "x.log", "ab", buffering=0)
    try:
        service.start()
        log.write(b"1 a\n")
        wait_for(lambda: read_lines(folder / "letters.ndjson"), what="the first line")
        os.rename(folder / "letters.ndjson", folder / "letters.1")
        service.signal(signal.SIGUSR1)
        wait_for(lambda: (log.write(b"2 b\n"), read_lines(folder / "letters.ndjson"))[1], what="the new file")
        service.write("second.lua", 'function process(event) event.again = true return "letters" end\n')
        service.signal(signal.SIGHUP)
        wait_for(lambda: service.status()["generation"]["number"] == 2, what="generation 2")
        service.stop()
    finally:
        service.end()
