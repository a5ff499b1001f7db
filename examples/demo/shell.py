# SPDX-License-Identifier: Apache-2.0
"""Runs commands as a person would type them in the work folder, and shows them."""

import contextlib
import os
import signal
import subprocess

from errors import DemoError

LONGEST = 300  # seconds that one command may take
LONGEST_BUILD = 1200  # the first one, which fetches
CLOSING = 60  # seconds that a command has to finish what it has begun, after Ctrl-C


class Shell:
    def __init__(self, screen, work):
        self.screen = screen
        self.work = work

    def run(self, folder, text, expect=0):
        """Shows and runs `text` in a folder of the work folder, its output as it comes. Another exit status than `expect`
        ends the demo; None takes any. Gives the status."""
        self.screen.command(folder, text)
        with self._running(folder, text) as process:
            status = process.wait(LONGEST)
        if expect is not None and status != expect:
            raise DemoError(f"'{text}' ended with {status} instead of {expect}")
        return status

    def read(self, folder, text):
        """What a command prints, without showing it."""
        with self._running(folder, text, stdout=subprocess.PIPE) as process:
            output, _ = process.communicate(timeout=LONGEST)
        if process.returncode != 0:
            raise DemoError(f"'{text}' ended with {process.returncode}")
        return output.decode()

    def build(self, folder, text):
        """Shows and runs a Maven command, its output in a log: without the network where that is possible."""
        self.screen.command(folder, text)
        log = self.work.logs / f"{folder}-maven.log"
        status = self._log(folder, f"{text} --batch-mode --offline", log)
        if status != 0 and "offline" in log.read_text(errors="replace"):
            self.screen.dim("Maven fetches what it has never needed here before; that takes a while, once.")
            status = self._log(folder, f"{text} --batch-mode", log)
        if status != 0:
            raise DemoError(f"'{text}' failed in {folder}", log=log)

    def _log(self, folder, text, log):
        with log.open("wb") as output, \
             self._running(folder, text, stdout=output, stderr=subprocess.STDOUT) as process:
            self.screen.wait("building", lambda: process.poll() is not None, LONGEST_BUILD)
            return process.wait(0)

    @contextlib.contextmanager
    def _running(self, folder, text, **options):
        """A command in a process group of its own, so that Ctrl-C reaches it once, through us. It ends with the block."""
        process = subprocess.Popen(["bash", "-c", text], cwd=self.work.folder / folder, env=self.work.environment(),
                                   stdin=subprocess.DEVNULL, start_new_session=True, **options)
        try:
            yield process
        except subprocess.TimeoutExpired as late:
            raise DemoError(f"'{text}' did not end within {late.timeout:.0f} s") from None
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSING)
            raise
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
