"""One measured run of a log processor: CPU time of its whole process tree, wall time, peak memory."""

import dataclasses
import os
import shutil
import signal
import subprocess
import time

import feeds

POLL_SECONDS = 0.01
QUIET_SECONDS = 0.5  # without growth of the outputs, before their lines are counted
STALL_SECONDS = 15  # without growth, before the run is given up
LOSS_SECONDS = 2  # the same after the last datagram, of which some may be lost


@dataclasses.dataclass
class Command:
    """What to run: a filter ends by itself; a daemon is stopped when its outputs hold the expected lines."""

    arguments: list
    outputs: dict  # name -> path
    environment: dict = dataclasses.field(default_factory=dict)
    stdout: str = os.devnull
    folder: str = "."  # for state and the log of standard error
    daemon: bool = False
    feed: feeds.Feed = None  # what a daemon is sent
    question: list = None  # asked of a daemon before it is stopped; the measurement has the answer


@dataclasses.dataclass
class Measurement:
    """Times in seconds, memory in MiB."""

    cpu: float
    wall: float
    resident_peak: float
    anonymous_peak: float
    lines: dict  # output name -> lines
    status: int
    others_cpu: float  # CPUs that everything else on the machine used during the run
    answer: str = ""  # to the command's question
    datagrams: object = None  # what became of them (report.Datagrams)


def count_lines(path):
    """Lines of a file; a missing file has none."""
    lines = 0
    try:
        with open(path, "rb", buffering=0) as file:
            while block := file.read(1 << 20):
                lines += block.count(b"\n")
    except FileNotFoundError:
        pass
    return lines


def busy_seconds():
    """CPU seconds that the machine has spent so far, on anything."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupt, soft = [int(value) for value in file.readline().split()[1:8]]
    return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")


def fresh(folder, name):
    """An empty folder for a daemon's state: no position of an earlier run."""
    state = os.path.join(folder, name)
    shutil.rmtree(state, ignore_errors=True)
    os.makedirs(state)
    return state


class MemoryPeak:
    """Highest memory of a process, in MiB; sampled, but the kernel itself keeps the resident peak."""

    def __init__(self, pid):
        self.path = f"/proc/{pid}/status"
        self.resident = self.anonymous = 0.0

    def sample(self):
        """Reads the process's status; an ended process changes nothing."""
        try:
            with open(self.path) as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        self.resident = max(self.resident, int(line.split()[1]) / 1024)
                    elif line.startswith("RssAnon:"):
                        self.anonymous = max(self.anonymous, int(line.split()[1]) / 1024)
        except OSError:
            pass


def is_complete(command, expected):
    """Whether the outputs hold at least the expected number of lines together."""
    return sum(count_lines(path) for path in command.outputs.values()) >= expected


def wait_for_outputs(command, expected, process, memory):
    """Waits until a daemon has written everything, has ended, or stalls. Returns wait4's answer when it has ended."""
    sizes, grown, counted = None, time.monotonic(), None
    is_lossy = isinstance(command.feed, feeds.DatagramFeed)
    while True:
        time.sleep(POLL_SECONDS)
        memory.sample()
        answer = os.wait4(process.pid, os.WNOHANG)
        if answer[0]:
            return answer
        seen = [os.path.getsize(path) if os.path.exists(path) else 0 for path in command.outputs.values()]
        if seen != sizes:
            sizes, grown = seen, time.monotonic()
            continue
        quiet = time.monotonic() - grown
        if quiet > QUIET_SECONDS and sum(sizes) and counted != sizes:
            counted = sizes
            if is_complete(command, expected):
                return None
        if quiet > STALL_SECONDS or is_lossy and quiet > LOSS_SECONDS and command.feed.has_ended.is_set():
            return None


def stop(process):
    """TERM, then KILL after ten seconds; returns wait4's answer."""
    process.send_signal(signal.SIGTERM)
    for _ in range(1000):
        answer = os.wait4(process.pid, os.WNOHANG)
        if answer[0]:
            return answer
        time.sleep(0.01)
    process.kill()
    return os.wait4(process.pid, 0)


def ask(command, environment):
    """What a daemon answers to the command's question."""
    if not command.question:
        return ""
    return subprocess.run(command.question, env=environment, capture_output=True, text=True, timeout=30).stdout


def measure(command, expected):
    """Runs a command until its outputs hold `expected` lines. Everything is on disk (page cache) when it returns."""
    os.makedirs(command.folder, exist_ok=True)
    for path in command.outputs.values():
        if os.path.exists(path):
            os.unlink(path)
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", **command.environment}
    with open(os.path.join(command.folder, "stderr.log"), "wb") as errors, open(command.stdout, "wb") as stdout:
        busy, started, clock = busy_seconds(), time.monotonic(), time.time()
        process = subprocess.Popen(
            command.arguments, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors)
        memory, said = MemoryPeak(process.pid), ""
        if command.feed:
            command.feed.start()
        if command.daemon:
            answer = wait_for_outputs(command, expected, process, memory)
            elapsed = time.monotonic() - started
            busy = busy_seconds() - busy
            if not answer:
                said = ask(command, environment)
                answer = stop(process)
        else:
            while not (answer := os.wait4(process.pid, os.WNOHANG))[0]:
                memory.sample()
                time.sleep(POLL_SECONDS)
            elapsed = time.monotonic() - started
            busy = busy_seconds() - busy
    _, status, usage = answer
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    wall = elapsed
    if command.daemon:  # from the first byte that it was sent to the last write, not to our noticing
        clock = (command.feed.began if command.feed else None) or clock
        wall = max((os.path.getmtime(path) for path in command.outputs.values() if os.path.exists(path)), default=clock) - clock
    return Measurement(
        cpu=cpu, wall=wall, resident_peak=memory.resident, anonymous_peak=memory.anonymous,
        lines={name: count_lines(path) for name, path in command.outputs.items()},
        status=process.returncode, others_cpu=max(0.0, (busy - cpu) / elapsed), answer=said)
