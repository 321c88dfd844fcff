// The physical keyboard: down and up by position, and nothing left down.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {console_page, serve, server, show, until} from './pipe.mjs';

serve();

// Dispatches key events as another platform makes them: [type, code, properties]; the property `at`
// is the time stamp in ms.
const events = (page, list) => page.evaluate(all => {
  for (const [type, code, more = {}] of all) {
    const event = new KeyboardEvent(type, {code, bubbles: true, cancelable: true, ...more});
    if (more.at !== undefined) Object.defineProperty(event, 'timeStamp', {value: more.at});
    document.activeElement.dispatchEvent(event);
  }
}, list);
const platform = name => `Object.defineProperty(navigator, 'platform', {get: () => '${name}'});
  Object.defineProperty(navigator, 'userAgentData', {get: () => undefined});`;

test('left and right modifiers are told apart, letters go by position', async () => {
  const page = await console_page();
  for (const key of ['ShiftLeft', 'ShiftRight', 'ControlLeft', 'ControlRight', 'AltLeft', 'AltRight', 'MetaLeft',
    'KeyQ', 'Digit1', 'BracketLeft', 'F12', 'NumpadEnter', 'ArrowUp', 'PageDown'])
    await page.keyboard.press(key);
  await server.see(...['leftshift', 'rightshift', 'leftctrl', 'rightctrl', 'leftalt', 'rightalt', 'leftmeta', 'q', '1',
    'leftbrace', 'f12', 'kpenter', 'up', 'pagedown'].flatMap(key => [`keydown ${key}`, `keyup ${key}`]));
});

test('every code that Linux has a key for has its name', async () => {
  const page = await console_page();
  const codes = `Escape IntlBackslash F1 F24 Backquote Digit0 KeyA KeyZ Minus Equal Backspace Tab BracketRight Backslash CapsLock
    Semicolon Quote Enter IntlRo IntlYen Comma Period Slash Space ContextMenu PrintScreen ScrollLock Pause Insert Home
    PageUp Delete End ArrowLeft NumLock NumpadDivide NumpadMultiply NumpadSubtract NumpadAdd Numpad0 NumpadDecimal
    NumpadEqual NumpadComma KanaMode Convert NonConvert Lang1 Lang2 Lang3 Lang4 Lang5 Power Help Undo Again Cut Copy
    Paste Find Props Open AudioVolumeMute AudioVolumeUp AudioVolumeDown`.split(/\s+/);
  await events(page, codes.flatMap(code => [['keydown', code], ['keyup', code]]));
  // The server refuses a name that it does not know.
  await until(() => server.lines.length >= 2 * codes.length, 'all the keys');
  assert.equal(await page.locator('#toast').isVisible(), false);
});

test('repeat is left to the target', async () => {
  const page = await console_page();
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.up('a');
  assert.deepEqual(await server.all(page), ['keydown a', 'keyup a']);
});

test('losing the focus lets go of everything, also of the mouse', async () => {
  const page = await console_page();
  await page.mouse.move(600, 400);
  await page.mouse.down();
  await page.keyboard.down('ControlLeft');
  await page.keyboard.down('x');
  await server.see('keydown x');
  await page.evaluate(() => window.dispatchEvent(new Event('blur')));
  await server.see('keydown x', 'buttonup left');
  await server.see('keydown x', 'keyup x');
  await server.see('keydown x', 'keyup leftctrl');
});

test('a hidden tab lets go', async () => {
  const page = await console_page();
  await page.keyboard.down('w');
  await server.see('keydown w');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', {get: () => true});
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await server.see('keyup w');
});

test('closing the page lets go', async () => {
  const page = await console_page();
  await page.keyboard.down('w');
  await server.see('keydown w');
  await page.close();
  // Sent by the page, or by the server if the browser gives the page no time.
  await server.see(/^keyup (w|k:17)$/);
});

test('Ctrl+W asks before it closes the page; without a key nothing does', async () => {
  const page = await console_page();
  await page.keyboard.down('ControlLeft');
  await server.see('keydown leftctrl');
  const asked = page.waitForEvent('dialog');
  await page.close({runBeforeUnload: true});
  const dialog = await asked;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  await page.keyboard.up('ControlLeft');
  await server.see('keyup leftctrl');
  const closed = page.waitForEvent('close');
  await page.close({runBeforeUnload: true});
  await closed;
});

