// The tools: on-screen keyboard, shortcuts, texts, scripts, captures; on small and large screens.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {console_page, legends, rest, serve, server, SHOTS, show, test_frames, tool, until, with_facts} from './pipe.mjs';

const [frame, other] = test_frames(2);
serve({status: true, args: ['--title', 'rack 4, left']});
const key = (page, name) => page.locator('#osk-keys').getByRole('button', {name, exact: true}).first();

for (const [width, height] of [[390, 844], [1280, 800], [2560, 1440]])
  test(`${width} px: on-screen keyboard, sticky modifiers`, async () => {
    const page = await console_page({width, height});
    await page.locator('#osk-open').click();
    await legends(page);
    const box = await page.locator('#osk').boundingBox();
    assert.ok(box.y + box.height <= height && box.x >= 0 && box.width <= width, 'it does not fit');
    await key(page, 'Q').click();
    await server.see('keydown q', 'keyup q');
    // Pressed once, a modifier is for one key.
    server.clear();
    await key(page, 'Shift').click();
    await key(page, 'A').click();
    await key(page, 'B').click();
    await server.see('keydown leftshift', 'keydown a', 'keyup a', 'keyup leftshift', 'keydown b', 'keyup b');
    // Pressed twice, it stays down until pressed again.
    server.clear();
    await key(page, 'Alt').click();
    await key(page, 'Alt').click();
    await key(page, 'Tab').click();
    await key(page, 'Tab').click();
    await server.see('keydown leftalt', 'keydown tab', 'keyup tab', 'keydown tab', 'keyup tab');
    assert.ok(!(await server.all(page)).includes('keyup leftalt'));
    await key(page, 'Alt').click();
    await server.see('keyup leftalt');
  });

test('on-screen keyboard: a modifier pressed once is for a key of the other keyboard, too', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  await legends(page);
  await key(page, 'Ctrl').click();
  await key(page, 'Alt').click();
  await page.locator('#screen').focus();
  await page.keyboard.press('Delete');
  await server.see('keydown leftctrl', 'keydown leftalt', 'keydown delete', 'keyup delete', 'keyup leftctrl', 'keyup leftalt');
  await page.keyboard.press('KeyX');
  await server.see('keyup leftalt', 'keydown x', 'keyup x');
});

test('on-screen keyboard: legends of the layout, the same keys; by Tab and Enter too', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  const layout = page.locator('#osk-layout');
  await layout.selectOption('fr');
  await key(page, 'é').waitFor();
  await key(page, 'A').click();
  await server.see('keydown q', 'keyup q');
  await layout.selectOption('ru');
  await key(page, 'Ф').focus();
  await page.keyboard.press('Enter');
  await server.see('keydown a', 'keyup a');
  await page.reload();
  await page.locator('#osk-open').click();
  await key(page, 'Ф').waitFor();
  for (const [name, has] of [['us:dvorak', '\''], ['gr', 'Ω'], ['il', 'ש'], ['jp', '^'], ['de:neo', 'ß']]) {
    await layout.selectOption(name);
    await key(page, has).waitFor();
    const empty = await page.locator('#osk-keys button').evaluateAll(keys =>
      keys.filter(({textContent}) => !textContent || textContent.includes('undefined')).length);
    assert.equal(empty, 0, name);
  }
});

test('on-screen keyboard: AltGr and Shift show what the keys then type', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  await page.locator('#osk-layout').selectOption('de');
  assert.equal(await key(page, 'ß').textContent(), '?ß\\');  // Shift, plain, AltGr
  await key(page, 'AltGr').click();
  await key(page, '@').click();
  await server.see('keydown rightalt', 'keydown q', 'keyup q', 'keyup rightalt');
  await key(page, 'ß').waitFor();
  await key(page, 'Shift').click();
  await key(page, '?').click();
  await server.see('keydown leftshift', 'keydown minus', 'keyup minus', 'keyup leftshift');
});

