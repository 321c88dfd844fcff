// Mouse and touch.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {console_page, rest, serve, server, show, until} from './pipe.mjs';

serve();

// A page, and at(x, y): where in the window a point of the picture is (x and y from 0 to 1).
async function placed_page(options) {
  const page = await console_page(options);
  const box = await page.locator('#screen').boundingBox();
  return {page, at: (x, y) => [box.x + x * box.width, box.y + y * box.height]};
}

// Checks that `line` is "mouseto X Y", within two pixels of x and y on the smallest screen.
function near(line, x, y) {
  const [verb, ...place] = line.split(' ');
  assert.equal(verb, 'mouseto');
  assert.ok(Math.abs(place[0] - x) < 0.006 && Math.abs(place[1] - y) < 0.006, `${line}, not ${x} ${y}`);
}

for (const [width, height] of [[390, 844], [1280, 800], [2560, 1440]])
  test(`${width} px: the pointer is where one points`, async () => {
    const {page, at} = await placed_page({width, height});
    for (const [x, y] of [[0.1, 0.2], [0.5, 0.5], [0.9, 0.95]]) {
      server.clear();
      await page.mouse.click(...at(x, y));
      await server.see('buttondown left', 'buttonup left');
      near(server.lines[server.lines.indexOf('buttondown left') - 1], x, y);
    }
  });

test('five buttons; no menu and no going back in the browser', async () => {
  const {page} = await placed_page();
  const url = page.url();
  for (const button of ['right', 'middle']) {
    await page.locator('#screen').click({button});
    await server.see(`buttondown ${button}`, `buttonup ${button}`);
  }
  const prevented = await page.locator('#screen').evaluate(element => [3, 4].flatMap(button =>
    ['mousedown', 'mouseup'].map(type => !element.dispatchEvent(
      new MouseEvent(type, {button, bubbles: true, cancelable: true, clientX: 300, clientY: 300})))));
  assert.deepEqual(prevented, [true, true, true, true]);
  await server.see('buttondown back', 'buttonup back', 'buttondown forward', 'buttonup forward');
  assert.equal(page.url(), url);
});

test('a drag goes on outside the picture and ends there', async () => {
  const {page, at} = await placed_page();
  await page.mouse.move(...at(0.5, 0.5));
  await page.mouse.down();
  await page.mouse.move(5, 400, {steps: 3});
  await page.mouse.up();
  await server.see('buttondown left', /^mouseto 0\.00000 /, 'buttonup left');
});

test('the wheel turns both ways, by whole notches, and the other way when asked', async () => {
  const {page, at} = await placed_page();
  await page.mouse.move(...at(0.5, 0.5));
  await page.mouse.wheel(0, 120);
  await page.mouse.wheel(0, -120);
  await page.mouse.wheel(120, 0);
  await server.see('wheel -1', 'wheel 1', 'hwheel 1');
  server.clear();
  await turn(page, ...Array(5).fill({deltaY: 48, wheelDeltaY: -48}));  // a touchpad
  await server.see('wheel -1', 'wheel -1');
  await show(page, 'mouse');
  await page.locator('#reverse').check();
  await page.keyboard.press('Escape');
  server.clear();
  await page.mouse.move(...at(0.3, 0.5));
  await page.mouse.wheel(0, 120);
  await server.see('wheel 1');
});

// Dispatches wheel events as another platform makes them.
const turn = (page, ...events) => page.evaluate(all => {
  for (const more of all)
    document.getElementById('screen').dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, ...more}));
}, events);
const mac = `Object.defineProperty(navigator, 'platform', {get: () => 'MacIntel'});
  Object.defineProperty(navigator, 'userAgentData', {get: () => undefined});`;

test('the wheel: what each browser reports for one click is one notch', async () => {
  const {page} = await placed_page();
  // Chromium on Linux and Windows, Firefox on Linux and Windows, WebKitGTK, half a click of a wheel of high resolution.
  await turn(page, {deltaY: 120, wheelDeltaY: -120}, {deltaY: 100, wheelDeltaY: -120},
    {deltaMode: 1, deltaY: 6, wheelDeltaY: -120}, {deltaMode: 1, deltaY: 3, wheelDeltaY: -120}, {deltaY: 81, wheelDeltaY: -120},
    {deltaY: 60, wheelDeltaY: -60}, {deltaY: 60, wheelDeltaY: -60});
  assert.deepEqual(await server.all(page), Array(6).fill('wheel -1'));
});

test('the wheel of a Mac: a slow and a quick click are one notch each, a touchpad adds up', async () => {
  const {page} = await placed_page({before: mac});
  await turn(page, {deltaY: 4.000244140625, wheelDeltaY: -12}, {deltaY: 28.001708984375, wheelDeltaY: -84},
    {deltaY: -113.256, wheelDeltaY: 339}, {deltaMode: 1, deltaY: 1, wheelDeltaY: -120}, {deltaMode: 1, deltaY: 5, wheelDeltaY: -600});
  assert.deepEqual(await server.all(page), ['wheel -1', 'wheel -1', 'wheel 1', 'wheel -1', 'wheel -1']);
  server.clear();
  await turn(page, ...[1, 3, 9, 12, 10, 5].map(deltaY => ({deltaY, wheelDeltaY: -3 * deltaY})));
  assert.deepEqual(await server.all(page), ['wheel -1']);
});

