"""A copy of this machine to install packages on: its files under a layer that is thrown away, its own processes, network and mounts.

Nothing that happens in the copy is left behind. With `booted=True` its first process is systemd, so that a service runs as it does on
a host. Needs root and a kernel that allows it; `Machine.obstacle` says what is in the way.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

SYSTEMD = "/lib/systemd/systemd"

# Runs in fresh namespaces: builds the copy's file system, then becomes its first process. /proc/sys and /sys are read-only: the kernel
# is the one thing that is not a copy.
FIRST = r"""
set -e
folder=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir -m 1777 dev/shm
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# Container images forbid packages to start services and to bring documentation.
rm -f usr/sbin/policy-rc.d etc/dpkg/dpkg.cfg.d/*
cat > etc/systemd/system/sluice-test.target <<'END'
[Unit]
Description=Nothing but what services need
Requires=sysinit.target
END
exec chroot . "$@"
"""


class Machine:
    """The copy, from `start` to `end`."""

    def __init__(self, folder, booted=False):
        self.folder = pathlib.Path(folder)
        self.booted = booted

    @staticmethod
    def obstacle(booted=False):
        """Why there cannot be a copy here; None when there can."""
        if os.geteuid() != 0:
            return "only root can make a copy of the machine"
        for tool in ("unshare", "nsenter", "dpkg"):
            if shutil.which(tool) is None:
                return f"there is no `{tool}`"
        if booted and not os.path.exists(SYSTEMD):
            return "systemd is not installed"
        if Machine.control_groups() is None:
            return "there is no cgroup2 file system"
        tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "--ipc", "--uts", "true"], capture_output=True)
        return None if tried.returncode == 0 else tried.stderr.decode(errors="replace").strip()

    @staticmethod
    def control_groups():
        """Where control groups of the second version are."""
        with open("/proc/self/mountinfo") as mounts:
            for line in mounts:
                place, kind = line.split(" - ")
                if kind.split()[0] == "cgroup2":
                    return pathlib.Path(place.split()[4])

    def start(self):
        """Makes the copy and waits until it runs."""
        self.group = self.control_groups() / f"sluice-test-{os.getpid()}"
        self.group.mkdir()
        place = self.folder / "copy"
        place.mkdir()
        first = [SYSTEMD, "--system", "--unit=sluice-test.target", "--log-target=journal", "--show-status=0"] if self.booted else ["sleep", "inf"]
        self.log = open(self.folder / "machine.log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "--ipc", "--uts", "--kill-child", "bash", "-c", FIRST, "first", place, *first],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={"PATH": os.environ["PATH"], "container": "sluice-test", "LC_ALL": "C.UTF-8"},
            preexec_fn=lambda: (self.group / "cgroup.procs").write_text(str(os.getpid())))
        self.wait_for(self.is_up, "the copy of the machine")
        return self

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "machine.log").read_text(errors="replace")[-2000:]
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return False
        self.first = children[0]
        name = os.readlink(f"/proc/{self.first}/exe")
        if not self.booted:
            return "sleep" in name or "coreutils" in name
        return "systemd" in name and self.run("systemctl", "is-active", "sluice-test.target").stdout.strip() == "active"

    def run(self, *command, check=None, timeout=60, **more):
        """Runs a command in the copy, as root."""
        result = subprocess.run(self.words(*command), capture_output=True, text=True, timeout=timeout, env=self.environment(), **more)
        if check is not None:
            assert result.returncode == check, (command, result.returncode, result.stdout[-3000:], result.stderr[-3000:])
        return result

    def start_command(self, *command, environment=None, **more):
        """Starts a command in the copy and does not wait for it."""
        return subprocess.Popen(self.words(*command), env={**self.environment(), **(environment or {})}, **more)

    def words(self, *command):
        return ["nsenter", "--target", self.first, "--mount", "--pid", "--net", "--cgroup", "--ipc", "--uts", "--root", "--wd", *map(str, command)]

    @staticmethod
    def environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}

    def path(self, name):
        """Where a file of the copy is seen from here."""
        return pathlib.Path(f"/proc/{self.first}/root") / str(name).lstrip("/")

    @staticmethod
    def wait_for(condition, what, seconds=60):
        """Asks until the answer is true; returns it."""
        end = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < end, f"{what} did not come within {seconds} s"
            time.sleep(0.02)
        return answer

    def end(self):
        """The copy and all of its processes are gone afterwards."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        self.wait_for(lambda: not self.group.exists() or self.remove_groups(), "the end of the copy's processes", 20)

    def remove_groups(self):
        for folder, _, _ in os.walk(self.group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.end()
            raise

    def __exit__(self, kind, *_):
        if kind and self.booted:
            print(self.run("journalctl", "--no-pager", "--lines=60", "-o", "short-monotonic").stdout)
        self.end()


def is_possible(booted=False):
    """Whether there can be a copy; says so when not."""
    obstacle = Machine.obstacle(booted)
    if obstacle:
        print(f"    left out: {obstacle}", file=sys.stdout)
    return obstacle is None
