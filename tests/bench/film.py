"""The pictures of the benchmarks, and the simulated device (tests/v4l2) that shows them."""
import contextlib, itertools, json, os, random, re, signal, subprocess, time

ROOT = os.path.realpath(os.path.dirname(__file__) + '/../..')
BIN = f'{ROOT}/build/release'
SECONDS = float(os.environ.get('SECONDS', 6))
W, H, RATE = 1920, 1080, 30
PLAYER = 'v4l2-player'
PAPER, INK = b'\x10\x80', b'\xb4\x80'
# The film is longer than a run: if it began again, the encoder would know its tiles already.
COUNT = int(RATE * (SECONDS + 4))
random.seed(1)

# ---- pictures: YUYV, rows of bytes ----

# A console shows text in a bitmap font; this is the project's own text in its own font. With random
# dots instead of text a frame had 404 kB; with text it has 255 kB.


def glyphs():
    source = open(f'{ROOT}/lib/picture/font.cc').read()
    rows = re.findall(r'^ {4}\{((?:0x[0-9a-f]{2}, ){15}0x[0-9a-f]{2})\}', source, re.M)
    return {chr(32 + i): [b''.join(INK if int(row, 16) >> (7 - x) & 1 else PAPER for x in range(8))
                          for row in glyph.split(', ')] for i, glyph in enumerate(rows)}


GLYPHS = glyphs()
LETTERS = [GLYPHS[character] for character in 'etaoinshrdlucmfwypvbgk']
TEXT = itertools.cycle([line.rstrip('\n') for name in ('README.md', 'CONTRIBUTING.md')
                        for line in open(f'{ROOT}/{name}') if line.strip() and line.isascii()])


