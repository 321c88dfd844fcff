// How the page shows the state of the source, the link, control and the target's keyboard.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {close_pages, end, open, picture, proxy, Server, test_frames, until, with_facts} from './pipe.mjs';

const [frame, other, third] = test_frames(3);
const source = page => page.locator('#source').textContent();
const banner = async page => await page.locator('#banner').isVisible() ? page.locator('#why').textContent() : '';
let n = 0;
const age = async page => Number.parseInt(await page.locator('#age').textContent());
const live = () => with_facts(++n % 2 ? frame : other, `t=${Date.now() * 1000} n=${n} s=live`);

// Feeds pictures that are live, as kvm-capture does.
const play = server => server.every(100, () => server.feed(live()));

async function with_server(options, body) {
  const server = await Server.start(options);
  try {
    await body(server);
  } finally {
    await close_pages();
    await server.stop();
  }
}

test('no source, live, no signal, device gone, stalled, live again', () => with_server({}, async server => {
  const page = await open(server);
  await page.locator('#source:text-is("no source")').waitFor();
  assert.match(await banner(page), /kvm-capture/);
  for (const [state, said, why] of [['live', 'live', /^$/], ['no-signal', 'no signal', /asleep/],
    ['no-device', 'no device', /Plug it in/], ['stalled', 'stalled', /no new pictures/], ['live', 'live', /^$/]]) {
    // Fed repeatedly, because after three seconds without a picture the server itself says stalled.
    const stop = server.every(200, () => server.feed(with_facts(frame, `t=${Date.now() * 1000} n=${++n} s=${state}`)));
    await until(async () => await source(page) === said && why.test(await banner(page)), `${said}, ${why}`);
    await page.locator('#age').waitFor({state: said === 'live' ? 'visible' : 'hidden'});
    stop();
    const look = await page.evaluate(() => [...document.querySelectorAll('#bar, #banner, #screen')]
      .map(element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).filter]));
    assert.equal(look[2][1] !== 'none', state === 'stalled', 'a picture that stands still is grey');
    if (state !== 'live') assert.notEqual(look[0][0], look[1][0], 'the banner has a colour of its own');
  }
}));

test('the status line: size, fps, age, rate', () => with_server({}, async server => {
  const page = await open(server);
  const stop = play(server);
  await page.locator('#fps:text-matches("\\\\d+ / [1-9]\\\\d* fps")').waitFor();
  assert.equal(await page.locator('#size').textContent(), '640×480');
  assert.match(await page.locator('#rate').textContent(), /^[\d.]+ (B|KB|MB)\/s$/);
  await until(async () => await age(page) < 1000, 'an age below 1 s');
  stop();
  // The page knows the server's clock only as exactly as answers are quick. The picture differs
  // from the last one, because the server would not send the same picture again.
  await server.feed(with_facts(third, `t=${(Date.now() - 20000) * 1000} n=${++n} s=live`));
  await until(async () => await age(page) >= 15000, 'the age of an old picture');
}));

test('a first picture on its way is told of; before it nothing stands for it', () => with_server({}, async server => {
  const page = await open(server, {before: `
    const decode = createImageBitmap;
    window.createImageBitmap = async (...all) => {
      while (!window.arrived) await new Promise(done => setTimeout(done, 20));
      return decode(...all);
    };`});
  const first = page.locator('#first'), seen = () => page.locator('#screen').evaluate(screen => Number(getComputedStyle(screen).opacity));
  await page.locator('#source:text-is("no source")').waitFor();
  assert.equal(await first.isVisible(), false);
  play(server);
  await first.waitFor();
  assert.equal(await seen(), 0);
  await page.evaluate(() => window.arrived = true);
  await first.waitFor({state: 'hidden'});
  assert.equal(await seen(), 1);
}));

test('the age is right when the clock of this computer is wrong', () => with_server({}, async server => {
  const page = await open(server, {before: 'const now = Date.now; Date.now = () => now() + 3600e3;'});
  play(server);
  await page.locator('#age:text-matches("^\\\\d+ ms")').waitFor();
  await until(async () => await age(page) < 1000, 'the true age');
}));

