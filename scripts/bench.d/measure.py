"""One measured run of a log processor: CPU time of its whole process tree, wall time, peak memory."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

POLL_SECONDS = 0.01
QUIET_SECONDS = 0.5  # without growth of the outputs, before their lines are counted
STALL_SECONDS = 15  # without growth, before the run is given up


@dataclasses.dataclass
class Command:
    """What to run: a filter ends by itself; a daemon is stopped when its outputs hold the expected lines."""

    arguments: list
    outputs: dict  # name -> path
    environment: dict = dataclasses.field(default_factory=dict)
    stdout: str = os.devnull
    folder: str = "."  # for state and the log of standard error
    daemon: bool = False
    feed: tuple = None  # (port, file): sent over one TCP connection once the port answers


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


def free_port():
    """A TCP port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(port, path):
    """Sends a file over one TCP connection to loopback, as soon as something listens there."""
    for _ in range(1000):
        try:
            connection = socket.create_connection(("127.0.0.1", port), 30)
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    else:
        return
    with connection, open(path, "rb") as file:
        try:
            connection.sendfile(file)
        except OSError:
            return  # the daemon went away: its outputs are short, which the run reports


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
        if quiet > STALL_SECONDS:
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
        memory = MemoryPeak(process.pid)
        if command.feed:
            threading.Thread(target=send, args=command.feed, daemon=True).start()
        if command.daemon:
            answer = wait_for_outputs(command, expected, process, memory)
            elapsed = time.monotonic() - started
            busy = busy_seconds() - busy
            answer = answer or stop(process)
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
    if command.daemon:  # the time of the last write, not of our noticing
        wall = max((os.path.getmtime(path) for path in command.outputs.values() if os.path.exists(path)), default=clock) - clock
    return Measurement(
        cpu=cpu, wall=wall, resident_peak=memory.resident, anonymous_peak=memory.anonymous,
        lines={name: count_lines(path) for name, path in command.outputs.items()},
        status=process.returncode, others_cpu=max(0.0, (busy - cpu) / elapsed))