test('the text field: typed by the layout that is chosen, line by line; what it lacks stays and is told', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  await page.locator('#osk-layout').selectOption('de');
  const field = page.locator('#osk-text');
  await field.focus();
  await page.keyboard.type('zy');
  await until(() => field.inputValue().then(left => !left.replace('\u200b', '')), 'an empty field');
  const lines = await server.all(page);
  assert.equal(lines.filter(line => /^type /.test(line)).map(line => line.slice(5)).join(''), 'zy');
  assert.deepEqual([lines[0], lines.at(-1)], ['layout de', 'layout']);
  server.clear();
  await page.keyboard.insertText('cd /tmp\nls\nreboot');
  await server.see('layout de', 'type cd /tmp', 'key enter', 'type ls', 'key enter', 'type reboot', 'layout');
  await until(() => field.inputValue().then(left => !left.replace('\u200b', '')), 'an empty field');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await server.see('type reboot', 'key enter', 'key enter');
  await until(() => field.inputValue().then(left => !left.replace('\u200b', '')), 'an empty field after Enter');
  await page.keyboard.press('Backspace');
  await server.see('key backspace');
  server.clear();
  await page.keyboard.insertText('ls 漢');
  await page.locator('#toast:text("Layout de cannot type 漢 (line 1, column 4)")').waitFor();
  assert.equal((await field.inputValue()).replace('\u200b', ''), 'ls 漢');
  assert.deepEqual(await server.all(page), []);
});

test('the layout that kvm-type has is followed, unless another is chosen', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  server.tell({layout: 'de'});
  await key(page, 'Ü').waitFor();
  await page.locator('#osk-open').click();
  await show(page, 'text');
  assert.equal(await page.locator('#layout option').first().textContent(), 'kvm-type’s own: de');
  await page.locator('#paste').fill('ü');
  await page.locator('#text-go').click();
  await server.see('type ü');
  server.tell({layout: 'de'});
  await page.locator('#text-said:text("Typed 1")').waitFor();
  await page.locator('#layout').selectOption('us');
  await page.locator('#paste').fill('ü');
  await page.locator('#text-go').click();
  await page.getByText('Layout us cannot type ü').waitFor();
  server.tell();
});

test('on-screen keyboard: by touch, a key is down as long as the finger', async () => {
  const page = await console_page({width: 390, height: 844, touch: true});
  await page.locator('#osk-open').click();
  await legends(page);
  const box = await key(page, 'G').boundingBox();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.dispatchTouchEvent', {type: 'touchStart', touchPoints: [{x: box.x + 9, y: box.y + 9}]});
  await server.see('keydown g');
  await rest(300);
  assert.deepEqual(await server.all(page), ['keydown g']);
  await devtools.send('Input.dispatchTouchEvent', {type: 'touchEnd', touchPoints: []});
  await server.see('keyup g');
});

test('shortcuts, and one of your own that stays', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  for (const label of ['Ctrl+Alt+Del', 'Alt+Tab', 'Alt+F4', 'Win', 'PrtSc']) {
    await page.locator('#chords').getByRole('button', {name: label, exact: true}).click();
    await server.see(`key ${label.includes('+') ? label.toLowerCase() : label}`);
  }
  for (const label of ['F1', 'F12']) {
    await page.locator('#terminals').getByRole('button', {name: label, exact: true}).click();
    await server.see(`key ctrl+alt+${label.toLowerCase()}`);
  }
  await page.locator('#own-keys').fill('ctrl+shift+t');
  await page.locator('#own-keys').press('Enter');
  await page.reload();
  await show(page, 'shortcuts');
  await page.getByRole('button', {name: 'ctrl+shift+t', exact: true}).click();
  await server.see('key ctrl+shift+t');
  await page.getByRole('button', {name: 'Remove ctrl+shift+t'}).click();
  assert.equal(await page.locator('#own button').count(), 0);
});

test('firmware keys go on until stopped', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  const button = page.locator('#repeats').getByRole('button', {name: 'Del'});
  await button.click();
  await server.see('key Del', 'key Del', 'key Del');
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await button.click();
  await server.all(page);
  server.clear();
  await rest(500);
  assert.deepEqual(await server.all(page), []);
});

test('a repeat shows while its panel is away, and ends when one types', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  await page.locator('#repeats').getByRole('button', {name: 'F2'}).click();
  await page.locator('#title').click();
  await page.locator('#shortcuts').waitFor({state: 'hidden'});
  server.clear();
  await server.see('key F2', 'key F2');
  await page.locator('[popovertarget=shortcuts].sending').waitFor();
  await page.screenshot({path: `${SHOTS}/sending.png`});
  await page.keyboard.press('KeyX');
  await page.locator('[popovertarget=shortcuts]:not(.sending)').waitFor();
  await server.see('keydown x', 'keyup x');
  await server.all(page);
  server.clear();
  await rest(500);
  assert.deepEqual(await server.all(page), []);
});

