// /stream in WebKit and Firefox: what is on the screen, and what a hostile source cannot do.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {shows_lone_pictures} from '../lone_picture.mjs';
import {Server, rest, test_frames, until} from '../pipe.mjs';
import {Display} from './display.mjs';
import {start} from './drivers.mjs';

let display;
before(async () => display = await Display.start());
after(() => display.stop());

async function with_browser(name, use) {
  const server = await Server.start();
  const browser = await start[name](display.env);
  try {
    await browser.open(`${server.url}metrics`);  // a page without rules about scripts
    await use(server, (code, ...args) => browser.run(code, ...args));
  } finally {
    await browser.close();
    await server.stop();
  }
}

for (const path of ['/stream', '/stream?advance_headers=1'])
  test(`webkit: ${path}: a picture that no other follows shows at once`,
    () => with_browser('webkit', (server, run) => shows_lone_pictures(server, run, path)));

// The frame with a comment that Firefox, which ignores Content-Length inside multipart, would take
// for a part of its own: a page with a script.
function hostile(frame, boundary) {
  const text = Buffer.from(`\r\n--${boundary}\r\nContent-Type: text/html\r\n\r\n` +
    `<script>parent.owned = true</script>\r\n--${boundary}\r\n`);
  const head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([frame.subarray(0, 2), head, text, frame.subarray(2)]);
}

async function boundary_of(server) {
  const reply = await fetch(`${server.url}stream`);
  await reply.body.cancel();
  return /boundary=(.*)/.exec(reply.headers.get('content-type'))[1];
}

test('firefox: a picture that imitates the next part runs no script', () => with_browser('firefox', async (server, run) => {
  const [frame] = test_frames(1, '320x240'), known = await boundary_of(server);
  await server.feed(frame);
  await run(`
    window.owned = false;
    const frame = document.createElement('iframe');
    frame.src = '/stream';
    document.body.replaceChildren(frame);
    return true;`);
  const parts = async () => Number(/kvm_stream_frames_total (\d+)/.exec(
    await (await fetch(`${server.url}metrics`)).text())[1]);
  await until(async () => await parts() > 2, 'the stream in the frame');
  for (const boundary of ['boundarydonotcross', known, known.slice(0, 20)])
    for (let i = 0; i < 5; i++) {
      await server.feed(hostile(frame, boundary));
      await rest(200);
    }
  const before_last = await parts();
  await server.feed(frame);
  await until(async () => await parts() > before_last + 1, 'the last picture');
  await rest(1000);
  assert.equal(await run('return window.owned'), false, 'the script of the picture ran');
  assert.match(server.said, /imitates a boundary/);
  // Even a page in the stream could do nothing: what the frame shows is of another origin.
  assert.equal(await run('return document.querySelector("iframe").contentDocument === null'), true);
}));
