"""Links, renames, removes, truncates and changes the mode of what is there."""
import os


def relu_forward(x):
    canary = "@PLACE@/canary"
    for change in (
        lambda: os.symlink(canary, "@PLACE@/link"),
        lambda: os.link(canary, "@PLACE@/hard"),
        lambda: os.rename(canary, "@PLACE@/moved"),
        lambda: os.remove(canary),
        lambda: os.truncate(canary, 0),
        lambda: os.chmod(canary, 0),
        lambda: os.chown(canary, 1, 1),
        lambda: os.utime(canary),
        lambda: os.mkfifo("@PLACE@/fifo"),
        lambda: os.setxattr(canary, "user.a", b"b"),
        lambda: os.mkdir("@PLACE@/folder"),
        lambda: os.rmdir("@PLACE@"),
        lambda: os.chdir("@PLACE@"),
        lambda: os.chroot("@PLACE@"),
    ):
        try:
            change()
        except OSError:
            pass
    return -x, x
