// Logins: the form, what it says, roles, the end of a session.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {close_pages, end, legends, picture, proxy, rest, Server, SHOTS, test_frames, until, violations, visit} from './pipe.mjs';

let folder, file;
const hash = password => spawnSync('openssl', ['passwd', '-6', password], {encoding: 'utf8'}).stdout.trim();
// RFC 6238's secret, appendix B.
const base32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const code = () => spawnSync('oathtool', ['--totp', '-b', base32], {encoding: 'utf8'}).stdout.trim();
const carl = `carl:${hash('secret')}:control:totp=${base32}\n`;
const ann = `ann:${hash('secret')}:control\n`, bob = `bob:${hash('watch')}:view\n`;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvm-login-'));
  file = join(folder, 'passwords');
});
after(() => rmSync(folder, {recursive: true}));

async function with_login(body, ...more) {
  writeFileSync(file, ann + bob + carl);
  const server = await Server.start({args: ['--passwords', file, '--used-codes', join(folder, 'used'), ...more]});
  try {
    await server.feed(test_frames(1)[0]);
    await body(server);
  } finally {
    await close_pages();
    await server.stop();
  }
}

async function log_in(page, name, password) {
  await page.waitForLoadState();  // the form's load event, so that the next one is the answer's
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', {name: 'Log in'}).click()]);
}
const logged_in = async page => {
  await page.locator('#screen').waitFor();
  await picture(page);
};

test('the right password leads in, keys come out, and out again', () => with_login(async server => {
  const page = await visit(server, {ends: true});
  assert.equal(page.url(), `${server.url}login`);
  await page.locator('[name=name]:focus').waitFor();
  await log_in(page, 'ann', 'secret');
  await logged_in(page);
  await page.locator('#screen').press('a');
  await server.see('keydown a', 'keyup a');
  await page.getByRole('button', {name: 'Log out'}).click();
  await page.getByLabel('Password').waitFor();
  await page.goto(server.url);
  assert.equal(page.url(), `${server.url}login`);
  await log_in(page, 'ann', 'secret');
  await logged_in(page);
}));

test('a second factor: the code is asked for, and its field is open the next time', () => with_login(async server => {
  const page = await visit(server, {ends: true});
  assert.equal(await page.getByLabel('Code').isVisible(), false);
  await log_in(page, 'carl', 'secret');
  await page.getByText('Name, password or code is wrong.').waitFor();
  await page.getByText('Second factor').click();
  await page.getByLabel('Code').fill(code());
  await log_in(page, 'carl', 'secret');
  await logged_in(page);
  await page.getByRole('button', {name: 'Log out'}).click();
  await page.getByLabel('Code').waitFor();
}));

test('a wrong password is told, and then too many of them', () => with_login(async server => {
  const page = await visit(server);
  assert.equal(await page.getByRole('alert').count(), 0);
  await log_in(page, 'ann', 'wrong');
  await page.getByText('Name, password or code is wrong.').waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'ann');
  await page.locator('[name=password]:focus').waitFor();
  await until(async () => {
    await log_in(page, 'nobody', 'wrong');
    return page.getByText('Too many attempts').isVisible();
  }, 'too many attempts');
  await page.screenshot({path: `${SHOTS}/login-wait.png`});
  await until(async () => {
    await log_in(page, 'ann', 'secret');
    return page.locator('#screen').isVisible();
  }, 'a login after a while');
}));

test('who may only watch has no input, and is told', () => with_login(async server => {
  const page = await visit(server);
  await log_in(page, 'bob', 'watch');
  await logged_in(page);
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.locator('#role').textContent(), 'view only');
  for (const name of ['Keyboard', 'Shortcuts', 'Mouse', 'Text', 'Scripts', 'Take over'])
    assert.equal(await page.getByRole('button', {name, exact: true}).isVisible(), false, name);
  await page.locator('#screen').press('a');
  await page.getByText('You may watch, but not control.').waitFor();
  await page.mouse.click(600, 400);
  await rest(300);
  assert.deepEqual(server.lines, []);
  await page.getByRole('button', {name: 'Capture'}).click();
  await page.locator('#snapshot').waitFor();
}));

test('a session that ends leads to the form, and from there back', () => with_login(async server => {
  const page = await visit(server, {rough: true});
  await log_in(page, 'ann', 'secret');
  await logged_in(page);
  writeFileSync(file, `ann:${hash('changed')}:control\n`);
  server.httpd.kill('SIGHUP');
  await page.getByText('Your session ended.').waitFor();
  await log_in(page, 'ann', 'changed');
  await logged_in(page);
}));