test('a pinch on a touchpad zooms here and leaves the target alone; the wheel beside a held Ctrl turns there', async () => {
  const {page} = await placed_page();
  const before = await page.locator('#screen').boundingBox();
  await turn(page, ...Array(5).fill({deltaY: -20, wheelDeltaY: 60, ctrlKey: true, clientX: 600, clientY: 400}));
  await until(async () => (await page.locator('#screen').boundingBox()).width > 2 * before.width, 'the picture enlarged');
  assert.deepEqual(await server.all(page), []);
  await page.locator('#screen').focus();
  await page.keyboard.down('ControlLeft');
  await turn(page, {deltaY: 120, wheelDeltaY: -120, ctrlKey: true});
  await server.see('keydown leftctrl', 'wheel -1');
  await page.keyboard.up('ControlLeft');
});

test('several monitors: the picture is a part of the desktop, and stays so', async () => {
  const {page, at} = await placed_page();
  await show(page, 'mouse');
  await page.locator('#pointer-area').selectOption('its right half');
  await page.keyboard.press('Escape');
  await page.mouse.click(...at(0.5, 0.5));
  await server.see('buttondown left');
  near(server.lines.find(line => /^mouseto/.test(line)), 0.75, 0.5);
  await show(page, 'mouse');
  await page.locator('#pointer-area').selectOption('another part');
  await page.locator('#pointer-part').fill('0.25, 0.1, 0.5, 1');
  await page.keyboard.press('Enter');
  await page.locator('#mouse-said:has-text("four numbers")').waitFor();
  await page.locator('#pointer-part').fill('0.25, 0, 0.5, 1');
  await page.keyboard.press('Enter');
  await page.locator('#mouse-said:text-is("")').waitFor({state: 'hidden'});
  await page.reload();
  await page.locator('#size:has-text("640")').waitFor();
  server.clear();
  const box = await page.locator('#screen').boundingBox();
  await page.mouse.click(box.x + box.width / 10, box.y + box.height / 4);
  await server.see('buttondown left');
  near(server.lines.find(line => /^mouseto/.test(line)), 0.3, 0.25);
});

test('moves are coalesced to one a frame, the last one never lost', async () => {
  const {page} = await placed_page();
  await page.locator('#screen').evaluate(element => {
    for (let i = 0; i <= 500; i++)
      element.dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: 200 + i, clientY: 300}));
  });
  const lines = await server.all(page);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^mouseto/);
});

test('relative: locked to the picture, moves as counts', async () => {
  const {page, at} = await placed_page({before: `
    Element.prototype.requestPointerLock = async function () {
      Object.defineProperty(document, 'pointerLockElement', {get: () => this, configurable: true}); };`});
  await show(page, 'mouse');
  await page.getByText('Relative:').click();
  await page.keyboard.press('Escape');
  await page.mouse.click(...at(0.5, 0.5));
  assert.equal(await page.evaluate(() => document.pointerLockElement?.id), 'screen');
  await page.evaluate(() => window.dispatchEvent(new MouseEvent('mousemove', {movementX: 7, movementY: -3})));
  await server.see('mousemove 7 -3');
  server.clear();
  await page.mouse.down();
  await page.mouse.up();
  await server.see('buttondown left', 'buttonup left');
  assert.ok(!(await server.all(page)).some(line => line.startsWith('mouseto')));
});

test('the jiggler moves and moves back, once a minute', async () => {
  const {page} = await placed_page({before: `
    const real = performance.now.bind(performance);
    performance.now = () => real() + (window.later ?? 0);`});
  await show(page, 'mouse');
  await page.locator('#jiggle').check();
  await page.keyboard.press('Escape');
  await page.locator('#screen').press('a');
  await rest(1500);
  assert.deepEqual(await server.all(page), ['keydown a', 'keyup a']);
  await page.evaluate(() => window.later = 61000);
  await server.see('mousemove 1 0', 'mousemove -1 0');
});

test('a click beside an open panel puts it away, and does nothing else', async () => {
  const {page, at} = await placed_page();
  await show(page, 'mouse');
  await page.mouse.click(...at(0.3, 0.5));
  await page.locator('#mouse').waitFor({state: 'hidden'});
  assert.ok(!(await server.all(page)).some(line => line.startsWith('button')));
  await page.mouse.click(...at(0.3, 0.5));
  await server.see('buttondown left', 'buttonup left');
});

// Sends touch events as a touch screen does. A step is [type, point...], or ms that pass.
async function fingers(page, ...steps) {
  const devtools = await page.context().newCDPSession(page);
  for (const step of steps) {
    if (typeof step === 'number') { await page.evaluate(ms => window.pass(ms), step); continue; }
    const [type, ...points] = step;
    await devtools.send('Input.dispatchTouchEvent', {type: `touch${type}`, touchPoints: points.map(([x, y], id) => ({x, y, id}))});
  }
}

