// Starts what the tests look at: the server, with a source of frames, and the browser.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {createRequire} from 'node:module';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {after, afterEach, before, beforeEach} from 'node:test';
import {chromium} from 'playwright-core';

const BIN = resolve(process.env.KVM_BIN ?? '../../build/release/bin');
export const SHOTS = resolve('../../build/web');
const PATIENCE_MS = 300000;  // a wait that takes longer counts as hung; enough for a slow machine
export const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic',
  '--no-first-run', '--disable-component-update', '--disable-sync'];

export const tool = name => join(BIN, name);
export const rest = ms => new Promise(done => setTimeout(done, ms));

// Waits until `test()` returns a true value, and returns that value.
export async function until(test, what = String(test)) {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await rest(20);
  }
}

// A server's answer, parsed as JSON. With a body the request is a POST.
const ask = (url, body) => new Promise((done, fail) => {
  request(url, {method: body ? 'POST' : 'GET', agent: false}, async reply => {
    let text = '';
    for await (const part of reply) text += part;
    done(JSON.parse(text));
  }).on('error', fail).end(body);
});

// Frames of the built-in source, as JPEG images.
export function test_frames(count, size = '640x480', kind = 'console', more = []) {
  const {stdout, status, stderr} = spawnSync(tool('kvm-capture'),
    ['-d', `test:${kind}`, '-s', size, '-r', '30', '-n', String(count), ...more], {maxBuffer: 1 << 28});
  if (status !== 0) throw new Error(`kvm-capture: ${stderr}`);
  const frames = [];
  for (let at = 0; at < stdout.length;) {
    const end = stdout.indexOf(Buffer.from([0xff, 0xd9]), at) + 2;
    frames.push(stdout.subarray(at, end));
    at = end;
  }
  return frames;
}

// The frame with other facts in its COM segment (kvm(7), FRAMES).
export function with_facts(frame, facts) {
  const text = Buffer.from(`kvm ${facts}`), head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(text.length + 2, 2);
  const old = frame.indexOf('kvm t=');  // behind its marker and length
  const [from, to] = old < 0 ? [2, 2] : [old - 4, old - 2 + frame.readUInt16BE(old - 2)];
  return Buffer.concat([frame.subarray(0, from), head, text, frame.subarray(to)]);
}

// kvm-mjpeg-httpd with its frames from `source` (arguments of kvm-capture), or else from feed().
export class Server {
  lines = [];   // action lines that came out since clear()
  count = 0;    // of action lines since the start
  said = '';    // stderr
  #children = [];
  #timers = [];
  #directory;