test('SysRq REISUB asks first', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  await page.getByRole('button', {name: 'SysRq REISUB'}).click();
  await rest(200);
  assert.deepEqual(await server.all(page), []);
  await page.getByRole('button', {name: 'Reboot the target?'}).click();
  await server.see('key alt+sysrq+r', 'key alt+sysrq+e', 'key alt+sysrq+i');
});

test('a chord that kvm-type does not know is refused, in words', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  await page.locator('#own-keys').fill('ctlr+x');
  await page.locator('#own-keys').press('Enter');
  await page.getByRole('button', {name: 'ctlr+x', exact: true}).click();
  await page.getByText("Refused: key: unknown key 'ctlr'").waitFor();
  assert.deepEqual(server.lines, []);
});

test('a long text is typed whole, as fast as the target takes it', async () => {
  const page = await console_page();
  server.tell();
  await page.locator('#keyboard:text("ready")').waitFor();
  const text = Array.from({length: 60}, (_, i) => `line ${i}: ${'the quick brown fox, '.repeat(5)}`).join('\r\n') + '\n';
  await show(page, 'text');
  await page.locator('#paste').fill(text);
  await page.locator('#text-go').click();
  await server.see(/^type /);
  await rest(500);
  assert.ok((await server.all(page)).length < 20, 'nothing was taken, and yet all was sent');
  assert.ok(await page.locator('#text-progress').isVisible());
  assert.ok(await page.locator('[popovertarget=text].sending').isVisible());
  const stop = server.every(20, () => server.tell());
  await page.locator('#text-said:text("Typed")').waitFor();
  stop();
  await page.locator('[popovertarget=text]:not(.sending)').waitFor();
  const typed = server.lines.map(line => line === 'key enter' ? '\n' : /^type /.test(line) ? line.slice(5) : '').join('');
  assert.ok(typed === text.replaceAll('\r\n', '\n'), 'another text came out');
});

test('typing stops when told to, at a slow rate at once', async () => {
  const page = await console_page();
  server.tell();
  await page.locator('#keyboard:text("ready")').waitFor();
  await show(page, 'text');
  await page.locator('#paste').fill('x'.repeat(2000));
  await page.locator('#speed').selectOption('100');
  await page.locator('#text-go').click();
  await server.see('typedelay 100', /^type /);
  await page.locator('#text-stop').click();
  await page.locator('#text-said:text("Stopped")').waitFor();
  await server.see('typedelay');  // what comes next is not slow
  assert.ok((await server.all(page)).join('').length < 100);
});

test('what the layout cannot type is shown before anything is sent', async () => {
  const page = await console_page();
  await show(page, 'text');
  await page.locator('#layout option[value=de]').waitFor({state: 'attached'});
  await page.locator('#layout').selectOption('us');
  await page.locator('#paste').fill('fine\nnot 漢 fine');
  await page.locator('#text-go').click();
  await page.getByText('Nothing was sent. Layout us cannot type 漢 (line 2, column 5).').waitFor();
  assert.deepEqual(server.lines, []);
  await page.locator('#layout').selectOption('de');
  await page.locator('#paste').fill('schön');
  await page.locator('#text-go').click();
  await server.see('layout de', 'type schön');
});

test('a secret that cannot be typed is not shown', async () => {
  const page = await console_page();
  await show(page, 'text');
  await page.locator('#layout option[value=de]').waitFor({state: 'attached'});
  await page.locator('#layout').selectOption('us');
  await page.locator('#secret').check();
  await page.locator('#paste').fill('fine\nnot 漢');
  await page.locator('#text-go').click();
  await page.getByText('Layout us cannot type a character (line 2, column 5).').waitFor();
  assert.deepEqual(server.lines, []);
});

test('a text longer than a request may be is checked to its end', async () => {
  const page = await console_page();
  await show(page, 'text');
  await page.locator('#layout option[value=de]').waitFor({state: 'attached'});
  await page.locator('#layout').selectOption('us');
  await page.locator('#paste').evaluate(field => field.value = `${'0123456789abcde\n'.repeat(70000)}é\n漢漢`);
  await page.locator('#text-go').click();
  await page.getByText('cannot type é (line 70001, column 1), 漢 (line 70002, column 1), 漢 (line 70002, column 2).').waitFor();
  assert.deepEqual(server.lines, []);
});