test('keyboard and lock lights as the target has them; keys turn solid when it took them', () =>
  with_server({status: true}, async server => {
    await server.feed(frame);
    const page = await open(server);
    await picture(page);
    server.tell({keyboard: 'no-host'});
    await page.locator('#keyboard:text-is("keyboard: no USB host")').waitFor();
    assert.match(await banner(page), /Keys cannot reach the target.*cable/);
    server.tell({keyboard: 'ready', leds: ['caps', 'num']});
    await page.locator('#leds span:text-is("Num")').waitFor();
    assert.doesNotMatch(await banner(page), /Keys cannot/);
    assert.deepEqual(await page.locator('#leds span').allTextContents(), ['Caps', 'Num']);
    await page.locator('#screen').press('a');
    await page.locator('#screen').press('b');
    await server.see('keydown a', 'keyup a', 'keydown b', 'keyup b');
    assert.deepEqual(await page.locator('#history li').allTextContents(), ['A', 'B']);
    assert.equal(await page.locator('#history .taken').count(), 0);
    server.tell({done: 2});
    await page.locator('#history .taken').waitFor();
    assert.deepEqual(await page.locator('#history .taken').allTextContents(), ['A']);
    server.tell();
    await page.locator('#history .taken:text-is("B")').waitFor();
    const done = server.count;
    await page.locator('#screen').press('c');
    await server.see('keyup c');
    server.tell({done, failed: server.count - done});
    await page.locator('#history .failed:text-is("C")').waitFor();
  }));

test('where keys go is said in words, and the picture is dimmed while they stay here', () => with_server({}, async server => {
  await server.feed(frame);
  const page = await open(server), goes = page.locator('#goes'), screen = page.locator('#screen');
  await picture(page);
  const opacity = () => screen.evaluate(element => Number(getComputedStyle(element).opacity));
  await page.locator('#goes:text-is("keys go to the target")').waitFor();
  assert.equal(await opacity(), 1);
  await page.locator('[popovertarget=text]').click();
  await page.locator('#paste').focus();
  await page.locator('#goes:text-is("keys stay here: click the picture")').waitFor();
  assert.ok(await opacity() < 1);
  await page.keyboard.press('Escape');
  await screen.focus();
  await page.locator('#goes:text-is("keys go to the target")').waitFor();
  const second = await open(server);
  await second.locator('#screen').press('a');
  await until(async () => await goes.textContent() === '', 'no word on keys: another controls');
}));

test('two viewers: one controls, the other takes over, and both see it', () => with_server({}, async server => {
  await server.feed(frame);
  const first = await open(server), second = await open(server);
  await picture(second);
  await first.locator('#screen').press('a');
  await server.see('keydown a', 'keyup a');
  await second.locator('#role:text-matches("viewer \\\\d+ controls")').waitFor();
  await second.locator('#screen').press('b');
  await second.getByText('Somebody else has control').waitFor();
  assert.ok(!(await server.all(first)).includes('keydown b'));

  await first.locator('#osk-open').click();
  const shift = first.locator('#osk-keys button:text-is("Shift")').first();
  await shift.click();
  await first.locator('#osk-keys [aria-pressed=true]').first().waitFor();
  await first.keyboard.down('x');
  await server.see('keydown x');
  await second.getByRole('button', {name: 'Take over'}).click();
  await server.see(/keyup (x|k:45)/);  // what the first held comes up
  await first.locator('#role:text-matches("viewer \\\\d+ controls")').waitFor();
  assert.equal(await first.locator('#osk-keys [aria-pressed=true]').count(), 0);
  await second.locator('#screen').press('c');
  await server.see('keydown c', 'keyup c');
  await first.keyboard.press('d');
  await first.getByText('Somebody else has control').waitFor();
  assert.ok(!(await server.all(second)).includes('keydown d'));

  await second.getByRole('button', {name: 'Give up control'}).click();
  await first.locator('#role:text-is("2 watch")').waitFor();
  await first.locator('#screen').press('e');
  await server.see('keydown e', 'keyup e');
}));