// Makes the page's clock for gestures advance only by pass(), so that it does not matter how late a
// slow machine lifts a finger.
const unhurried = `
  let now = 1000, held = null;  // the timer of a finger that rests
  const wait = setTimeout, forget = clearTimeout;
  Object.defineProperty(Event.prototype, 'timeStamp', {get: () => now});
  window.setTimeout = (act, ms, ...all) => ms === 500 ? held = {act, at: now + ms} : wait(act, ms, ...all);
  window.clearTimeout = timer => timer && timer === held ? held = null : forget(timer);
  window.pass = ms => {
    now += ms;
    if (!held || now < held.at) return;
    const {act} = held;
    held = null;
    act(); };`;

test('touch: tap, hold, drag, scroll, two fingers, pinch', async () => {
  const {page, at} = await placed_page({width: 390, height: 844, touch: true, before: unhurried});
  const a = at(0.4, 0.5), b = at(0.6, 0.5);
  await fingers(page, ['Start', a], ['End']);
  await server.see('buttondown left', 'buttonup left');
  near(server.lines[0], 0.4, 0.5);

  // Starts over: the next tap makes no double tap, and no line is left to come.
  const start_over = async () => {
    await fingers(page, 350);
    await server.all(page);
    server.clear();
  };
  await start_over();
  await fingers(page, ['Start', a], 600, ['End']);
  await server.see('buttondown right', 'buttonup right');
  assert.ok(!(await server.all(page)).includes('buttondown left'));

  await start_over();
  await fingers(page, ['Start', a], ['End'], 50, ['Start', a], ['Move', at(0.5, 0.5)], 50, ['Move', b], 50, ['End']);
  await server.see('buttondown left', 'buttonup left', 'buttondown left', /^mouseto 0\.6/, 'buttonup left');

  await start_over();
  await fingers(page, ['Start', a], ['Move', at(0.5, 0.5)], 50, ['Move', b], 50, ['End']);
  await server.see(/^mouseto 0\.6/);
  assert.ok(!(await server.all(page)).some(line => line.startsWith('button')));

  await start_over();
  await page.locator('#tools button[popovertarget=help]').click();
  await page.locator('#help').waitFor();
  await fingers(page, ['Start', at(0.4, 0.1)], ['End']);
  await page.locator('#help').waitFor({state: 'hidden'});
  assert.deepEqual(await server.all(page), []);

  await start_over();
  await fingers(page, ['Start', a], ['Start', a, b], ['End']);
  await server.see('buttondown right', 'buttonup right');

  await start_over();
  const up = ([x, y], by) => [x, y - by];
  await fingers(page, ['Start', a, b], ['Move', up(a, 20), up(b, 20)], ['Move', up(a, 50), up(b, 50)], ['Move', up(a, 90), up(b, 90)], ['End']);
  await server.see(/^wheel -\d/);

  const before = await page.locator('#screen').boundingBox();
  await fingers(page, ['Start', a, b], ['Move', at(0.3, 0.5), at(0.7, 0.5)], ['Move', at(0.1, 0.5), at(0.9, 0.5)], ['End']);
  await until(async () => (await page.locator('#screen').boundingBox()).width > 1.5 * before.width, 'the picture enlarged');
});

test('touch: enlarged it stays while one types, and two fingers move it, never out of its room', async () => {
  const {page, at} = await placed_page({width: 390, height: 844, touch: true, before: unhurried});
  const box = () => page.locator('#screen').boundingBox(), a = at(0.4, 0.5), b = at(0.6, 0.5);
  // Moves two fingers side by side, repeatedly, until `test` accepts the picture's edges.
  const move = (way, test, what) => until(async () => {
    await fingers(page, ['Start', a, b],
      ...[20, 60, 100, 140].map(px => ['Move', ...[a, b].map(([x, y]) => [x + way * px, y])]), ['End']);
    const {x, width} = await box();
    return test(x, x + width);
  }, what);
  const {width} = await box();
  await fingers(page, ['Start', a, b], ['Move', at(0.3, 0.5), at(0.7, 0.5)], ['Move', at(0.1, 0.5), at(0.9, 0.5)], ['End']);
  await until(async () => (await box()).width > 1.5 * width, 'the picture enlarged');
  await page.locator('#osk-open').click();
  for (const key of 'abcdefghijk') await page.locator(`#osk-keys button:text-is("${key.toUpperCase()}")`).click();
  await page.locator('#history li:text-is("K")').waitFor();
  assert.ok((await box()).width > 1.5 * width, 'as large as before');
  await server.all(page);
  server.clear();
  await move(1, left => Math.abs(left) < 1, 'its left edge');
  await move(-1, (left, right) => Math.abs(right - 390) < 1, 'its right edge');
  assert.ok(!(await server.all(page)).some(line => line.includes('wheel')));

  await page.locator('#osk-open').click();
  await show(page, 'sight');
  await page.getByText('Actual size').click();
  await page.keyboard.press('Escape');
  await until(async () => (await box()).width === 640, 'the picture pixel by pixel');
  await move(-1, (left, right) => Math.abs(right - 390) < 1, 'its right edge, one to one');
});