test('the mouse jiggles while nobody controls', async () => {
  const page = await console_page({before: () => {
    const now = performance.now.bind(performance);
    performance.now = () => now() + (window.later ?? 0);
  }});
  await show(page, 'mouse');
  await page.locator('#jiggle').check();
  await page.evaluate(() => window.later = 61000);
  await server.see('mousemove 1 0', 'mousemove -1 0');
});

test('a secret is masked, forgotten, and in no recording', async () => {
  const page = await console_page();
  await show(page, 'scripts');
  await page.locator('#script-record').click();
  await show(page, 'text');
  await page.locator('#secret').check();
  await page.locator('#paste').fill('hunter2');
  assert.equal(await page.locator('#paste').evaluate(field => getComputedStyle(field).webkitTextSecurity), 'disc');
  server.tell();
  await page.locator('#text-go').click();
  await server.see('type hunter2');
  server.tell();
  await page.locator('#text-said:text("Typed 7")').waitFor();
  assert.equal(await page.locator('#paste').inputValue(), '');
  await show(page, 'scripts');
  assert.ok(!(await page.locator('#script').inputValue()).includes('hunter2'));
  assert.ok(!(await page.content()).includes('hunter2'));
  assert.ok(!JSON.stringify(await page.evaluate(() => ({...localStorage}))).includes('hunter2'));
});

test('what one does is recorded, kept, downloaded, and runs from a shell', async () => {
  const page = await console_page();
  await show(page, 'scripts');
  await page.locator('#script-record').click();
  await page.mouse.click(500, 300);  // puts the panel away
  await page.mouse.click(500, 300);
  await page.keyboard.press('l');
  await rest(200);
  await page.keyboard.press('Enter');
  await show(page, 'scripts');
  await page.locator('#script-record').click();
  const script = await page.locator('#script').inputValue();
  assert.match(script, /^(mouseto [\d. ]+\n(sleep \d+\n)?)+buttondown left\n[^]*keydown l\n[^]*keyup l\nsleep \d+\nkeydown enter\n/);
  await page.locator('#script-name').fill('list');
  await page.locator('#script-keep').click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator('#script-save').click()]);
  assert.equal(file.suggestedFilename(), 'list.kvm');
  const saved = readFileSync(await file.path(), 'utf8');
  assert.equal(saved, script);
  const run = spawnSync(tool('kvm-type'), ['-a', '--dry-run'], {input: saved});
  assert.equal(run.status, 0, run.stderr);

  await page.reload();
  await show(page, 'scripts');
  await page.locator('#script-list').selectOption('list');
  server.clear();
  await page.locator('#script-play').click();
  await server.see('buttondown left', 'keydown l', 'keyup l', 'keydown enter', 'keyup enter');
});

test('a script from a file is edited, played with its pauses, and stopped', async () => {
  const page = await console_page({before: `
    const send = WebSocket.prototype.send;
    window.times = {};
    WebSocket.prototype.send = function (text) {
      window.times[text] = performance.now();
      send.call(this, text); };`});
  await show(page, 'scripts');
  const path = join(tmpdir(), `kvm-${process.pid}.kvm`);
  writeFileSync(path, '# log in\nkeydown shift\nkey a\nsleep 400\nkey b\nsleep 60000\nkey c\n');
  const chooser = page.waitForEvent('filechooser');
  await page.locator('#script-open').click();
  await (await chooser).setFiles(path);
  await page.waitForFunction(() => document.getElementById('script').value.includes('log in'));
  server.tell();
  await page.locator('#script-play').click();
  await server.see('keydown shift', 'key a');
  server.tell();
  await server.see('key b');
  const pause = await page.evaluate(() => window.times['key b'] - window.times['keydown shift\nkey a']);
  assert.ok(pause >= 399, `paused ${pause} ms`);
  await page.locator('#script-stop').click();
  await page.locator('#script-said:text("Stopped")').waitFor();
  await server.see('keyup shift');  // what the script left down comes up
  assert.ok(!(await server.all(page)).includes('key c'));
});

// A page that plays this script to a target whose status lines say what it took.
async function playing(script) {
  const page = await console_page();
  server.tell();
  await page.locator('#keyboard:text("ready")').waitFor();
  await show(page, 'scripts');
  await page.locator('#script').fill(script);
  await page.locator('#script-play').click();
  return page;
}