test('a mere move takes no control where two watch, and does not nag', () => with_server({}, async server => {
  await server.feed(frame);
  const first = await open(server), second = await open(server);
  await picture(first);
  await picture(second);
  const controls = page => page.getByRole('button', {name: 'Give up control'}).isVisible();
  await first.locator('#role:text-is("2 watch")').waitFor();
  const move = async (page, x) => {
    await page.mouse.move(x, 400);
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
  };
  await move(first, 600);
  await second.mouse.click(640, 400);
  await second.getByRole('button', {name: 'Give up control'}).waitFor();
  await server.see('buttonup left');
  await first.locator('#role:text-matches("viewer \\\\d+ controls")').waitFor();
  await move(first, 700);
  assert.equal(await first.locator('#toast').isVisible(), false);
  await move(second, 700);
  await server.see('buttonup left', /^mouseto/);
  await first.mouse.click(640, 400);
  await first.getByText('Somebody else has control').waitFor();
  assert.deepEqual([await controls(first), await controls(second)], [false, true]);
}));

test('what is refused is said above an open panel, also on a phone', () => with_server({}, async server => {
  await server.feed(frame);
  const other = await open(server), page = await open(server, {width: 390, height: 844, touch: true});
  await picture(page);
  await other.locator('#screen').press('a');
  await page.locator('#take').waitFor();
  await page.locator('[popovertarget=shortcuts]').click();
  await page.locator('#chords button').first().click();
  await page.getByText('Somebody else has control').waitFor();
  assert.ok(await page.locator('#toast').evaluate(toast => {
    toast.style.pointerEvents = 'auto';  // without this, what is under it would be found
    const {left, right, top, bottom} = toast.getBoundingClientRect();
    return left >= 0 && right <= innerWidth && document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === toast;
  }));
  assert.ok(await page.locator('#shortcuts').isVisible());
}));

test('nobody reads the keys: view only, and it says so', () => with_server({}, async server => {
  await server.feed(frame);
  const page = await open(server, {rough: true});
  await picture(page);
  server.httpd.stdout.destroy();
  await page.locator('#screen').press('a');
  await until(async () => /kvm-type is not running/.test(await banner(page)), 'the banner');
}));

test('the server is killed and comes back: the page does too, by itself, with nothing held', async () => {
  let server = await Server.start({status: true});
  server.tell();
  // The proxy keeps the page's address, which another program could take while the server is gone.
  const front = await proxy(() => server.port);
  front.upgrades = true;
  try {
    await server.feed(frame);
    const page = await open(front, {rough: true}), second = await open(front, {rough: true});
    await picture(page);
    await page.locator('#role:text-is("2 watch")').waitFor();
    await page.locator('#screen').focus();
    await page.keyboard.down('z');
    await page.locator('#take').waitFor();
    await second.close();
    await server.see('keydown z');
    await server.stop('SIGKILL');
    await until(async () => await source(page) === 'reconnecting' && /Reconnecting|does not answer/.test(await banner(page)),
      'the page to say so');
    for (const s of [2, 1]) await page.locator(`#next:text-is("Next try in ${s} s.")`).waitFor();
    for (const id of ['role', 'take', 'keyboard', 'age', 'goes'])
      assert.equal(await page.locator(`#${id}`).isVisible(), false, `${id} is not known now`);
    await page.locator('[popovertarget=capture]').click();
    await page.locator('#snapshot').click();
    await page.getByText('Nothing was saved').waitFor();
    await page.keyboard.press('Escape');
    server = await Server.start();
    play(server);
    await until(async () => await source(page) === 'live' && await banner(page) === '', 'the page to be back');
    await page.keyboard.up('z');
    await page.keyboard.press('y');
    assert.deepEqual(await server.all(page), ['keydown y', 'keyup y']);
  } finally {
    await close_pages();
    await server.stop();
    end(front);
  }
});

test('a server that hangs is told from a still picture', () => with_server({}, async server => {
  await server.feed(frame);
  const page = await open(server, {rough: true});
  await picture(page);
  server.httpd.kill('SIGSTOP');
  await page.locator('#source:text-is("reconnecting")').waitFor();
  server.httpd.kill('SIGCONT');
  play(server);  // without frames it would be "stalled"
  await page.locator('#source:text-is("live")').waitFor();
}));

