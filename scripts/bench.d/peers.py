"""rsyslog and syslog-ng as Debian ships them, unpacked into a folder: nothing is installed, no service starts.

The two packages exclude one another on a system, and both would start a daemon; unpacked side by side they do neither.
"""

import glob
import os
import shutil
import subprocess

import feeds
import measure

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["rsyslog", "syslog-ng-core", "syslog-ng-mod-add-contextual-data"]


class PeerError(Exception):
    """The peers' packages cannot be had."""


def fetch(folder, packages):
    """Downloads packages, with the libraries that this system lacks, and unpacks them below `folder`/root."""
    archives = os.path.join(folder, "archives")
    os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
    apt = ["apt-get", "--yes", "--quiet=2", "--no-install-recommends", "--download-only", "--reinstall",
           "-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=true", "install"]
    for package in packages:
        answer = subprocess.run([*apt, package], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if answer.returncode:
            raise PeerError(f"`apt-get` cannot download `{package}`: {answer.stderr.strip()}; "
                            "run `apt-get update`, or compare with fewer programs (`--programs sluice`)")
    for archive in sorted(glob.glob(os.path.join(archives, "*.deb"))):
        subprocess.run(["dpkg-deb", "--extract", archive, os.path.join(folder, "root")], check=True)


class Peers:
    """Where the peers' programs are, and how each workload is run with them."""

    def __init__(self, folder, packages=PACKAGES):
        self.folder = folder
        self.packages = packages
        self.root = os.path.join(folder, "root")

    def prepare(self):
        """Fetches what is not there yet."""
        done = os.path.join(self.folder, "complete")
        if not os.path.exists(done):
            shutil.rmtree(self.folder, ignore_errors=True)
            fetch(self.folder, self.packages)
            open(done, "w").close()

    def versions(self):
        """One line per program."""
        answers = [
            subprocess.run([self.program("rsyslogd"), "-v"], env=self.environment(), capture_output=True, text=True).stdout,
            subprocess.run([self.program("syslog-ng"), "--version"], env=self.environment(), capture_output=True, text=True).stdout,
        ]
        return [answer.split("\n")[0].split(" (aka")[0] for answer in answers if answer]

    def program(self, name):
        """Path of a daemon."""
        return os.path.join(self.root, "usr/sbin", name)

    def environment(self):
        """The unpacked libraries come first."""
        folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu",
                   "lib/aarch64-linux-gnu", "usr/lib/syslog-ng"]
        return {"LD_LIBRARY_PATH": ":".join(os.path.join(self.root, folder) for folder in folders)}

    def modules(self, pattern):
        """The folder below the root that holds a program's loadable modules."""
        found = glob.glob(os.path.join(self.root, pattern))
        if not found:
            raise PeerError(f"no `{pattern}` in `{self.root}`; remove that folder and run again")
        return found[0]

    def rsyslog(self, workload, source, outputs, folder, feed=None):
        """rsyslog in the foreground; syslog lines come over TCP because its file input does not take the host name."""
        state = measure.fresh(folder, "state")
        if not feed and workload in ("w1", "w2"):
            feed = feeds.ConnectionFeed(feeds.free_port(), source)
        environment = {**self.environment(), "IN": source, "OUT": folder, "RUN": state,
                       "CONF": os.path.join(HERE, "rsyslog"), "PORT": str(feed.port if feed else None),
                       "FILE": next(iter(outputs.values()))}
        configuration = os.path.join(HERE, "rsyslog", workload.partition("-")[0] + ".conf")
        arguments = [self.program("rsyslogd"), "-n", "-i", os.path.join(state, "pid"),
                     "-M", self.modules("usr/lib/*/rsyslog"), "-f", configuration]
        return measure.Command(arguments, outputs, environment, folder=folder, daemon=True, feed=feed)

    def syslog_ng(self, workload, source, outputs, folder):
        """syslog-ng in the foreground, reading the file."""
        state = measure.fresh(folder, "state")
        environment = {**self.environment(), "IN": source, "OUT": folder, "CONF": os.path.join(HERE, "syslog-ng")}
        arguments = [self.program("syslog-ng"), "--foreground", "--no-caps", "--stderr",
                     "--module-path", self.modules("usr/lib/syslog-ng/*"),
                     "--cfgfile", os.path.join(HERE, "syslog-ng", workload + ".conf"),
                     "--persist-file", os.path.join(state, "persist"), "--pidfile", os.path.join(state, "pid"),
                     "--control", os.path.join(state, "control")]
        return measure.Command(arguments, outputs, environment, folder=folder, daemon=True)
