#!/bin/sh
# Sees to the programs and libraries that pip cannot install. Usage: PYTHON=... tools/prerequisites.sh GROUP...
# Groups: build, demo, test, bench. What is missing is installed with apt-get by root or through a sudo that asks for
# no password; otherwise the command to type is printed, with exit status 1.
set -eu

: "${PYTHON:?must name the Python to build with}"
PATH=$PATH:/usr/sbin:/sbin # pcscd and sshd are there, which Debian leaves out of a user's PATH
packages=''
backports='' # packages of newer Debian releases

need() { # PACKAGE...
    for package in "$@"; do
        case " $packages " in
        *" $package "*) ;;
        *) packages="$packages $package" ;;
        esac
    done
}

need_program() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 || need "$2"
}

need_file() { # PACKAGE PATTERN...: any file that matches will do
    package=$1
    shift
    for file in "$@"; do
        if [ -e "$file" ]; then return; fi
    done
    need "$package"
}

need_newer() { # PACKAGE PATTERN...: like need_file, for a package that Debian 12 has in its backports only
    package=$1
    shift
    for file in "$@"; do
        if [ -e "$file" ]; then return; fi
    done
    if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
        backports="$backports $package"
    else
        need "$package"
    fi
}

compiles() { # HEADER [OPTION...]: a header known to the compiler; <stdio.h> needs the C library's own package
    header=$1
    shift
    echo "#include <$header>" | "${CC:-cc}" -E "$@" -o /dev/null - 2>/dev/null
}

# The names of Debian's packages for what the Python lacks, one a line. Debian keeps ensurepip, headers and
# the shared library of every version in packages of their own.
python_packages() {
    "$PYTHON" -I - <<'END'
import importlib.util, os, sys, sysconfig
name = "python%d.%d" % sys.version_info[:2]
library = sysconfig.get_config_var("INSTSONAME") or ""
folders = [sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBPL")]
if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
    print(name + "-venv")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print(name + "-dev")
if not any(folder and os.path.exists(os.path.join(folder, library)) for folder in folders):
    print("lib" + name)
END
}

python_is_debians() {
    "$PYTHON" -I -c 'import sys; sys.exit(sys.base_prefix != "/usr")'
}

group_build() {
    missing=$(python_packages)
    if [ -n "$missing" ] && ! python_is_debians; then
        echo "$PYTHON is not complete (a Debian system would lack: $(echo $missing))." >&2
        echo "Install the rest of it, or choose another with: make PYTHON=/usr/bin/python3" >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # one word a package
    need $missing
    need_program "${CC:-cc}" gcc
    compiles stdio.h || need gcc libc6-dev
    # pyscard is published as source only
    need_program swig swig
    compiles winscard.h -I/usr/include/PCSC -I/usr/local/include/PCSC || need libpcsclite-dev
}

group_demo() {
    group_build
    need_program openssl openssl
    need_program pkcs11-tool opensc
}

group_test() {
    group_demo
    virtual_reader
    need_program ssh-keygen openssh-client
    need_program sshd openssh-server
    need_file libp11-kit-dev /usr/include/p11-kit-1/p11-kit/pkcs11.h
    need_program p11tool gnutls-bin
    need_program certutil libnss3-tools
    need_program curl curl
    need_program git git
    need_program p11-kit p11-kit
    need_file p11-kit-modules /usr/lib/*/p11-kit-proxy.so
    need_file libengine-pkcs11-openssl /usr/lib/*/engines-3/pkcs11.so
    need_newer pkcs11-provider /usr/lib/*/ossl-modules/pkcs11.so
    need_program firefox-esr firefox-esr
    need_program chromium chromium
    need_program Xvfb xvfb
    need_program xdotool xdotool
    need_program import imagemagick
    need_program tesseract tesseract-ocr
    need_program valgrind valgrind
    need_program setcap libcap2-bin
    need_file libpam-p11 /usr/lib/*/security/pam_p11.so /lib/*/security/pam_p11.so
    need_program man man-db
    need_program zsh zsh
    need_program fish fish
    need_program jarsigner openjdk-17-jdk-headless
    need_program pdfsig poppler-utils
    need_program xmlsec1 xmlsec1
}

group_bench() {
    group_build
    virtual_reader
    need_program ssh-keygen openssh-client
    need_program sshd openssh-server
}

virtual_reader() { # with OpenSC, which judges the software card by driving it
    need_program pcscd pcscd
    need_file vsmartcard-vpcd /usr/lib/pcsc/drivers/serial/libifdvpcd.so*
    need_program pkcs11-tool opensc
    need_file opensc-pkcs11 /usr/lib/*/opensc-pkcs11.so /usr/lib/opensc-pkcs11.so
}

apt_get() { # ARGUMENT...; it shows its warnings and errors only
    # Services stay stopped: their start-up is the user's business, and in a container it fails.
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq "$@" >/dev/null
}

# shellcheck disable=SC2086  # one word a package
install_missing() {
    echo "Installing:$packages$backports" >&2
    apt_get update
    if [ -n "$packages" ]; then apt_get install -y --no-install-recommends $packages; fi
    if [ -n "$backports" ]; then install_backports; fi
}

# The machine's own list of sources stays as it is.
# shellcheck disable=SC2016,SC2086
install_backports() {
    folder=$(mktemp -d)
    mkdir -p "$folder/lists/partial"
    chmod 755 "$folder" # apt-get downloads as another user
    apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME)-backports main' 'Codename: bookworm' |
        sort -u >"$folder/sources.list"
    sources="-o Dir::Etc::SourceList=$folder/sources.list -o Dir::Etc::SourceParts=-"
    sources="$sources -o Dir::State::Lists=$folder/lists"
    apt_get $sources update
    apt_get $sources install -y --no-install-recommends $backports
    $as_root rm -rf "$folder"
}

for group in "$@"; do
    case $group in
    build | demo | test | bench) "group_$group" ;;
    *)
        echo "tools/prerequisites.sh: there is no group $group" >&2
        exit 2
        ;;
    esac
done
as_root=''
if [ -z "$packages$backports" ]; then
    exit 0
elif ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing (by the names of Debian's packages):$packages$backports" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    install_missing
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n'
    install_missing
else
    echo "Missing on this machine; install it with:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$packages$backports" >&2
    if [ -n "$backports" ]; then echo "where these are in bookworm-backports:$backports" >&2; fi
    exit 1
fi
