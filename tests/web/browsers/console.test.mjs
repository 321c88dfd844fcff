// The console page in the browsers that people use, with keys, clicks and wheel steps that come
// from an X server as those of a real keyboard and mouse do.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {Server, SHOTS, test_frames, until} from '../pipe.mjs';
import {Display} from './display.mjs';
import {start} from './drivers.mjs';

// What each browser runs. Hidden: Firefox with privacy.resistFingerprinting, which sends no events of
// modifiers and reports other keys as a US keyboard would send them. WebKitGTK's test browser takes
// Ctrl+wheel for itself.
const RUNS = {
  chromium: ['picture', 'keys', 'altgr', 'wheel', 'zoomed wheel', 'ctrl wheel', 'leaving keys', 'way out'],
  firefox: ['picture', 'keys', 'altgr', 'wheel', 'zoomed wheel', 'ctrl wheel', 'leaving keys', 'way out'],
  'firefox hidden': ['hidden modifiers', 'wheel'],
  webkit: ['picture', 'keys', 'altgr', 'wheel', 'leaving keys', 'way out'],
};

// X keycodes of a PC keyboard, by our names.
const CODES = {a: 38, q: 24, z: 52, c: 54, f9: 75, leftshift: 50, leftctrl: 37, leftalt: 64, rightalt: 108};
const frames = test_frames(2);

for (const [name, runs] of Object.entries(RUNS))
  describe(name, () => {
    const [kind, hidden] = name.split(' ');
    let display, browser, server;
    before(async () => {
      display = await Display.start();
      display.layout('us');
      server = await Server.start();
      for (const frame of frames) await server.feed(frame);
      browser = await start[kind](display.env, hidden ? {'privacy.resistFingerprinting': true} : {});
      for (const before of ['?first', '']) await browser.open(server.url + before);  // a page to go back to
      await until(() => browser.run('return document.getElementById("size").textContent'), 'a picture');
      display.input('mousemove', 640, 400, 'click', 1);
      await server.see('buttondown left', 'buttonup left');
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      await display?.stop();
    });

    // The lines that came out, without moves of the mouse, and without the releases by key number, which
    // the server makes if a slow machine lets a page be silent for half a second.
    const lines = async (...input) => {
      server.clear();
      display.input(...input, 'key', CODES.f9);
      await server.see('keydown f9', 'keyup f9');
      return server.lines.filter(line => !/ f9$|^mouse|^keyup k:/.test(line));
    };
    // Presses and releases keys: `+a -a`.
    const keys = text => lines(...text.split(' ').flatMap(step =>
      [step[0] === '+' ? 'keydown' : 'keyup', CODES[step.slice(1)]]));
    const strokes = (...all) => all.map(step => `key${step[0] === '+' ? 'down' : 'up'} ${step.slice(1)}`);

    const tests = {
      async picture() {
        await browser.shoot(`${SHOTS}/${kind}.png`);
        for (const frame of frames) {
          await server.feed(frame);
          // The canvas, drawn from tiles, is what this browser makes of the whole picture.
          await until(() => browser.run(`
            const whole = await createImageBitmap(await (await fetch('snapshot')).blob(), {colorSpaceConversion: 'none'});
            const tiles = document.getElementById('tiles'), canvas = document.createElement('canvas');
            Object.assign(canvas, {width: whole.width, height: whole.height});
            canvas.getContext('2d').drawImage(whole, 0, 0);
            const [a, b] = [tiles, canvas].map(each => each.getContext('2d').getImageData(0, 0, whole.width, whole.height).data);
            return new Set(a).size > 10 && a.every((value, i) => value === b[i]);`), 'the same pixels');
        }
      },
      async keys() {
        const text = '+a -a +leftshift +q -q -leftshift +leftctrl +c -c -leftctrl +leftalt +leftshift +a -leftshift -a -leftalt';
        assert.deepEqual(await keys(text), strokes(...text.split(' ')));
      },
      async altgr() {
        display.layout('de');
        try {
          const text = '+rightalt +q -q -rightalt +z -z';
          assert.deepEqual(await keys(text), strokes(...text.split(' ')));
        } finally {
          display.layout('us');
        }
      },
      async 'hidden modifiers'() {
        assert.deepEqual(await keys('+leftshift +a -a -leftshift'), strokes('+leftshift', '+a', '-a', '-leftshift'));
        assert.deepEqual(await keys('+leftctrl +c -c -leftctrl'), strokes('+leftctrl', '+c', '-c', '-leftctrl'));
        assert.match(await browser.run('return document.getElementById("toast").textContent'), /resistFingerprinting/);
      },
      async wheel() {
        assert.deepEqual(await lines(...Array(5).fill(['click', 5]).flat(), 'click', 4, 'click', 7),
          [...Array(5).fill('wheel -1'), 'wheel 1', 'hwheel 1']);
      },
      async 'zoomed wheel'() {
        const ratio = () => browser.run('return devicePixelRatio');
        for (const zoom of ['minus', 'equal']) {
          // While a tool has the focus, the browser itself zooms by Ctrl and these keys.
          for (let from; (from = await ratio()) && (zoom === 'minus' ? from > 0.6 : from < 1.4);) {
            await browser.run('document.getElementById("osk-open").focus()');
            display.input('key', `ctrl+${zoom}`);
            await until(async () => await ratio() !== from, `another zoom than ${from}`);
          }
          await browser.run('document.getElementById("screen").focus()');
          assert.deepEqual(await lines(...Array(5).fill(['click', 5]).flat()), Array(5).fill('wheel -1'), zoom);
        }
        await browser.run('document.getElementById("osk-open").focus()');
        display.input('key', 'ctrl+0');
        await until(async () => await ratio() === 1, 'the usual zoom');
        await browser.run('document.getElementById("screen").focus()');
      },
      async 'ctrl wheel'() {
        assert.deepEqual(await lines('keydown', CODES.leftctrl, 'click', 5, 'keyup', CODES.leftctrl),
          ['keydown leftctrl', 'wheel -1', 'keyup leftctrl']);
      },
      // Keys named Back, Home, Mail and Reload do in the browser what their names say, unless the page
      // prevents it. It cannot prevent all: Firefox acts at these keys whatever the page says, and only
      // asks before it leaves; WebKitGTK's test browser reloads before the page gets the key.
      async 'leaving keys'() {
        await browser.run('window.stays = true');
        for (const key of {chromium: ['XF86Back', 'XF86HomePage', 'XF86Mail', 'XF86Reload', 'F5'],
          firefox: ['F5'], webkit: ['XF86Back', 'XF86HomePage', 'XF86Mail']}[kind]) {
          await lines('key', key);
          assert.equal(await browser.run('return window.stays'), true, key);
        }
      },
      async 'way out'() {
        const all = [CODES.leftctrl, CODES.leftalt, CODES.leftshift];
        display.input(...all.flatMap(code => ['keydown', code]), ...all.flatMap(code => ['keyup', code]));
        await until(() => browser.run('return document.activeElement.id === "osk-open"'), 'the focus on the tools');
        await browser.run('document.getElementById("screen").focus()');
      },
    };
    for (const run of runs) test(run, tests[run]);
  });
