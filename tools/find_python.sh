#!/bin/sh
# Prints the absolute path of the Python to build with: 3.11 or later with its shared library, which hosts
# without a Python of their own are given. An argument asks for one Python and allows no other.
set -eu

usable='
import os, sys, sysconfig
assert sys.version_info >= (3, 11)
folders = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
shared = sysconfig.get_config_var("INSTSONAME") or ""
found = any(folder and os.path.exists(os.path.join(folder, shared)) for folder in folders)
from_debian = sys.base_prefix == "/usr" and os.path.exists("/etc/debian_version")  # apt-get can add the library
assert ".so" in shared and (found or from_debian)
print(sys.executable)
'

if [ -n "${1:-}" ]; then
    candidates=$1
else
    candidates='python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3'
fi
for candidate in $candidates; do
    if "$candidate" -I -c "$usable" 2>/dev/null; then
        exit 0
    fi
done
echo "No usable Python among: $candidates" >&2
echo "pyjpki11 needs Python 3.11 or later that was built with its shared library (--enable-shared)." >&2
exit 1
