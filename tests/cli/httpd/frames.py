"""Small grey JPEG images with a restart marker after every MCU; the light tile tells the frame number."""
import struct
import time

COLUMNS, ROWS = 8, 4


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def facts(number, state="live", clock=0):
    """The content of the COM segment; `clock`: seconds that the clock of the source is ahead."""
    return f"kvm t={int((time.time() + clock) * 1e6)} n={number} s={state}".encode()


def frame(number, comment):
    """64x32 grey: 8x4 tiles of 8x8. Tile (number % 32) is light, the others are dark."""
    out = b"\xff\xd8" + segment(0xDB, b"\x00" + b"\x10" * 64)
    out += segment(0xFE, comment)  # where the server leaves it
    out += segment(0xC0, struct.pack(">BHHB", 8, ROWS * 8, COLUMNS * 8, 1) + b"\x01\x11\x00")
    # DC: one-bit codes for categories 0 and 6; AC: a one-bit code for the end of block.
    out += segment(0xC4, b"\x00\x02" + bytes(15) + b"\x00\x06")
    out += segment(0xC4, b"\x10\x01" + bytes(15) + b"\x00")
    out += segment(0xDD, b"\x00\x01")
    out += segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    for i in range(COLUMNS * ROWS):
        if i:
            out += bytes([0xFF, 0xD0 + (i - 1) % 8])
        light = i == number % 32
        bits = "1" + "100000" + "0" if light else "0" + "0"
        out += bytes([int(bits.ljust(8, "1"), 2)])
    return out + b"\xff\xd9"