test('a held key is kept down by a beat, and comes up while the page hangs', async () => {
  const page = await console_page({before: `
    const send = WebSocket.prototype.send;
    window.beats = 0;
    WebSocket.prototype.send = function (text) {
      window.beats += text.includes('beat');
      send.call(this, text); };`});
  await page.keyboard.down('h');
  await page.waitForFunction(() => window.beats > 5);
  const devtools = await page.context().newCDPSession(page);
  const hung = new Promise(done => devtools.once('Debugger.paused', done));
  await devtools.send('Debugger.enable');
  await devtools.send('Debugger.pause');
  await hung;
  await server.see('keydown h', 'keyup k:35');
  await devtools.send('Debugger.resume');
  await page.keyboard.up('h');
  await page.waitForFunction(() => { const was = window.beats; return new Promise(done => setTimeout(() => done(window.beats === was), 400)); });
});

test('Ctrl+Alt+Home leads to the tools and leaves no key down', async () => {
  const page = await console_page();
  for (const key of ['ControlLeft', 'AltLeft', 'Home']) await page.keyboard.down(key);
  await server.see('keyup leftctrl');
  await server.see('keyup leftalt');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'osk-open');
  assert.ok(!server.lines.includes('keydown home'));
});

test('Windows: AltGr comes without its phantom Ctrl, a true Ctrl comes through', async () => {
  const page = await console_page({before: platform('Win32')});
  await events(page, [['keydown', 'ControlLeft', {ctrlKey: true, at: 100}], ['keydown', 'AltRight', {ctrlKey: true, altKey: true, at: 101}],
    ['keydown', 'KeyQ', {ctrlKey: true, altKey: true, at: 150}], ['keyup', 'KeyQ', {ctrlKey: true, altKey: true, at: 200}],
    ['keyup', 'ControlLeft', {at: 250}], ['keyup', 'AltRight', {at: 251}]]);
  await server.see('keydown rightalt', 'keydown q', 'keyup q', 'keyup rightalt');
  assert.ok(!server.lines.includes('keydown leftctrl'));
  server.clear();
  await events(page, [['keydown', 'ControlLeft', {ctrlKey: true, at: 1000}], ['keydown', 'KeyC', {ctrlKey: true, at: 1010}],
    ['keyup', 'KeyC', {ctrlKey: true, at: 1020}], ['keyup', 'ControlLeft', {at: 1030}], ['keydown', 'ControlLeft', {ctrlKey: true, at: 1100}]]);
  await server.see('keydown leftctrl', 'keydown c', 'keyup c', 'keyup leftctrl', 'keydown leftctrl');
});

test('Windows: PrintScreen, of which only the rise is told', async () => {
  const page = await console_page({before: platform('Win32')});
  await events(page, [['keyup', 'PrintScreen']]);
  await server.see('keydown sysrq', 'keyup sysrq');
});

test('Mac: keys under Command come up, CapsLock is a stroke each time', async () => {
  const page = await console_page({before: platform('MacIntel')});
  await events(page, [['keydown', 'KeyA'], ['keydown', 'MetaLeft', {metaKey: true}], ['keydown', 'KeyC', {metaKey: true}], ['keyup', 'MetaLeft']]);
  await server.see('keydown a', 'keydown leftmeta', 'keydown c', 'keyup c', 'keyup leftmeta');
  assert.ok(server.lines.includes('keyup a'));
  server.clear();
  await events(page, [['keydown', 'CapsLock'], ['keyup', 'CapsLock']]);
  await server.see('keydown capslock', 'keyup capslock', 'keydown capslock', 'keyup capslock');
});

