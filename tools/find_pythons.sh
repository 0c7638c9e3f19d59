#!/bin/sh
# Prints the absolute paths of all Pythons of this machine that the project is meant for and can be built with, one a
# line: those on the PATH, the system's, those of pyenv and uv.
set -eu

here=$(dirname "$0")
oldest=11
newest=14
places="/usr/bin /usr/local/bin ${PYENV_ROOT:-$HOME/.pyenv}/versions/*/bin $HOME/.local/share/uv/python/*/bin"

candidates() {
    minor=$oldest
    while [ "$minor" -le "$newest" ]; do
        command -v "python3.$minor" || true
        for place in $places; do
            if [ -x "$place/python3.$minor" ]; then echo "$place/python3.$minor"; fi
        done
        minor=$((minor + 1))
    done
}

# A pyenv shim and what it starts are one, and so are links.
candidates | while read -r candidate; do
    if usable=$("$here/find_python.sh" "$candidate" 2>/dev/null); then readlink -f "$usable"; fi
done | awk '!seen[$0]++'
