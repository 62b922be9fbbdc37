"""Start a program that ends when the process that started it ends.

Run as a script by `backend.supervisor.child`, never imported by it:

    python -I -S leash.py PARENT_PID SIGNAL IDENTITY PROGRAM ARGUMENT...

IDENTITY is `same`; `namespace` (a user namespace in which root looks like an ordinary user, for
PostgreSQL, which refuses to run as root); or `UID:GID` (become that user). The parent-death
signal is set last, because changing identity clears it.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def enter_user_namespace() -> None:
    """Become `nobody` by name while staying the same user to the file system; raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "a user namespace was refused")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


def become(identity: str) -> None:
    """Take the identity the caller asked for; raises OSError when the kernel refuses it."""
    if identity == "same":
        return
    if identity == "namespace":
        enter_user_namespace()
        return
    uid, gid = (int(part) for part in identity.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def tie_to_parent(parent_pid: int, number: int) -> None:
    """Ask for `number` when the parent dies; leave at once when it is already gone."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the parent-death signal was refused")
    if os.getppid() != parent_pid:
        raise SystemExit("the process that started this program is gone")


def main(arguments: list[str]) -> None:
    """Take identity, tie to the parent, and turn into the program."""
    parent_pid, number, identity, *command = arguments
    become(identity)
    tie_to_parent(int(parent_pid), int(number))
    # Python ignores SIGPIPE, and an ignored signal stays ignored in the next program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 -- a program chosen by our own code, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