test('a key named Home is for the target; a browser that leaves at it all the same asks first', async () => {
  const page = await console_page();
  await page.keyboard.press('a');
  await events(page, [['keydown', 'BrowserHome', {key: 'BrowserHome'}], ['keyup', 'BrowserHome', {key: 'BrowserHome'}]]);
  assert.ok(await page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', {cancelable: true}))));
});

test('Mac: Command+W asks before it closes the page', async () => {
  const page = await console_page({before: platform('MacIntel')});
  await page.keyboard.down('MetaLeft');
  await server.see('keydown leftmeta');
  const asked = page.waitForEvent('dialog');
  await page.close({runBeforeUnload: true});
  await (await asked).dismiss();
  await page.keyboard.up('MetaLeft');
});

test('Windows: keys that never rise are strokes', async () => {
  const page = await console_page({before: platform('Win32')});
  for (const [code, to, key = ''] of [['KanaMode', 'katakanahiragana'], ['Convert', 'henkan'], ['NonConvert', 'muhenkan'],
    ['Lang1', 'hangeul'], ['Lang2', 'hanja'], ['Lang3', 'katakana'], ['Lang4', 'hiragana'], ['Lang5', 'zenkakuhankaku'],
    ['CapsLock', 'capslock'], ['Backquote', 'grave', 'Zenkaku'], ['Backquote', 'grave', 'Hankaku']]) {
    server.clear();
    await events(page, [['keydown', code, {key}], ['keydown', code, {key, repeat: true}]]);
    assert.deepEqual(await server.all(page), [`keydown ${to}`, `keyup ${to}`], code);
    await events(page, [['keyup', code, {key}]]);
    assert.deepEqual(await server.all(page), [`keydown ${to}`, `keyup ${to}`], code);
  }
  server.clear();
  await events(page, [['keydown', 'Backquote', {key: '`'}], ['keyup', 'Backquote', {key: '`'}]]);
  assert.deepEqual(await server.all(page), ['keydown grave', 'keyup grave']);
});

test('modifiers that the browser hides go down with the key, and up after it', async () => {
  const page = await console_page();
  const shift = {key: 'A', shiftKey: true}, ctrl = {key: 'c', ctrlKey: true};
  await events(page, [['keydown', 'KeyA', shift], ['keydown', 'KeyB', shift], ['keyup', 'KeyA', shift], ['keyup', 'KeyB', shift]]);
  assert.deepEqual(await server.all(page), ['keydown leftshift', 'keydown a', 'keydown b', 'keyup a', 'keyup b', 'keyup leftshift']);
  await page.locator('#toast:has-text("resistFingerprinting")').waitFor();
  server.clear();
  await events(page, [['keydown', 'KeyC', ctrl], ['keyup', 'KeyC', ctrl]]);
  assert.deepEqual(await server.all(page), ['keydown leftctrl', 'keydown c', 'keyup c', 'keyup leftctrl']);
});

test('AltGr stays down where events never report its state', async () => {
  const page = await console_page();
  await events(page, [['keydown', 'AltRight', {key: 'AltGraph'}], ['keydown', 'KeyQ', {key: '@'}], ['keyup', 'KeyQ', {key: '@'}],
    ['keyup', 'AltRight', {key: 'AltGraph'}]]);
  assert.deepEqual(await server.all(page), ['keydown rightalt', 'keydown q', 'keyup q', 'keyup rightalt']);
});

test('Ctrl+Alt+Shift alone leads to the tools; with another key it is for the target', async () => {
  const page = await console_page();
  for (const others of [['KeyX'], []]) {
    for (const key of ['ControlLeft', 'AltLeft', 'ShiftLeft', ...others]) await page.keyboard.down(key);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'screen');
    for (const key of [...others, 'ShiftLeft', 'AltLeft', 'ControlLeft']) await page.keyboard.up(key);
    assert.equal(await page.evaluate(() => document.activeElement.id), others.length ? 'screen' : 'osk-open');
  }
  const lines = (await server.all(page)).filter(line => /^key(down|up) left/.test(line));
  assert.equal(lines.length, 12);  // what went down came up
});

test('a modifier whose rise was never told comes up with the next key', async () => {
  const page = await console_page();
  await events(page, [['keydown', 'AltLeft', {key: 'Alt', altKey: true}], ['keydown', 'KeyX', {}], ['keyup', 'KeyX', {}]]);
  await server.see('keydown leftalt', 'keyup leftalt', 'keydown x', 'keyup x');
});

