"""Listens on all of IPv4 and all of IPv6; test_listen.py runs this in a network namespace."""
import contextlib
import fcntl
import socket
import struct
import subprocess
import urllib.request

IFF_UP, SIOCSIFFLAGS = 1, 0x8914


@contextlib.contextmanager
def serving(*addresses):
    """The server, and the first lines of its stderr, one for each address."""
    options = ["--no-auth-on-purpose", *(f"-l{address}" for address in addresses)]
    server = subprocess.Popen(["kvm-mjpeg-httpd", *options],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield server, [server.stderr.readline() for _ in addresses]
    finally:
        server.terminate()
        server.wait()


def ask(*hosts):
    for host in hosts:
        urllib.request.urlopen(f"http://{host}:8080/state").read()


def kernel_has_ipv6():
    try:
        socket.socket(socket.AF_INET6).bind(("::1", 0))
        return True
    except OSError:
        return False


fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
if kernel_has_ipv6():
    with serving("[::]:8080"):
        ask("127.0.0.1", "[::1]")  # [::] takes IPv4 too, unless another -l does
    for order in ("0.0.0.0:8080", "[::]:8080"), ("[::]:8080", "0.0.0.0:8080"):
        with serving(*order):
            ask("127.0.0.1", "[::1]")
else:  # then the server reports the failure and serves nothing
    with serving("[::1]:8080") as (server, said):
        assert "-l [::1]:8080: " in said[0] and server.wait() != 0, said