test('a script lets go of its own keys, not of those that the person holds', async () => {
  const page = await playing('keydown b');
  await server.see('keydown b');
  await page.locator('#screen').focus();
  await page.keyboard.down('ShiftLeft');
  await server.see('keydown leftshift');
  server.tell();  // the script is done
  await server.see('keydown leftshift', 'keyup b');
  await page.keyboard.press('KeyX');
  await server.see('keyup b', 'keydown x', 'keyup x');
  assert.ok(!server.lines.includes('keyup leftshift'));
});

test('a script stops at the first line that is refused, and tells which', async () => {
  const page = await playing('# log in\nkey a\nkye foo\ntype root\nsleep 60000\ntype secret\n');
  await page.locator('#script-said:text("line 3: ")').waitFor();
  assert.match(await page.locator('#script-said').textContent(), /^line 3: unknown action.*\. 2 of 6 lines were sent\.$/);
  assert.deepEqual(await server.all(page), ['key a']);
  // That the target did not take a line is known once kvm-type says so.
  server.clear();
  await page.locator('#script').fill('key x\nsleep 60000\nkey y');
  const done = server.count;
  await page.locator('#script-play').click();
  await server.see('key x');
  assert.ok(!(await page.locator('#script-said').textContent()).includes('unknown'));
  server.tell({done, failed: server.count - done});
  await page.locator('#script-said:text("line 1: the target did not take it. 2 of 3 lines were sent.")').waitFor();
  assert.deepEqual(await server.all(page), ['key x']);
});

test('a text that somebody else ends by taking over says how far it got', async () => {
  const page = await console_page(), other = await console_page();
  server.tell();
  await page.locator('#keyboard:text("ready")').waitFor();
  await show(page, 'text');
  await page.locator('#paste').fill('x'.repeat(2000));
  await page.locator('#text-go').click();
  await server.see(/^type /);
  await other.locator('#take').click();
  await page.locator('#role:has-text("controls")').waitFor();
  server.tell();
  await page.locator('#text-said:text("Not all was typed: somebody else has control. 384 of 2000 characters were sent.")').waitFor();
});

test('a browser without full screen and films has no buttons for them', async () => {
  const page = await console_page({before: `
    delete Element.prototype.requestFullscreen;
    delete window.MediaRecorder;`});
  await show(page, 'sight');
  await page.getByText('Fit the window').waitFor();
  assert.equal(await page.locator('#fullscreen').isVisible(), false);
  await show(page, 'capture');
  await page.locator('#snapshot').waitFor();
  assert.equal(await page.locator('#film').isVisible(), false);
});

test('a picture and a film are saved', async () => {
  const page = await console_page({before: `
    const send = WebSocket.prototype.send;
    window.drawn = 0;  // number of pictures
    WebSocket.prototype.send = function (text) {
      window.drawn += text.includes('"ack"');
      send.call(this, text); };`});
  const stop = server.every(200, () => server.feed(with_facts(frame, `t=${Date.now() * 1000} s=live`)));
  await page.locator('#source:text-is("live")').waitFor();  // or there is nothing to save
  await show(page, 'capture');
  const [snapshot] = await Promise.all([page.waitForEvent('download'), page.locator('#snapshot').click()]);
  stop();
  assert.match(snapshot.suggestedFilename(), /^rack-4-left-\d{4}-.*\.jpg$/);
  assert.deepEqual(readFileSync(await snapshot.path()).subarray(0, 2), Buffer.from([0xff, 0xd8]));
  await page.locator('#film').click();
  for (let i = 0; i < 12; i++) {
    const before = await page.evaluate(() => window.drawn);
    await server.feed(i % 2 ? frame : other);
    await page.waitForFunction(drawn => window.drawn > drawn, before);
    await rest(100);
  }
  const [film] = await Promise.all([page.waitForEvent('download'), page.locator('#film').click()]);
  assert.match(film.suggestedFilename(), /\.webm$/);
  const probe = spawnSync('ffprobe', ['-v', 'error', '-select_streams', 'v', '-count_frames', '-show_entries',
    'stream=width,height,nb_read_frames', '-of', 'csv=p=0', await film.path()], {encoding: 'utf8'});
  assert.match(probe.stdout, /^640,480/);
  assert.ok(Number(probe.stdout.trim().split(',')[2]) > 1, probe.stdout);
});