test('modifiers that are remapped here go by position, and stay down', async () => {
  const page = await console_page();
  for (const [code, key, more, to] of [['AltLeft', 'Meta', {metaKey: true}, 'leftalt'], ['ControlLeft', 'Alt', {altKey: true}, 'leftctrl'],
    ['AltRight', 'Compose', {}, 'rightalt'], ['AltRight', 'AltGraph', {modifierAltGraph: true}, 'rightalt']]) {
    server.clear();
    await events(page, [['keydown', code, {key, ...more}], ['keydown', 'KeyC', more], ['keyup', 'KeyC', more], ['keyup', code, {key}]]);
    assert.deepEqual(await server.all(page), [`keydown ${to}`, 'keydown c', 'keyup c', `keyup ${to}`], key);
  }
});

test('dead keys and input methods: the key goes by position, what an input method makes as text', async () => {
  const page = await console_page();
  await events(page, [['keydown', 'BracketLeft', {key: 'Dead'}], ['keyup', 'BracketLeft', {key: 'Dead'}],
    ['keydown', 'KeyN', {key: 'Process', keyCode: 229}], ['keyup', 'KeyN', {key: 'n'}]]);
  await server.see('keydown leftbrace', 'keyup leftbrace', 'keydown n', 'keyup n');
  await page.locator('#osk-open').click();
  await page.locator('#osk-layout').selectOption('fr');
  const field = page.locator('#osk-text');
  await field.focus();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.imeSetComposition', {text: 'é', selectionStart: 1, selectionEnd: 1});
  await devtools.send('Input.insertText', {text: 'été'});
  await server.see('type été');
  await until(() => field.inputValue().then(left => !left.replace('\u200b', '')), 'an empty field');
  await page.keyboard.press('Enter');
  await server.see('key enter');
});

test('full screen locks the keyboard, so that Esc and Alt+Tab reach the target', async () => {
  const page = await console_page({before: `
    navigator.keyboard.lock = async () => { window.locked = true; };`});
  await show(page, 'sight');
  await page.locator('#fullscreen').click();
  await page.waitForFunction(() => window.locked && document.fullscreenElement);
  await page.keyboard.press('Escape');
  await server.see('keydown esc', 'keyup esc');
  await show(page, 'sight');
  await page.getByRole('button', {name: 'Leave full screen'}).click();
  await page.locator('#fullscreen:text-is("Full screen")').waitFor();
  assert.ok(await page.evaluate(() => !document.fullscreenElement));
});

test('typing goes on to the target after a tool was used, and after clicks on what takes no text', async () => {
  const page = await console_page();
  const types = async (code, what) => {
    await page.keyboard.press(code);
    await server.see(`keydown ${code.slice(-1).toLowerCase()}`).catch(error => { throw new Error(`${what}: ${error.message}`); });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'screen', what);
  };
  await show(page, 'shortcuts');
  await page.getByRole('button', {name: 'Ctrl+Alt+Del'}).click();
  await types('KeyA', 'a chord');
  await page.keyboard.press('Escape');  // puts the panel away, and is not for the target
  await page.locator('#shortcuts').waitFor({state: 'hidden'});
  await types('KeyB', 'Esc');
  await page.locator('#title').click();
  await types('KeyC', 'the title');
  await page.locator('#status').click();
  await types('KeyD', 'the status line');
  await page.locator('#view').click({position: {x: 2, y: 2}});
  await types('KeyE', 'beside the picture');
  await show(page, 'text');
  await page.locator('#paste').fill('ls');
  await page.locator('#text-go').click();
  await page.locator('#text-said:text("Typed 2")').waitFor();
  await types('KeyF', 'a text');
  await page.locator('#paste').click();
  await page.locator('#title').click();  // the panel goes, and with it what had the focus
  await page.locator('#text').waitFor({state: 'hidden'});
  await page.locator('#screen:focus').waitFor();
  await types('KeyG', 'a panel that was left');
  assert.ok(!(await server.all(page)).includes('keydown esc'));
});