def text_row():
    """16 lines of pixels: the next line of text."""
    text = next(TEXT)[:W // 8].ljust(W // 8)
    cells = [GLYPHS.get(character, GLYPHS['?']) for character in text]
    return [b''.join(cell[y] for cell in cells) for y in range(16)]


def console():
    rows = [text_row() for _ in range(H // 16)]
    return [line for row in rows for line in row] + [PAPER * W] * (H % 16)


def put(lines, x, y, block):
    """Returns a copy of the picture with `block` (lines of bytes) at x, y. x must be even."""
    copy = list(lines)
    for i, line in enumerate(block):
        copy[y + i] = copy[y + i][:2 * x] + line + copy[y + i][2 * x + len(line):]
    return copy


def video(w, h, pixels='yuyv422'):
    """All pixels differ from frame to frame."""
    film = subprocess.Popen(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=s={w}x{h}:r=30', '-vf',
         'scroll=h=0.011:v=0.013,noise=alls=6:allf=t', '-frames:v', str(COUNT), '-pix_fmt', pixels,
         '-f', 'rawvideo', '-'], stdout=subprocess.PIPE)
    size = w * h * {'yuyv422': 4, 'nv12': 3, 'yuvj420p': 3}[pixels] // 2
    while frame := film.stdout.read(size):
        yield frame
    film.wait()


def still():
    base = console()
    for _ in range(COUNT):
        yield base


def cursor():
    base = console()
    on = put(base, 640, 640, [INK * 8] * 16)
    for i in range(COUNT):
        yield on if i // 15 % 2 else base


def typing():
    lines = console()
    for i in range(COUNT):
        lines = put(lines, 8 * (i % 240), 320 + 16 * (i // 240), random.choice(LETTERS))
        yield lines


def desktop():
    lines = [b'\x60\x70' * W] * H
    for x, y, w, h in ((64, 64, 800, 600), (960, 200, 860, 700)):
        inside = console()
        lines = put(lines, x, y, [line[:2 * w] for line in inside[:h]])
    return lines


def mouse():
    base, arrow = desktop(), [INK * (2 + 2 * (i // 2)) for i in range(20)]
    for i in range(COUNT):
        yield put(base, (200 + 24 * i) % 1800, (300 + 14 * i) % 1000, arrow)


def scroll():
    rows = [text_row() for _ in range(H // 16)]
    for _ in range(COUNT):
        rows = rows[1:] + [text_row()]
        yield [line for row in rows for line in row] + [PAPER * W] * (H % 16)


def window():
    base, stride = desktop(), 854 * 2
    for film in video(854, 480):
        yield put(base, 500, 300, [film[y * stride:(y + 1) * stride] for y in range(480)])


def jpegs():
    """Chunks of a stream of JPEG images, each of about 152 KB."""
    encoder = subprocess.Popen(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=s={W}x{H}:r=30', '-vf',
         'noise=alls=6:allf=t', '-frames:v', str(COUNT), '-pix_fmt', 'yuvj420p', '-q:v', '4', '-f',
         'mjpeg', '-'], stdout=subprocess.PIPE)
    while chunk := encoder.stdout.read(1 << 20):
        yield chunk
    encoder.wait()


# ---- the device ----


def play(folder, fourcc, frames):
    """Makes FOLDER/dev/video0 a device that shows these frames, W x H at RATE."""
    os.makedirs(f'{folder}/dev', exist_ok=True)
    with open(f'{folder}/dev/frames', 'wb') as file:
        for frame in frames:
            file.write(frame if isinstance(frame, bytes) else b''.join(frame))
    with open(f'{folder}/dev/video0', 'w') as file:
        file.write(f'mode {fourcc} {W}x{H} {RATE}\nframes frames\n')


def on_device(folder):
    """The environment for a program that uses the simulated device. Deletes an earlier report."""
    report = f'{folder}/report'
    if os.path.exists(report):
        os.unlink(report)
    return dict(os.environ, LD_PRELOAD=f'{BIN}/libfakev4l2.so', FAKE_V4L2=f'{folder}/dev',
                FAKE_V4L2_REPORT=report)


@contextlib.contextmanager
def pipe(folder, *commands, out=subprocess.DEVNULL, said=subprocess.DEVNULL):
    """Runs these commands as a pipe until the block ends, the first one on the simulated device.
    Returns the processes."""
    running = []
    try:
        for command in commands:
            running.append(subprocess.Popen(
                command, cwd=folder, env=None if running else on_device(folder), stderr=said,
                stdin=running[-1].stdout if running else None,
                stdout=out if command is commands[-1] else subprocess.PIPE))
            if running[:-1]:
                running[-2].stdout.close()
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
            if process.stdout:
                process.stdout.close()
        for process in running:
            process.wait()


@contextlib.contextmanager
def served(folder, *options, capture=()):
    """Runs kvm-capture, on the simulated device, and kvm-mjpeg-httpd until the block ends. Returns
    the processes and the port."""
    said = f'{folder}/said'
    with open(said, 'w') as file, pipe(folder, [f'{BIN}/bin/kvm-capture', '-d', '/dev/video0', *capture],
                                       [f'{BIN}/bin/kvm-mjpeg-httpd', '-l', '127.0.0.1:0', *options],
                                       said=file) as processes:
        yield processes, int(until(lambda: re.search(r'127.0.0.1:(\d+)', open(said).read()))[1])


def until(test):
    """Calls `test` until its result is true, and returns the result."""
    end = time.monotonic() + 30
    while not (found := test()):
        assert time.monotonic() < end
        time.sleep(.02)
    return found


def kept(folder):
    """The share of the device's frames that a program took, once the program has ended."""
    reports = [json.loads(line) for line in open(f'{folder}/report')]
    return sum(r['delivered'] for r in reports) / sum(r['produced'] for r in reports)


def threads(pid):
    """The threads of a program: id and name."""
    for task in os.listdir(f'/proc/{pid}/task'):
        yield int(task), open(f'/proc/{pid}/task/{task}/comm').read().strip()


def cpu_s(pid):
    """The CPU time of all threads of a program except the player's."""
    return sum(int(open(f'/proc/{pid}/task/{task}/schedstat').read().split()[0])
               for task, name in threads(pid) if name != PLAYER) / 1e9


@contextlib.contextmanager
def apart():
    """Restricts the caller to one processor. Returns a function that also moves the players of a
    program there, so that they disturb the measured program less. It may use all processors."""
    everywhere = os.sched_getaffinity(0)
    processor = {max(everywhere)}

    def settle(pid):
        for task, name in threads(pid):
            if name == PLAYER:
                os.sched_setaffinity(task, processor)

    os.sched_setaffinity(0, processor)
    try:
        yield settle
    finally:
        os.sched_setaffinity(0, everywhere)