  static async start({source, args = [], status = false} = {}) {
    const server = new Server();
    if (status) {
      server.#directory = mkdtempSync(join(tmpdir(), 'kvm-web-'));
      const fifo = join(server.#directory, 'status');
      spawnSync('mkfifo', [fifo]);
      server.#fifo = openSync(fifo, 'r+');
      args = [...args, '--status', fifo];
    }
    const httpd = spawn(tool('kvm-mjpeg-httpd'), ['-l', '127.0.0.1:0', '--stall-timeout', '600', ...args]);
    server.#children.push(httpd);
    server.httpd = httpd;
    httpd.stdin.on('error', () => {});
    if (source) {
      const capture = spawn(tool('kvm-capture'), source, {stdio: ['ignore', 'pipe', 'ignore']});
      capture.stdout.pipe(httpd.stdin);
      server.#children.push(capture);
    }
    let rest_of_line = '';
    httpd.stdout.setEncoding('utf8').on('data', text => {
      const lines = (rest_of_line + text).split('\n');
      rest_of_line = lines.pop();
      server.lines.push(...lines);
      server.count += lines.length;
    });
    httpd.stderr.setEncoding('utf8').on('data', text => server.said += text);
    server.port = Number((await until(() => /127\.0\.0\.1:(\d+)\//.exec(server.said), 'the port'))[1]);
    server.url = `http://127.0.0.1:${server.port}/`;
    return server;
  }
  #fifo;

  // Writes a frame; waits until it is in the pipe, or the server is gone.
  feed(frame) { return new Promise(done => this.httpd.stdin.write(frame, done)); }
  // Calls `act` every `ms`, until the server stops or the returned function is called.
  every(ms, act) {
    const timer = setInterval(act, ms);
    this.#timers.push(timer);
    return () => clearInterval(timer);
  }
  // Writes a status line as kvm-type does: all lines so far are done, or what `status` says.
  tell(status) {
    const now = {t: Date.now() * 1000, keyboard: 'ready', leds: [], done: this.count, failed: 0, layout: 'us'};
    writeSync(this.#fifo, `${JSON.stringify({...now, ...status})}\n`);
  }
  clear() { this.lines.length = 0; }
  // Waits for these lines to be among what came out since clear(), in this order.
  async see(...wanted) {
    const found = () => {
      let at = -1;
      return wanted.every(line => (at = this.lines.findIndex((had, i) => i > at &&
        (line instanceof RegExp ? line.test(had) : line === had))) >= 0);
    };
    await until(found, 'lines').catch(() => {
      throw new Error(`wanted ${wanted.join(' | ')}, came ${this.lines.join(' | ')}`);
    });
  }
  // The lines since clear(), once all that the page has sent so far has come: a key sent last marks
  // the end. Leaves out the releases by key number, which the server itself makes when a page is
  // silent for half a second, because they depend on the speed of the machine.
  async all(page) {
    await page.locator('#screen').evaluate(async screen => {
      // A mouse move waits for an animation frame.
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      for (const type of ['keydown', 'keyup']) screen.dispatchEvent(new KeyboardEvent(type, {code: 'F24'}));
    });
    await this.see('keydown f24', 'keyup f24');
    this.lines = this.lines.filter(line => !line.endsWith(' f24'));
    return this.lines.filter(line => !/^keyup k:/.test(line));
  }
  // Waits until nobody has control or watches, and all lines of the last page have come out.
  async alone() {
    this.clear();
    await until(async () => (await ask(`${this.url}actions`, 'sleep 0')).ok, 'control to be free');
    await until(async () => (await ask(`${this.url}state`)).result.kvm.viewers === 0, 'the last page to be gone');
    await this.see('sleep 0');
    this.clear();
  }
  async stop(signal = 'SIGTERM') {
    this.#timers.splice(0).forEach(clearInterval);
    const alive = this.#children.filter(child => child.exitCode === null && child.signalCode === null);
    await Promise.all(alive.map(child => (child.kill(signal), child.kill('SIGCONT'), once(child, 'exit'))));
    if (this.#directory) rmSync(this.#directory, {recursive: true});
    this.#directory = null;
  }
}

// The one server of a test file that calls serve(), with a picture. Since the picture stands still,
// the server calls it stalled after a while. serve() waits for that, so that the banner that says
// so does not move the page during a test.
export let server;
export function serve(options) {
  before(async () => {
    server = await Server.start(options);
    await server.feed(test_frames(1)[0]);
    await until(async () => (await ask(`${server.url}state`)).result.kvm.source === 'stalled', 'the picture to be called still');
  });
  after(() => server.stop());
  beforeEach(() => server.alone());
}

// A proxy in front of the server on port(). It lets WebSockets through if its `upgrades` is true.
// Options: `path`: serves the server under this path, and nothing else; `host`: sends this Host
// instead of the page's.
export async function proxy(port, {path = '/', host} = {}) {
  const onward_of = ({url, headers}) => url.startsWith(path) &&
    {url: `/${url.slice(path.length)}`, headers: host ? {...headers, host} : headers};
  const front = createServer((asked, answer) => {
    const to = onward_of(asked);
    if (!to) {
      answer.writeHead(404).end();
      return;
    }
    const onward = request({port: port(), method: asked.method, path: to.url, headers: to.headers}, reply => {
      answer.writeHead(reply.statusCode, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  front.on('upgrade', (asked, near) => {
    const to = onward_of(asked);
    near.on('error', () => {});
    if (!front.upgrades || !to) return near.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    const far = connect(port(), '127.0.0.1');
    far.on('error', () => near.destroy());
    const headers = Object.entries(to.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    far.write(`GET ${to.url} HTTP/1.1\r\n${headers}\r\n`);
    near.pipe(far).pipe(near);
  });
  await new Promise(done => front.listen(0, '127.0.0.1', done));
  front.url = `http://127.0.0.1:${front.address().port}${path}`;
  return front;
}
export function end(front) {
  front.close();
  front.closeAllConnections();
}

let browser;
const contexts = [];
export async function close_pages() {
  for (const context of contexts.splice(0)) await context.close();
}
afterEach(close_pages);
const faults = [];
after(async () => {
  await browser?.close();
  if (faults.length) throw new Error(faults.join('\n'));
});

// On a slow machine a page must not give up on its server, nor hide a message before it is read.
const PATIENT = `{
  const wait = setTimeout, timeout = AbortSignal.timeout;
  window.setTimeout = (act, ms, ...all) => wait(act, [5000, 6000].includes(ms) ? ${PATIENCE_MS} : ms, ...all);
  AbortSignal.timeout = () => timeout.call(AbortSignal, ${PATIENCE_MS});
}`;

// A page of the console. If it logs an error, throws, or requests something from another host, the
// test file fails. Options: `rough`: the server goes away in that test, so errors may be logged,
// and the page keeps its short time limits. `ends`: a session ends in that test, so /state may
// answer 401.
export async function open(at, options) {
  const page = await visit(at, options);
  await page.locator('#source:not(:text-is("connecting"))').waitFor();
  return page;
}

// The same for any page of the server.
export async function visit(at, {path = '', width = 1280, height = 800, scheme = 'dark', rough, ends, touch, before} = {}) {
  browser ??= await chromium.launch({executablePath: '/usr/bin/chromium', args: ARGS, timeout: PATIENCE_MS});
  const context = await browser.newContext({viewport: {width, height}, colorScheme: scheme, hasTouch: touch,
    acceptDownloads: true});
  context.setDefaultTimeout(PATIENCE_MS);
  contexts.push(context);
  if (!rough) await context.addInitScript(PATIENT);
  if (before) await context.addInitScript(before);
  const page = await context.newPage();
  page.on('console', message => {
    const {url} = message.location();
    if (ends && url === `${at.url}state` && message.text().includes('401')) return;
    if (!rough && ['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()} (${url})`);
  });
  page.on('pageerror', error => faults.push(`page: ${error.stack}`));
  page.on('request', request => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(at.url)) faults.push(`request: ${request.url()}`);
  });
  await page.goto(at.url + path);
  return page;
}

// The canvas has shown at least one picture.
export const picture = page => page.waitForFunction(() => document.getElementById('size').textContent);

// A page on that server, ready for keys.
export async function console_page(options) {
  const page = await open(server, options);
  await picture(page);
  await page.locator('#screen').focus();
  return page;
}

// What axe-core finds wrong with a page, in words.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export async function violations(page) {
  await page.evaluate(axe);
  const {violations: all} = await page.evaluate(() => window.axe.run());
  return all.map(({id, nodes}) => `${id}: ${nodes.map(node => node.html).join(' ')}`);
}

// The on-screen keyboard has the layout's legends, and with them its size.
export const legends = page => page.locator('#osk-keys small').first().waitFor({state: 'attached'});

// Opens a panel by its id.
export const show = (page, panel) => page.locator(`[popovertarget=${panel}]`).click();