// A page that is told that the gadget has these devices; tell() changes them.
async function with_devices(...devices) {
  const page = await console_page({before: `
    const parse = JSON.parse;
    JSON.parse = text => {
      const message = parse(text);
      if (message?.kvm?.keyboard) message.kvm.keyboard.devices = window.devices ?? ${JSON.stringify(devices)};
      return message; };`});
  server.tell({layout: 'us', leds: ['scroll']});
  await page.locator('#leds span').waitFor();
  return page;
}

test('a gadget without an absolute pointer makes the mouse relative, and the page says so', async () => {
  const page = await with_devices('keyboard', 'mouse');
  await page.locator('#toast:has-text("no absolute pointer")').waitFor();
  server.clear();
  await page.mouse.move(600, 400);
  await page.mouse.move(640, 420);
  assert.ok(!(await server.all(page)).some(line => line.startsWith('mouseto')));
  await show(page, 'mouse');
  await page.locator('#mouse-lacks:has-text("no absolute pointer")').waitFor();
  assert.ok(await page.locator('[value=absolute]').isDisabled());
  await page.evaluate(() => window.devices = ['keyboard', 'pointer', 'mouse']);
  server.tell();
  await page.locator('[value=absolute]:enabled').waitFor();
  await page.keyboard.press('Escape');
  await page.mouse.move(600, 400);
  await server.see(/^mouseto/);
});

test('shortcuts name keys: no Shift is added to a letter beside modifiers', async () => {
  const page = await console_page();
  await show(page, 'shortcuts');
  await page.locator('#own-keys').fill('Ctrl+C Q');
  await page.locator('#own-keys').press('Enter');
  for (const label of ['Win+L', 'Ctrl+W', 'Ctrl+C Q']) {
    server.clear();
    await page.getByRole('button', {name: label, exact: true}).click();
    await server.see(/^key /);
    const run = spawnSync(tool('kvm-type'), ['-a', '--dry-run'], {input: `${server.lines.join('\n')}\n`, encoding: 'utf8'});
    assert.equal(run.status, 0, run.stderr);
    // The modifier bytes of the reports in which a key is down: 08 is the left Win key, 01 the left Ctrl key.
    const held = [...run.stdout.matchAll(/^keyboard (..) 00 (?!00)/gm)].map(([, modifiers]) => modifiers);
    assert.deepEqual(held, {'Win+L': ['08'], 'Ctrl+W': ['01'], 'Ctrl+C Q': ['01', '02']}[label], label);
  }
});

test('media and power keys where the gadget has them; power asks first', async () => {
  const without = await with_devices('keyboard');
  await show(without, 'shortcuts');
  assert.equal(await without.locator('#media').isVisible(), false);
  const page = await with_devices('keyboard', 'controls');
  await show(page, 'shortcuts');
  for (const [label, key] of [['Mute', 'mute'], ['Volume −', 'volumedown'], ['Volume +', 'volumeup']]) {
    await page.locator('#media').getByRole('button', {name: label, exact: true}).click();
    await server.see(`key ${key}`);
  }
  server.clear();
  await page.locator('#media').getByRole('button', {name: 'Power', exact: true}).click();
  assert.deepEqual(await server.all(page), []);
  await page.getByRole('button', {name: 'Power, really?'}).click();
  await server.see('key power');
});

test('on demand the locks of the target follow this keyboard', async () => {
  const page = await console_page();
  const type = (...locks) => page.evaluate(on => {
    const event = new KeyboardEvent('keydown', {code: 'KeyA', bubbles: true, modifierCapsLock: on.includes('caps'), modifierNumLock: on.includes('num')});
    document.getElementById('screen').dispatchEvent(event);
    document.getElementById('screen').dispatchEvent(new KeyboardEvent('keyup', {code: 'KeyA', bubbles: true}));
  }, locks);
  server.tell({leds: []});
  await page.locator('#keyboard:text("ready")').waitFor();
  await type('caps');
  assert.deepEqual(await server.all(page), ['keydown a', 'keyup a']);
  await show(page, 'shortcuts');
  await page.locator('#sync-locks').check();
  await page.keyboard.press('Escape');
  await server.all(page);
  server.clear();
  await type('caps', 'num');
  await type('caps', 'num');  // the lights of the target have not changed yet
  assert.deepEqual(await server.all(page), ['key capslock', 'key numlock', 'keydown a', 'keyup a', 'keydown a', 'keyup a']);
  server.tell({leds: ['caps', 'num']});
  await until(async () => await page.locator('#leds span').count() === 2, 'the lights');
  server.clear();
  await type('caps', 'num');
  await type('num');
  // all() would send a key without locks, which the target would follow.
  await until(() => server.lines.length >= 5, 'all lines');
  assert.deepEqual(server.lines.slice(0, 5), ['keydown a', 'keyup a', 'key capslock', 'keydown a', 'keyup a']);
  server.tell();
});