test('under a path of a proxy: the form, the page, its panels, keys, and out again', () => with_login(async server => {
  const front = await proxy(() => server.port, {path: '/racks/4/'});
  front.upgrades = true;
  try {
    const page = await visit(front, {ends: true});
    assert.equal(page.url(), `${front.url}login`);
    await log_in(page, 'ann', 'wrong');
    await page.getByText('Name, password or code is wrong.').waitFor();
    await log_in(page, 'ann', 'secret');
    assert.equal(page.url(), front.url);
    await logged_in(page);
    await page.locator('#screen').press('a');
    await server.see('keydown a', 'keyup a');
    assert.deepEqual((await page.context().cookies()).map(({path}) => path), ['/racks/4']);
    await page.locator('#osk-open').click();
    await legends(page);
    await page.getByRole('button', {name: 'Capture'}).click();
    await page.locator('#snapshot').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[popovertarget=sight]').click();
    await page.locator('[name=mode][value=mjpeg]').check();
    await until(() => page.locator('#stream').evaluate(image => image.naturalWidth === 640), 'the stream');
    await page.keyboard.press('Escape');
    const drawn = await page.locator('#tools svg').evaluateAll(all => all.map(svg => svg.getBBox().width > 0));
    assert.ok(drawn.length > 5 && drawn.every(Boolean), 'each tool has its sign');
    await page.getByRole('button', {name: 'Log out'}).click();
    await page.getByLabel('Password').waitFor();
    assert.equal(page.url(), `${front.url}login`);
    await page.goto(front.url);
    assert.equal(page.url(), `${front.url}login`);
  } finally {
    await close_pages();
    end(front);
  }
}));

test('another site reads the state: with the session of this browser, or with a name and password', async () => {
  const dashboard = createServer((asked, answer) => answer.setHeader('Content-Type', 'text/html').end('<title>x</title>'));
  await new Promise(done => dashboard.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${dashboard.address().port}`;
  try {
    await with_login(async server => {
      const page = await visit({url: 'http://127.0.0.1:', path: ''}, {rough: true, path: `${server.port}/`});
      const read = options => page.evaluate(async ([at, how]) => {
        const reply = await fetch(`${at}state`, how);
        return [reply.status, (await reply.json()).ok];
      }, [server.url, options]);
      const there = async () => {
        await page.goto('about:blank');  // the old page's requests must not be mistaken for the new one's
        await page.goto(`${url}/`);
      };
      await there();
      assert.deepEqual(await read({credentials: 'include'}), [401, false]);
      assert.deepEqual(await read({headers: {Authorization: `Basic ${btoa('bob:watch')}`}}), [200, true]);
      await page.goto(server.url);
      await log_in(page, 'bob', 'watch');
      await logged_in(page);
      await there();
      assert.deepEqual(await read({credentials: 'include'}), [200, true]);
      assert.equal(await page.evaluate(async at => (await fetch(`${at}actions`,
        {method: 'POST', body: 'key a', credentials: 'include', mode: 'no-cors'})).type, server.url), 'opaque');
      await rest(300);
      assert.deepEqual(server.lines, []);
    }, '--allow-origin', url);
  } finally {
    end(dashboard);
  }
});

test('the bar is whole at every width, at most two rows high', () => with_login(async server => {
  const pages = [];
  for (const name of ['other', 'page']) {
    const page = await visit(server);
    await log_in(page, 'ann', 'secret');
    await logged_in(page);
    pages.push(page);
  }
  const [other, page] = pages;
  await other.locator('#screen').press('a');
  await page.locator('#take').waitFor();
  for (const width of [360, 390, 641, 700, 790, 1024, 1280, 1920]) {
    await page.setViewportSize({width, height: 800});
    const boxes = await page.evaluate(() => [...document.querySelectorAll('#bar, #title, #source, #role, #bar button')]
      .map(element => element.getBoundingClientRect()));
    assert.ok(boxes.every(box => box.left >= 0 && box.right <= width), `${width}: cut off`);
    const [logout, tools] = await page.evaluate(() => ['logout', 'tools'].map(id =>
      document.getElementById(id).getBoundingClientRect()));
    assert.ok(logout.right <= tools.left || logout.bottom <= tools.top, `${width}: they overlap`);
    assert.ok(boxes[0].height <= 96, `${width}: ${boxes[0].height} px high`);
    await page.screenshot({path: `${SHOTS}/bar-${width}.png`});
  }
}));

test('the form, narrow and wide, dark and light', () => with_login(async server => {
  for (const [width, height] of [[390, 844], [1280, 800]])
    for (const scheme of ['dark', 'light']) {
      const page = await visit(server, {width, height, scheme, path: 'login?failed'});
      await page.screenshot({path: `${SHOTS}/login-${width}-${scheme}.png`});
      assert.deepEqual(await violations(page), []);
      const box = await page.locator('form').boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width, 'the form is outside the window');
    }
}));
