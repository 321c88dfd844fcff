// Starts what the tests look at: the server at the end of a source of frames, and the browser.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {after, afterEach, before, beforeEach} from 'node:test';
import {chromium} from 'playwright-core';

const BIN = resolve(process.env.KVM_BIN ?? '../../build/release/bin');
export const SHOTS = resolve('../../build/web');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic',
  '--no-first-run', '--disable-component-update', '--disable-sync'];

export const tool = name => join(BIN, name);
export const rest = ms => new Promise(done => setTimeout(done, ms));

// Waits until `test()` gives something true, and gives it back.
export async function until(test, what = String(test), ms = 60000) {
  for (const end = Date.now() + ms; ;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await rest(20);
  }
}

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
  const rest_at = frame[2] === 0xff && frame[3] === 0xfe ? 4 + frame.readUInt16BE(4) : 2;
  return Buffer.concat([frame.subarray(0, 2), head, text, frame.subarray(rest_at)]);
}

// kvm-mjpeg-httpd with its frames from `source` (arguments of kvm-capture), or else from feed().
export class Server {
  lines = [];   // action lines that came out since clear()
  #count = 0;   // of all of them
  said = '';    // stderr
  #children = [];
  #directory;

  static async start({source, args = [], status = false, port = 0} = {}) {
    const server = new Server();
    if (status) {
      server.#directory = mkdtempSync(join(tmpdir(), 'kvm-web-'));
      const fifo = join(server.#directory, 'status');
      spawnSync('mkfifo', [fifo]);
      server.#fifo = openSync(fifo, 'r+');
      args = [...args, '--status', fifo];
    }
    const httpd = spawn(tool('kvm-mjpeg-httpd'), ['-l', `127.0.0.1:${port}`, ...args]);
    server.#children.push(httpd);
    server.httpd = httpd;
    httpd.stdin.on('error', () => {}).setMaxListeners(0);
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
      server.#count += lines.length;
    });
    httpd.stderr.setEncoding('utf8').on('data', text => server.said += text);
    server.port = Number((await until(() => /127\.0\.0\.1:(\d+)/.exec(server.said), 'the port'))[1]);
    server.url = `http://127.0.0.1:${server.port}/`;
    return server;
  }
  #fifo;

  feed(frame) {
    if (!this.httpd.stdin.write(frame)) return once(this.httpd.stdin, 'drain');
  }
  // As kvm-type tells it; all that came out so far was taken, unless `status` says otherwise.
  tell(status) {
    const now = {t: Date.now() * 1000, keyboard: 'ready', leds: [], done: this.#count, failed: 0, layout: 'us'};
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
  async stop(signal = 'SIGTERM') {
    const alive = this.#children.filter(child => child.exitCode === null && child.signalCode === null);
    await Promise.all(alive.map(child => (child.kill(signal), once(child, 'exit'))));
    if (this.#directory) rmSync(this.#directory, {recursive: true});
    this.#directory = null;
  }
}

// The one server of a test file that calls serve(), on which a picture shows.
export let server;
export function serve(options) {
  before(async () => {
    server = await Server.start(options);
    await server.feed(test_frames(1)[0]);
  });
  after(() => server.stop());
  beforeEach(() => server.clear());
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

// A page of the console. What it logs as an error, throws, or asks of another host is a fault that
// fails the file, unless `rough` (the server is killed in that test). `ends`: a session does in that
// test, which a page learns from a 401 of /state.
export async function open(at, options) {
  const page = await visit(at, options);
  await page.locator('#source:not(:text-is("connecting"))').waitFor();
  return page;
}

// The same, of any page of the server.
export async function visit(at, {path = '', width = 1280, height = 800, scheme = 'dark', rough, ends, touch, before} = {}) {
  browser ??= await chromium.launch({executablePath: '/usr/bin/chromium', args: ARGS});
  const context = await browser.newContext({viewport: {width, height}, colorScheme: scheme, hasTouch: touch,
    acceptDownloads: true});
  context.setDefaultTimeout(60000);  // a slow machine is no fault
  contexts.push(context);
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
  return all.map(one => `${one.id}: ${one.nodes.map(node => node.html).join(' ')}`);
}

// Opens a panel by its id.
export const show = (page, panel) => page.locator(`[popovertarget=${panel}]`).click();
