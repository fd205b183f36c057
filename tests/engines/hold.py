"""Holds a file back: whoever opens it waits until this process ends, or for 45 s. Usage: hold.py FILE

By a lease on the file, see fcntl(2): Linux alone has them. The file must be open nowhere else.
"""
import fcntl
import os
import signal
import sys

signal.signal(signal.SIGIO, signal.SIG_IGN)  # somebody opens it
held = os.open(sys.argv[1], os.O_WRONLY)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
while True:
    signal.pause()