test('a million characters in one row: the time grows with the length, not with its square', async () => {
  const page = await console_page();
  const {short, long, right} = await page.evaluate(async () => {
    const {lines_for} = await import(new URL('page/text.js', location));
    const shortest = length => Math.min(...[1, 2, 3].map(() => {
      const row = 'a😀é'.repeat(length / 3), from = performance.now();
      lines_for(row, 32);
      return performance.now() - from;
    }));
    const row = 'a😀é'.repeat(1e5), lines = lines_for(row, 32);
    return {short: shortest(240000), long: shortest(1920000),
      right: lines.map(line => line.slice(5)).join('') === row && lines.every(line => [...line].length <= 37)};
  });
  assert.ok(right, 'another text');
  assert.ok(long < 24 * short, `8 times the text took ${long} ms instead of ${short} ms`);
});

test('on-screen keyboards of Japan, Brazil and Korea have their own keys, and those of others do not', async () => {
  const page = await console_page();
  await page.locator('#osk-open').click();
  const layout = page.locator('#osk-layout');
  // Layout → keys and their legends, in the order of the keyboard.
  const own = {us: {}, jp: {grave: '半/全', yen: '|\\', ro: '_\\', muhenkan: '無変換', henkan: '変換', katakanahiragana: 'かな'},
    br: {ro: '?/°'}, kr: {hanja: '한자', hangeul: '한/영'}};
  const extra = {us: 0, jp: 5, br: 1, kr: 2};
  let usual;
  for (const [name, keys] of Object.entries(own)) {
    await layout.selectOption(name);
    await until(async () => (await page.locator('#osk-keys').textContent()).includes(
      {jp: '無変換', br: '?/°', kr: '한/영', us: '~`'}[name]), name);
    for (const [linux, legend] of Object.entries(keys)) {
      server.clear();
      const all = page.locator('#osk-keys button:visible');
      await all.nth(await all.evaluateAll((buttons, text) => buttons.findIndex(button => button.textContent === text), legend)).click();
      await server.see(`keydown ${linux}`, `keyup ${linux}`);
    }
    const count = await page.locator('#osk-keys button:visible').count();
    usual ??= count;
    assert.equal(count, usual + extra[name], name);
    await page.locator('#osk').screenshot({path: `${SHOTS}/osk-${name}.png`});
  }
});

test('a phone: Backspace in the emptied field, words in one piece, signs that phones make smart', async () => {
  const page = await console_page({width: 390, height: 844, touch: true});
  await page.locator('#osk-open').click();
  await page.locator('#osk-layout').selectOption('us');
  const field = page.locator('#osk-text'), devtools = await page.context().newCDPSession(page);
  for (const name of ['autocapitalize', 'autocorrect', 'autocomplete']) assert.equal(await field.getAttribute(name), 'off');
  await field.click();
  // A phone's keyboard deletes by an edit of the text, without a key event.
  const backspace = () => field.evaluate(() => document.execCommand('delete'));
  await backspace();
  await backspace();
  await server.see('key backspace', 'key backspace');
  server.clear();
  for (const text of ['h', 'hel', 'hello']) await devtools.send('Input.imeSetComposition', {text, selectionStart: text.length, selectionEnd: text.length});
  await devtools.send('Input.insertText', {text: 'hello'});
  await server.see('type hello');
  await devtools.send('Input.insertText', {text: ' world'});  // a swipe
  await server.see('type hello', 'type  world');
  server.clear();
  await until(() => field.inputValue().then(left => !left.replace('\u200b', '')), 'an empty field');
  await backspace();
  await server.see('key backspace');
  await devtools.send('Input.insertText', {text: '“it’s” – so…'});
  await server.see('type "it\'s" - so...');
});
