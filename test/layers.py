#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the code to its layers: a folder of src/ includes only folders below it, by their public headers, and each third-party
header but GLib's is included in one folder. Prints a TAP-like line per rule and exits 1 where one is broken."""

import pathlib
import re
import sys

ORDER = ["cli", "server", "pipeline", "sandbox", "engine", "declare", "plugin", "store", "connect", "kafka", "base"]
STANDARD = {
    "arpa/inet.h", "ctype.h", "dirent.h", "errno.h", "fcntl.h", "ftw.h", "inttypes.h", "limits.h", "locale.h", "math.h",
    "netdb.h", "netinet/in.h", "poll.h", "pthread.h", "pwd.h", "signal.h", "spawn.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
    "stdlib.h", "string.h", "strings.h", "stdatomic.h", "time.h", "unistd.h", "wchar.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"


def is_standard(name):
    return name in STANDARD or name.startswith(("sys/", "linux/"))


def is_glib(name):
    return name in ("glib.h", "gmodule.h", "glib-object.h") or name.startswith(("gio/", "glib/", "glib-unix"))


def main():
    problems, homes = [], {}
    for path in sorted(SOURCE.rglob("*.[ch]")):
        folder = path.relative_to(SOURCE).parts[0]
        for kind, name in INCLUDE.findall(path.read_text()):
            where = f"{path.relative_to(SOURCE.parent)}"
            if kind == '"':
                other = name.split("/")[0]
                if other not in ORDER:
                    problems.append(f"{where}: \"{name}\" is not named from src/")
                elif ORDER.index(other) < ORDER.index(folder):
                    problems.append(f"{where}: {folder} may not include {name}, {other} stands above it")
            elif not is_standard(name) and not is_glib(name):
                homes.setdefault(name.split("/")[0].split("_")[0].removesuffix(".h"), set()).add(folder)
    for library, folders in sorted(homes.items()):
        if len(folders) > 1:
            problems.append(f"<{library}…> is included in {', '.join(sorted(folders))}: one folder should own it")
    for problem in problems:
        print(problem)
    print(f"layers: {len(problems)} broken" if problems else "layers: as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
