# SPDX-License-Identifier: Apache-2.0
"""What stops the demo: a sentence, a hint, and the end of the log that says why."""

LAST_LINES = 25


class DemoError(Exception):
    def __init__(self, message, hint=None, log=None):
        super().__init__(message)
        self.hint = hint
        self.log_end = end_of(log) if log else []

    def show(self, screen):
        for line in self.log_end:
            screen.dim(f"  | {line}")
        screen.bad(f"demo: {self}")
        if self.hint:
            screen.say(f"hint: {self.hint}")


def end_of(log):
    """The last lines of a file, read at once: the file may be gone when they are shown."""
    return log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
