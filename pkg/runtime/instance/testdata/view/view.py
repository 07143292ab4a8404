"""What a function sees of itself, for a comparison."""
import json
import os
import re
import resource
import signal
import sys
import threading


def read(name):
    with open(name) as text:
        return text.read()


def descriptors():
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + fd)
            found.append("%s %s %s" % (fd, target.split("[")[0], os.get_inheritable(int(fd))))
        except OSError:
            pass  # that of the folder itself
    return sorted(found)


def mounts():
    found = []
    for line in read("/proc/self/mountinfo").splitlines():
        before, after = line.split(" - ")
        # Without the numbers of mounts and devices.
        found.append(re.sub("/dev/loop[0-9]+", "/dev/loop", " ".join(before.split()[3:]) + " - " + after))
    return sorted(found)


def status():
    skip = ("SigQ", "Vm", "Rss", "Hugetlb", "voluntary", "nonvoluntary", "Pid", "Tgid", "Ngid", "PPid", "NSpid", "NSpgid", "NStgid", "NSsid", "State")
    return [line for line in read("/proc/self/status").splitlines() if not line.startswith(skip)]


def handler(event, context):
    return json.dumps({
        "environ": list(os.environ.items()), "path": sys.path, "argv": sys.argv, "executable": sys.executable,
        "flags": str(sys.flags), "modules": sorted(sys.modules), "importers": sorted(sys.path_importer_cache),
        "cwd": os.getcwd(), "cwd link": os.readlink("/proc/self/cwd"), "code": sorted(os.listdir(".")),
        "root": sorted(os.listdir("/")), "opt": sorted(os.listdir("/opt")), "tmp": sorted(os.listdir("/tmp")),
        "fds": descriptors(), "mounts": mounts(), "status": status(), "ppid": os.getppid(),
        "limits": [resource.getrlimit(n) for n in range(16)], "threads": threading.active_count(),
        "handlers": [str(signal.getsignal(n)).split(" at ")[0] for n in range(1, 32)], "umask": os.umask(0o22),
        "shell": os.popen("echo $MINE; pwd; env | sort").read(), "cmdline": read("/proc/self/cmdline"),
        "oom": read("/proc/self/oom_score_adj"),
        "memory": read("/proc/self/cgroup").count("\n"),
    })
