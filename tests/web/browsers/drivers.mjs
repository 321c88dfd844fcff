// Three browsers with the same interface: open(url), run(code, ...args), shoot(path), close().
// `run` gives the value of a function's body; the body may use `await` and `args`.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createConnection, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium} from 'playwright-core';
import {ARGS, until} from '../pipe.mjs';

async function free_port() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const temporary = name => mkdtempSync(join(tmpdir(), `kvm-${name}-`));
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

// The commands that WebDriver (W3C) and Marionette have in common, by `command(name, parameters)`.
class Driven {
  constructor(command, quit) { Object.assign(this, {command, quit}); }
  open(url) { return this.command('navigate', {url}); }
  async run(code, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      (async args => {${code}})([...arguments].slice(0, -1)).then(value => done({value}), error => done({error: String(error.stack || error)}));`;
    const {value, error} = await this.command('script', {script, args});
    if (error) throw new Error(error);
    return value;
  }
  async shoot(path) { writeFileSync(path, Buffer.from(await this.command('shot', {}), 'base64')); }
  close() { return this.quit(); }
}

// Firefox speaks Marionette: messages on a TCP connection, each after its length in decimal.
async function firefox(env, prefs = {}) {
  const profile = temporary('firefox');
  const all = {'marionette.port': 0, 'browser.aboutwelcome.enabled': false, 'browser.tabs.inTitlebar': 0,
    
    'datareporting.policy.dataSubmissionEnabled': false, 'toolkit.telemetry.reportingpolicy.firstRun': false,
    'browser.shell.checkDefaultBrowser': false, ...prefs};
  writeFileSync(join(profile, 'user.js'), Object.entries(all).map(([name, value]) =>
    `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const child = spawn('firefox-esr', ['-marionette', '-no-remote', '-profile', profile, '-width', '1280', '-height', '800'],
    {env: {...env, HOME: profile}, stdio: 'ignore'});
  const port = await until(() => {
    if (child.exitCode !== null) throw new Error(`firefox-esr: exit status ${child.exitCode}`);
    try { return Number(readFileSync(join(profile, 'MarionetteActivePort'), 'utf8')); } catch { return 0; }
  }, 'Firefox');
  const socket = createConnection(port, '127.0.0.1');
  const waiting = new Map();
  let got = Buffer.alloc(0), number = 0;
  socket.on('data', data => {
    got = Buffer.concat([got, data]);
    for (;;) {
      const colon = got.indexOf(':'), length = Number(got.subarray(0, colon));
      if (colon < 0 || got.length < colon + 1 + length) return;
      const message = JSON.parse(got.subarray(colon + 1, colon + 1 + length));
      got = got.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue;  // the greeting
      const [, id, error, result] = message;
      const {done, fail} = waiting.get(id);
      error ? fail(new Error(`${error.error}: ${error.message}`)) : done(result?.value === undefined ? result : result.value);
    }
  });
  await once(socket, 'connect');
  const NAMES = {session: 'NewSession', navigate: 'Navigate', script: 'ExecuteAsyncScript', shot: 'TakeScreenshot'};
  const command = (name, parameters) => new Promise((done, fail) => {
    waiting.set(++number, {done, fail});
    const text = JSON.stringify([0, number, `WebDriver:${NAMES[name]}`, parameters]);
    socket.write(`${Buffer.byteLength(text)}:${text}`);
  });
  await command('session', {timeouts: {script: 300000, pageLoad: 300000}, unhandledPromptBehavior: 'ignore'});
  return new Driven(command, async () => {
    socket.destroy();
    await end(child);
    rmSync(profile, {recursive: true, force: true});
  });
}

// WebKitGTK's browser for tests speaks WebDriver through a server of its own.
async function webkit(env) {
  const port = await free_port(), home = temporary('webkit');
  const child = spawn('WebKitWebDriver', [`--port=${port}`], {env: {...env, HOME: home}, stdio: 'ignore'});
  let session = '';
  const ask = async (method, path, body) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, {method, body: body && JSON.stringify(body)});
    const {value} = await reply.json();
    if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  await until(() => ask('GET', '/status').catch(() => false), 'WebKitWebDriver');
  const {sessionId} = await ask('POST', '/session', {capabilities: {alwaysMatch: {
    timeouts: {script: 300000, pageLoad: 300000}, unhandledPromptBehavior: 'ignore'}}});
  session = `/session/${sessionId}`;
  const PATHS = {navigate: 'url', script: 'execute/async', shot: 'screenshot'};
  const command = (name, parameters) => ask(name === 'shot' ? 'GET' : 'POST', `${session}/${PATHS[name]}`,
    name === 'shot' ? undefined : parameters);
  return new Driven(command, async () => {
    await ask('DELETE', session).catch(() => {});
    await end(child);
    rmSync(home, {recursive: true, force: true});
  });
}

async function chromium_with_window(env) {
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', headless: false, env,
    args: [...ARGS, '--window-position=0,0', '--window-size=1280,800']});
  const page = await browser.newPage({viewport: null});
  return {
    open: url => page.goto(url),
    run: (code, ...args) => page.evaluate(([body, all]) => Object.getPrototypeOf(async () => {}).constructor('args', body)(all), [code, args]),
    shoot: path => page.screenshot({path}),
    close: () => browser.close(),
  };
}

export const start = {chromium: chromium_with_window, firefox, webkit};
