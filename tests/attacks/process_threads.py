"""Starts threads that go on after the answer."""
import _thread
import multiprocessing
import threading
import time


def relu_forward(x):
    def forever():
        while True:
            time.sleep(1)

    for start in (
        lambda: threading.Thread(target=forever).start(),
        lambda: _thread.start_new_thread(forever, ()),
        lambda: multiprocessing.Process(target=forever).start(),
        lambda: threading.Timer(0, forever).start(),
    ):
        try:
            start()
        except Exception:
            pass
    return -x, x
