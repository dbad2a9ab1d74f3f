"""Run as a program: lucipy's emulator of a LUCIDAC with firmware 1.x, on a free port of loopback.

It says where it listens, and then more.
"""

from __future__ import annotations

from lucipy.simulator import Emulation

if __name__ == "__main__":
    Emulation(bind_addr="127.0.0.1", bind_port=0).serve_blocking()
