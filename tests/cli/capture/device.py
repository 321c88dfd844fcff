"""Runs kvm-capture(1) on a device that tests/v4l2 simulates.

BIN is the folder of the tools under test.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[3]
BIN = os.environ.get("BIN", str(ROOT / "build/release/bin"))
PATIENCE_S = 120  # a wait that takes longer counts as hung
PIXELS = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30", "-frames:v", "15")


def facts_of(frames):
    """(time in µs, number) of each frame in a stream (kvm(7), FRAMES)."""
    return [(int(time), int(number)) for time, number in re.findall(rb"kvm t=(\d+) n=(\d+) s=", frames)]


class CaptureTest(unittest.TestCase):
    """A test in a folder of its own, which holds the simulated device."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kvm-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "dev").mkdir()

    def play(self, *lines, rates="30"):
        """/dev/video0 shows moving colour bars, 320x240; `lines` are more of its settings."""
        raw = self.folder / "dev/raw"
        if not raw.exists():
            subprocess.run([*PIXELS, "-pix_fmt", "yuyv422", "-f", "rawvideo", raw], check=True)
        settings = ["card Fake dongle", f"mode YUYV 320x240 {rates}", "frames raw", *lines]
        (self.folder / "dev/video0").write_text("".join(f"{line}\n" for line in settings))

    def begin(self, *options, **more):
        """Starts kvm-capture; the process ends with the test."""
        environment = {**os.environ, "FAKE_V4L2": str(self.folder / "dev"),
                       "LD_PRELOAD": str(ROOT / "build/release/libfakev4l2.so")}
        process = subprocess.Popen([f"{BIN}/kvm-capture", *options], cwd=self.folder, env=environment, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def frames(self, *options):
        """The output of kvm-capture, which must end with status 0."""
        process = self.begin(*options, stdout=subprocess.PIPE)
        frames, _ = process.communicate()
        self.assertEqual(process.returncode, 0)
        return frames
