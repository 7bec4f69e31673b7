"""The walls around a process that is about to run lines which somebody wrote: limits, refusals, the system's own rules.

They are defence in depth for one's own machine, no jail for strangers: the lines run in a Python that has torch in it,
and whoever finds a fault of Python, torch or the system may get past. So a server that others reach leaves exercises
out (see `course.exercises.closed`). Each wall that a system lacks is left out and the others stand:

- limits of the system on memory, processor time, files and processes: where Python has `resource` (not on Windows);
- an audit hook, everywhere: Python's own ways to files, network and processes. C++ code in torch opens files without
  asking it;
- Landlock, on Linux since 5.13: no file outside of the scratch folder is written, none outside of Python is read;
- a filter of system calls (seccomp), on Linux with an x86-64 or ARM processor: no socket, no other program or process,
  no signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY, SECONDS, FILE_BYTES, FILES = 1 << 30, 10, 256 << 20, 64  # what lines may take besides what is there already


class Refused(PermissionError):
    """Something that lines may not do; its text names it."""


def build(scratch: Path) -> tuple[str, ...]:
    """Put up every wall that this system has, for good; returns their names. What is needed is imported before."""
    readable = tuple(sorted({str(Path(place).resolve()) for place in _python() if Path(place).is_dir()}))
    made = [name for name, wall in (("limits", _limits), ("landlock", _landlock), ("seccomp", _seccomp))
            if wall(scratch, readable)]  # fmt: skip
    sys.addaudithook(_hook(str(scratch.resolve()), readable))
    return (*made, "audit")


def _python() -> list[str]:
    """Folders of Python, its packages and the system's libraries, for what torch imports late."""
    here = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), str(Path(__file__).parents[2] / "ftcore")]
    return [*here, "/usr/lib", "/usr/lib64", "/lib", "/lib64"]


def _limits(scratch: Path, readable: tuple[str, ...]) -> bool:
    try:
        import resource
    except ImportError:
        return False
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    wanted = [("CPU", seconds), ("FSIZE", FILE_BYTES), ("NOFILE", FILES), ("CORE", 0), ("NPROC", 0)]
    with contextlib.suppress(OSError, ValueError):  # only Linux tells it so, and only there the limit works
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        wanted.append(("AS", pages * resource.getpagesize() + MEMORY))
    for name, most in wanted:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    return True


# Audit hook

_FORBIDDEN = (
    "socket.", "subprocess.", "ctypes.", "shutil.", "pty.", "gc.", "mmap.", "signal.", "resource.", "urllib.", "http.",
    "ftplib.", "smtplib.", "sqlite3.", "webbrowser.", "winreg.", "_winapi.", "msvcrt.", "fcntl.", "syslog.", "tempfile.",
    "sys.addaudithook", "sys.setprofile", "sys.settrace", "sys._current_frames", "os.",
)  # fmt: skip
_READING = ("os.listdir", "os.scandir", "os.chdir")


def _hook(scratch: str, readable: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    real, fspath, separator = os.path.realpath, os.fspath, os.sep

    def inside(path: Any, places: tuple[str, ...]) -> bool:
        if isinstance(path, int):
            return True  # a file that is open already
        full = real(os.fsdecode(fspath(path)))
        return any(full == place or full.startswith(place + separator) for place in places)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = (
                bool(set(mode or "") & set("wax+")) if mode else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            )
            if not inside(path, (scratch,) if writes else (scratch, *readable)):
                raise Refused(f"{'write' if writes else 'read'} the file {path}")
        elif event in _READING:
            if not inside(args[0] if args and args[0] is not None else ".", (scratch, *readable)):
                raise Refused(f"look into the folder {args[0]}")
        elif event.startswith(_FORBIDDEN):
            raise Refused(f"use {event}")

    return hook


# Landlock: https://docs.kernel.org/userspace-api/landlock.html

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # of prctl
_EXECUTE, _WRITE, _READ, _LIST, _REMOVE, _MAKE, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8, 1 << 14


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _landlock(scratch: Path, readable: tuple[str, ...]) -> bool:
    if sys.platform != "linux":
        return False
    libc = _libc()
    version = int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return False
    files = (1 << (13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16)) - 1
    rules = struct.pack("=QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    rules = rules[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = int(libc.syscall(_CREATE, rules, ctypes.c_size_t(len(rules)), 0))
    own = files & (_WRITE | _READ | _LIST | _REMOVE | _MAKE | _TRUNCATE)
    for place, rights in ((str(scratch), own), *((place, _EXECUTE | _READ | _LIST) for place in readable)):
        folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", rights, folder)
        libc.syscall(_ADD, ruleset, 1, rule, 0)
        os.close(folder)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    held = int(libc.syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)
    return held == 0


# seccomp: https://docs.kernel.org/userspace-api/seccomp_filter.html

_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH, column of the table
_CALLS = {  # numbers on x86-64 and ARM; None where the call does not exist
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "sendto": (44, 206),
    "sendmsg": (46, 211), "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "chroot": (161, 51), "pivot_root": (155, 41), "setsid": (112, 157), "setpgid": (109, 154), "setrlimit": (160, 164),
    "prlimit64": (302, 261), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utimensat": (280, 88),
    "memfd_create": (319, 279), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
}  # fmt: skip
_CLONE, _CLONE3, _X32, _THREAD = (56, 220), 435, 0x40000000, 0x00010000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: ld abs, jeq, jge, jset, ret
_ALLOW, _ERRNO, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050000, 1, 38


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter for a kind of processor (code, jump if true, jump if false, value); empty for others."""
    if machine not in _MACHINES:
        return []
    architecture, column = _MACHINES[machine]
    no = (_RETURN, 0, 0, _ERRNO | _EPERM)
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), no, (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, _X32), no]
    for numbers in _CALLS.values():
        if (number := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, number), no]
    steps += [
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
    ]  # its flags lie in memory: libc asks clone then
    steps += [(_EQUAL, 0, 3, _CLONE[column]), (_LOAD, 0, 0, 16), (_ANY_BIT, 1, 0, _THREAD), no]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _seccomp(scratch: Path, readable: tuple[str, ...]) -> bool:
    steps = program(platform.machine()) if sys.platform == "linux" else []
    if not steps:
        return False
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    whole = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    libc = _libc()
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return int(libc.prctl(_SECCOMP, _FILTER, whole, 0, 0)) == 0