test('the MJPEG stream instead: by ?mode=mjpeg and by choice', () => with_server({}, async server => {
  play(server);
  const page = await open(server, {path: '?mode=mjpeg'});
  await picture(page);
  assert.ok(await page.locator('#stream').isVisible());
  assert.equal(await page.locator('#stream').evaluate(image => image.naturalWidth), 640);
  await page.mouse.click(640, 400);
  await server.see('buttondown left', 'buttonup left');
  await page.locator('[popovertarget=sight]').click();
  await page.getByText('Only the parts that change').click();
  await page.locator('#tiles').waitFor();
  await page.locator('#fps:text-matches("/ [1-9]")').waitFor();
}));

test('a proxy without WebSockets: the MJPEG stream by itself, it says so, and tiles once they can be had', () =>
  with_server({}, async server => {
    play(server);
    const front = await proxy(() => server.port);
    try {
      const page = await open(front, {rough: true});
      await until(async () => /No WebSocket.*no keys reach/.test(await banner(page)), 'the banner');
      await page.locator('#source:text-is("live")').waitFor();
      await until(() => page.locator('#stream').evaluate(image => image.checkVisibility() && image.naturalWidth === 640),
        'the stream');
      await page.locator('#rate:text-is("MJPEG: no WebSocket")').waitFor();
      await page.locator('#size:text-is("640×480")').waitFor();
      front.upgrades = true;
      await page.locator('#tiles').waitFor();
      await until(async () => await banner(page) === '', 'no banner');
      assert.equal(await page.locator('#stream').isVisible(), false);
      await page.locator('#screen').press('p');
      await server.see('keydown p', 'keyup p');
    } finally {
      await close_pages();
      end(front);
    }
  }));

test('a proxy that changes the host: the page says so, and what the proxy must do', () =>
  with_server({}, async server => {
    play(server);
    const front = await proxy(() => server.port, {host: 'localhost'});
    front.upgrades = true;
    try {
      const page = await open(front, {rough: true});
      const wanted = `the page is at '${front.url.slice(0, -1)}', but the request is for the host 'localhost'; ` +
        'a proxy must pass the page\'s Host on';
      await until(async () => (await banner(page)).includes(wanted), 'the banner');
      await until(() => server.said.includes(wanted), 'stderr');
    } finally {
      await close_pages();
      end(front);
    }
  }));

test('tiles that cannot be decoded: the MJPEG stream, it says so, and tiles again after a while', () =>
  with_server({}, async server => {
    play(server);
    const page = await open(server, {before: `
      const decode = createImageBitmap, wait = setTimeout;
      window.createImageBitmap = (...all) => window.mended ? decode(...all) : Promise.reject(new Error('no memory'));
      window.setTimeout = (act, ms, ...all) => wait(act, ms === 20000 ? 500 : ms, ...all);`});
    await until(() => page.locator('#stream').evaluate(image => image.checkVisibility() && image.naturalWidth === 640),
      'the stream');
    await page.locator('#rate:text-is("MJPEG: tiles cannot be decoded")').waitFor();
    await page.locator('#source:text-is("live")').waitFor();
    await page.locator('#screen').press('q');
    await server.see('keydown q', 'keyup q');
    await page.evaluate(() => window.mended = true);
    await until(async () => await page.locator('#tiles').isVisible() &&
      /\/s$/.test(await page.locator('#rate').textContent()), 'tiles');
  }));

test('fit, one to one, and as it was the next time', () => with_server({}, async server => {
  await server.feed(frame);
  const page = await open(server, {width: 2560, height: 1440});
  await picture(page);
  const box = () => page.locator('#screen').boundingBox();
  assert.ok((await box()).width > 1500);
  await page.locator('[popovertarget=sight]').click();
  await page.getByText('Actual size').click();
  assert.deepEqual([(await box()).width, (await box()).height], [640, 480]);
  await page.reload();
  await picture(page);
  assert.equal((await box()).width, 640);
}));
