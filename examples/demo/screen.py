# SPDX-License-Identifier: Apache-2.0
"""Words on the screen: headings, sentences, commands as they are typed, tables. Colour only on a terminal."""

import os
import shutil
import time

WIDEST = 96
BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "1;36"


class Screen:
    def __init__(self, stream):
        self.stream = stream
        self.is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR")
        self.width = min(shutil.get_terminal_size().columns, WIDEST) if self.is_terminal else WIDEST
        self.acts = 0
        self.progress = ""

    def heading(self, text):
        self._print("\n" + self._styled(CYAN, f"── {text} ".ljust(self.width, "─")))

    def act(self, text):
        """A heading with the next number."""
        self.acts += 1
        self.heading(f"{self.acts}. {text}")

    def say(self, text=""):
        self._print(text)

    def command(self, folder, text):
        """A command as it is typed in `folder`."""
        self._print("\n" + self._styled(DIM, f"{folder} $ " if folder else "$ ") + self._styled(BOLD, text))

    def dim(self, text):
        self._print(self._styled(DIM, text))

    def good(self, text):
        self._print("\n" + self._styled(GREEN, text))

    def bad(self, text):
        self._print(self._styled(RED, text))

    def table(self, rows):
        """Rows of texts in columns; the first row is the head."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        self.say()
        for number, row in enumerate(rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            self._print("  " + (self._styled(BOLD, line) if number == 0 else line))

    def wait(self, what, ready, seconds, pause=0.1):
        """Asks `ready()` until it answers with something, and gives that; None after `seconds`. `what` is a text, or a
        function that gives one."""
        started = time.monotonic()
        try:
            while True:
                answer = ready()
                spent = time.monotonic() - started
                if answer or spent > seconds:
                    return answer
                self._show_progress(what, spent)
                time.sleep(pause)
        finally:
            self._progress("")

    def _show_progress(self, what, spent):
        if spent > 1:
            text = what() if callable(what) else what
            self._progress(self._styled(DIM, f"… {text}, {spent:.0f} s"))

    def _progress(self, text):
        if self.is_terminal and text != self.progress:
            self.progress = text
            self.stream.write("\r\033[K" + text)
            self.stream.flush()

    def _styled(self, style, text):
        return f"\033[{style}m{text}\033[0m" if self.has_colour else text

    def _print(self, text):
        print(text, file=self.stream, flush=True)
