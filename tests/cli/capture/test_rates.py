"""kvm-capture(1) from the outside: how often it takes a picture, and how old that picture is."""
import os
import signal
import statistics
import subprocess
import time

from device import CaptureTest, facts_of


class Rates(CaptureTest):
    def seconds(self, *options):
        """The times of the frames that kvm-capture writes."""
        return [time_us / 1e6 for time_us, _ in facts_of(self.frames(*options))]

    def test_even_share(self):
        """a rate that the device has not is an even share"""
        self.play()
        times = self.seconds("-r", "20", "-n", "20", "--all-frames")
        # A busy machine gives fewer frames; the unit test rate_gate_test is exact.
        self.assertLess((len(times) - 1) / (times[-1] - times[0]), 21.5)

    def test_faster_rate(self):
        """a rate between two of the device's is a share of the faster one"""
        self.play(rates="60 30 15")
        facts = facts_of(self.frames("-r", "20", "-n", "40", "--all-frames"))
        steps = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(facts, facts[1:])]
        # The device then gives 30 frames a second. The median is the device's period, however many
        # frames a busy machine misses.
        period_ms = statistics.median(time_us / frames for time_us, frames in steps) / 1000
        self.assertTrue(22 < period_ms < 50, steps)
        # Two of three frames are taken. A busy machine takes fewer, never more.
        self.assertGreater(statistics.mean(frames for _, frames in steps), 1.4, steps)

    def test_time_lapse(self):
        """--every is time lapse, into files named by the time"""
        self.frames("-d", "test", "-s", "64x64", "--every", "1", "-n", "3", "-o", "lapse-%%.mjpeg")
        times = [time_us for time_us, _ in facts_of((self.folder / "lapse-%.mjpeg").read_bytes())]
        self.frames("-d", "test", "-s", "64x64", "-n", "1", "-o", "lapse-%Y.mjpeg")
        self.assertEqual(len(list(self.folder.glob("lapse-20??.mjpeg"))), 1)
        # A picture may be up to one period late; the next period then begins with it.
        self.assertEqual(len(times), 3)
        self.assertGreater(times[2] - times[0], 900e3)

    def test_no_turn_lost(self):
        """--every and -r lose no turn to a damaged picture, and trust no device's clock"""
        # Each lost turn adds half a second to the 2.5 s. A busy machine may lose some; then the
        # test tries again.
        for attempt in range(8):
            self.play("fault truncate", "every 2")
            times = self.seconds("--every", "0.5", "-n", "6")
            self.assertEqual(times, sorted(times))
            self.assertGreater(times[-1] - times[0], 1.9, times)
            if times[-1] - times[0] < 3.4:
                break
        self.assertLess(times[-1] - times[0], 3.4, times)
        self.play("fault stamps")
        times = self.seconds("--every", "0.5", "-n", "6")
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[-1] - times[0], 1.9, times)


class Freshness(CaptureTest):
    def test_newest(self):
        """a time lapse takes the newest picture, and tells of no screen in its turn only"""
        self.play()
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        process = self.begin("--every", "60", "-n", "1", "-o", "pipe")
        time.sleep(3)  # the first picture that it took grows old: nobody reads yet
        opened = time.time()
        with open(pipe, "rb") as reader:
            ((time_us, _),) = facts_of(reader.read())
        self.assertGreater(time_us / 1e6, opened - 1.5)
        self.assertEqual(process.wait(), 0)
        self.no_screen()

    def no_screen(self):
        """Between two turns the loss of the device is reported on stderr, not by a picture."""
        out, err = self.folder / "out", self.folder / "err"
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = self.begin("--every", "60", stdout=out_file, stderr=err_file)
        while b"s=live" not in out.read_bytes():
            time.sleep(0.05)
        (self.folder / "dev/video0").unlink()
        while b"no-device" not in err.read_bytes():
            time.sleep(0.05)
        time.sleep(2)  # time in which a wrong notice would be written
        process.terminate()
        self.assertEqual(process.wait(), -signal.SIGTERM)
        self.assertEqual(len(facts_of(out.read_bytes())), 1)

    def test_slow_reader(self):
        """a slow reader gets fresh frames, one at a time and whole"""
        process = self.begin("-d", "test", "-s", "640x480", stdout=subprocess.PIPE)
        began, late = [], []
        for _ in range(5):
            time.sleep(2)
            began.append(time.time())
            frame = b""
            while not frame.endswith(b"\xff\xd9"):
                frame += os.read(process.stdout.fileno(), 1 << 20)
            facts = facts_of(frame)
            self.assertEqual(len(facts), 1, facts)
            if len(began) > 1:
                late.append(began[-2] - facts[0][0] / 1e6)
        process.stdout.close()
        # Each frame was captured when the reader took the frame before, not 2 s earlier.
        self.assertLess(max(late), 1.9)
