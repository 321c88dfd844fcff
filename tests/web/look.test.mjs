// The look of the page: widths, colour schemes, accessibility, size, and nothing from other hosts.
import assert from 'node:assert/strict';
import {readdirSync, statSync} from 'node:fs';
import {get} from 'node:http';
import {after, before, test} from 'node:test';
import {close_pages, legends, open, picture, Server, SHOTS, until, violations} from './pipe.mjs';

const PANELS = ['shortcuts', 'mouse', 'text', 'scripts', 'capture', 'sight', 'help'];
const WIDTHS = [[390, 844], [1280, 800], [2560, 1440]];

let server;
before(async () => {
  server = await Server.start({source: ['-d', 'test', '-s', '1280x720', '-r', '10'], status: true,
    args: ['--title', 'rack 4, left']});
  server.tell({leds: ['num']});
});
after(() => server.stop());

for (const [width, height] of WIDTHS)
  for (const scheme of ['dark', 'light'])
    test(`${width} px, ${scheme}: no axe violation, nothing outside the window`, async () => {
      const page = await open(server, {width, height, scheme});
      await picture(page);
      const check = async what => {
        await page.screenshot({path: `${SHOTS}/${what}-${width}-${scheme}.png`});
        assert.deepEqual(await violations(page), [], what);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: too wide`);
      };
      await check('console');
      for (const panel of PANELS) {
        await page.locator(`[popovertarget=${panel}]`).click();
        if (panel === 'text') await page.locator('#layout option[value=de]').waitFor({state: 'attached'});
        const box = await page.locator(`#${panel}`).boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= height, `${panel}: outside`);
        if (width < 2560 || scheme === 'dark') await check(panel);
        await page.keyboard.press('Escape');
      }
      await page.locator('#osk-open').click();
      await legends(page);
      await check('osk');
    });

for (const [width, height] of [[390, 844], [844, 390]])
  test(`the on-screen keyboard on a phone of ${width}×${height}: all legends, and a picture`, async () => {
    const page = await open(server, {width, height, touch: true});
    await picture(page);
    await page.locator('#osk-open').click();
    await page.locator('#osk-keys button:text-is("AltGr")').waitFor();
    const cut = await page.evaluate(() => [...document.querySelectorAll('#osk-keys button')]
      .filter(key => key.scrollWidth > key.clientWidth + 1).map(key => key.textContent));
    assert.deepEqual(cut, []);
    const keys = await page.locator('#osk').boundingBox(), shown = await page.locator('#screen').boundingBox();
    assert.ok(keys.y >= 0 && keys.y + keys.height <= height, 'the keyboard is outside');
    assert.ok(shown.width * shown.height > 0.2 * width * height,
      `the picture has only ${shown.width}×${shown.height}`);
    assert.ok(shown.y + shown.height <= keys.y + 1, 'the picture reaches under the keyboard');
    await page.screenshot({path: `${SHOTS}/osk-phone-${width}.png`});
  });

test('all of it by keyboard: Tab reaches every tool, Esc closes a panel and the focus returns', async () => {
  const page = await open(server);
  await picture(page);
  await page.locator('#screen').focus();
  for (const key of ['ControlLeft', 'AltLeft', 'Home']) await page.keyboard.down(key);
  for (const key of ['ControlLeft', 'AltLeft', 'Home']) await page.keyboard.up(key);
  for (const panel of PANELS) {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('popovertarget')), panel);
    await page.keyboard.press('Enter');
    await page.locator(`#${panel}`).waitFor();
    await page.keyboard.press('Escape');
    await page.locator(`#${panel}`).waitFor({state: 'hidden'});
  }
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'screen');
});

test('a phone: signs in the middle of their buttons, which have names; all is large enough for a finger', async () => {
  const page = await open(server, {width: 390, height: 844, touch: true});
  await picture(page);
  const tools = await page.evaluate(() => [...document.querySelectorAll('#tools button')].map(button => {
    const [sign, whole] = [button.firstElementChild, button].map(element =>
      element.getBoundingClientRect());
    return {title: button.title, off: Math.abs(sign.left + sign.right - whole.left - whole.right)};
  }));
  for (const {title, off} of tools) assert.ok(title && off <= 1, `${title}: ${off}`);
  for (const panel of PANELS) {
    await page.locator(`[popovertarget=${panel}]`).click();
    const small = await page.locator(`#${panel}`).evaluate(section => [...section.querySelectorAll('button, select, label:has(> input)')]
      .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 38).map(element => element.textContent));
    assert.deepEqual(small, [], panel);
    await page.screenshot({path: `${SHOTS}/touch-${panel}.png`});
    await page.keyboard.press('Escape');
  }
  await page.locator('#osk-open').click();
  await page.getByRole('button', {name: 'Return', exact: true}).waitFor();
  await page.getByRole('button', {name: 'Enter', exact: true}).waitFor();
  const key = page.locator('#osk-keys button:text-is("K")');
  const ground = () => key.evaluate(button => getComputedStyle(button).backgroundColor);
  const before = await ground();
  await key.tap();
  await until(async () => await ground() === before, 'a key that was tapped to look as before');
});

test('nothing moves by itself but the picture', async () => {
  const page = await open(server);
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter(element => {
    const style = getComputedStyle(element);
    return style.animationName !== 'none' || Number.parseFloat(style.transitionDuration) > 0;
  }).length);
  assert.equal(moving, 0);
});

test('the page is below 32 KB on its way', async () => {
  let bytes = 0;
  for (const name of readdirSync('../../lib/http/page/'))
    bytes += await new Promise((done, fail) =>
      get(`${server.url}page/${name}`, {headers: {'Accept-Encoding': 'gzip, deflate'}}, async reply => {
        assert.equal(reply.headers['content-encoding'], 'gzip');
        done((await reply.toArray()).reduce((sum, chunk) => sum + chunk.length, 0));
      }).on('error', fail));
  console.log(`# ${bytes} bytes`);
  assert.ok(bytes > 10000 && bytes < 32000);
});

test('the screenshot of the README', async () => {
  const fresh = await Server.start({source: ['-d', 'test', '-s', '1280x720', '-r', '10', '-q', '95'], status: true,
    args: ['--title', 'rack 4, left']});
  try {
    fresh.tell({leds: ['num']});
    const page = await open(fresh, {width: 1280, height: 790});
    await picture(page);
    await page.locator('#screen').focus();
    for (const key of ['KeyL', 'KeyS', 'Enter']) await page.keyboard.press(key);
    await fresh.see('keyup l', 'keyup s', 'keyup enter');
    fresh.tell({leds: ['num']});
    await until(async () => await page.locator('#history .taken').count() === 3, 'the keys');
    await until(async () => /ms/.test(await page.locator('#age').textContent()), 'the age');
    await page.screenshot({path: `${SHOTS}/readme.png`});  // kept as tests/data/console.png
    assert.ok(statSync('../data/console.png').size <= 150 * 1024);
  } finally {
    await close_pages();
    await fresh.stop();
  }
});
