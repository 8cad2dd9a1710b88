"""Locking a worker in: after this it can compute, and read and write its two pipes; nothing else.

Linux alone has what it takes: limits, another user where we are root, Landlock (no files) and a
seccomp filter that lets through the system calls listed here and answers EPERM to all others. All
of it comes after NumPy is imported, and works as an ordinary user.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

# What computing needs: memory, the pipes, the clock, random bits for hash tables, and to end.
# By machine, since each numbers its calls in its own way.
CALLS = {
    "x86_64": {
        "audit": 0xC000003E,
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
        "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60,
        "gettimeofday": 96, "getrusage": 98, "times": 100, "getuid": 102, "sigaltstack": 131,
        "gettid": 186, "time": 201, "futex": 202, "restart_syscall": 219, "clock_gettime": 228,
        "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "getrandom": 318,
    },
    "aarch64": {
        "audit": 0xC00000B7,
        "close": 57, "lseek": 62, "read": 63, "write": 64, "fstat": 80, "exit": 93,
        "exit_group": 94, "futex": 98, "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114,
        "clock_nanosleep": 115, "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153,
        "getrusage": 165, "gettimeofday": 169, "getpid": 172, "getuid": 174, "gettid": 178,
        "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233,
        "getrandom": 278,
    },
}  # fmt: skip

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 4, 38, 22
SECCOMP_MODE_FILTER = 2
RET_ALLOW, RET_EPERM, RET_KILL = 0x7FFF0000, 0x00050001, 0x80000000
LOAD, EQUAL, RETURN, AT_LEAST = 0x20, 0x15, 0x06, 0x35  # four words of the filter's language
NOBODY = 65534


def lock(memory: int, seconds: int) -> list[str]:
    """Lock this process for good; return the names of the walls that stand.

    memory: MiB that may be mapped beyond what is mapped now
    seconds: of processor time, in all
    """
    walls = [_limits(memory, seconds)]
    if sys.platform != "linux":
        return walls
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    libc.syscall.restype = ctypes.c_long
    libc.syscall.argtypes = [ctypes.c_long] + [ctypes.c_void_p] + [ctypes.c_ulong] * 2
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        walls.append("user")
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # with the box, its workers end
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _landlock(libc):
        walls.append("landlock")
    if _seccomp(libc):
        walls.append("seccomp")
    return walls


def hide() -> None:
    """On Linux: nobody of the same user may read this process's memory from now on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)


def _limits(memory: int, seconds: int) -> str:
    mapped = 0
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        bytes_ = mapped + memory * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return "limits"


def _landlock(libc: ctypes.CDLL) -> bool:
    """No file by name, of any kind: every right that this kernel knows is handled, none is given.

    Since its fourth version no TCP either, since its sixth no signal and no socket to outside.
    """
    create, restrict = 444, 446  # the same numbers on every machine
    version = libc.syscall(create, None, 0, 1)
    if version < 1:
        return False
    files = (1 << (13, 14, 15, 15, 16)[min(version, 5) - 1]) - 1
    handled = [files, 3, 3][: 1 if version < 4 else 2 if version < 6 else 3]
    attributes = (ctypes.c_uint64 * len(handled))(*handled)
    ruleset = libc.syscall(create, ctypes.addressof(attributes), ctypes.sizeof(attributes), 0)
    if ruleset < 0:
        return False
    done = libc.syscall(restrict, ruleset, 0, 0) == 0
    os.close(ruleset)
    return done


def _seccomp(libc: ctypes.CDLL) -> bool:
    """The filter: the machine's own calls alone, and of these the listed ones."""
    calls = dict(CALLS.get(platform.machine(), {}))
    if not calls:
        return False
    audit = calls.pop("audit")
    # The 32-bit calls of an x86_64 have other numbers, from 2^30 on or under another architecture.
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, audit), (RETURN, 0, 0, RET_KILL), (LOAD, 0, 0, 0)]
    program += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, RET_EPERM)]
    for number in calls.values():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, RET_ALLOW)]
    program.append((RETURN, 0, 0, RET_EPERM))
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *word) for word in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    at = ctypes.create_string_buffer(header)
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(at), 0, 0) == 0
