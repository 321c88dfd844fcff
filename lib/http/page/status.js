// How things are, told honestly: the banner, the status line and the last keys.
import {key_label} from './keys.js';
import {$, make} from './play.js';

// What it means when the source is not live.
const TROUBLES = {
  'no-signal': 'No signal: the target may be off, asleep or unplugged.',
  'no-device': 'The capture device is gone: plug it in again.',
  stalled: 'The capture device gives no new pictures.',
  none: 'No pictures reach the server: is kvm-capture running?',
};
const KEYBOARDS = {
  'no-host': ['no USB host', 'No key arrives: the target is off, or its USB cable is not plugged in.'],
  asleep: ['host asleep', 'The target sleeps: keys wake it only where kvm-type has --wake.'],
  'no-device': ['no device', 'No key arrives: there is no USB gadget (kvm-gadget-setup makes it).'],
};
const KEPT = 12;  // keys in the history

// A screen reader says what is new only.
function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

const rate = n => n < 1e6 ? `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} KB/s` : `${(n / 1e6).toFixed(1)} MB/s`;

export function status(link, screen) {
  let captured = '–';    // pictures a second
  let offset = NaN;      // ms to add to our clock for the server's
  let round = Infinity;  // the round trip that told it
  let last = {shown: 0, bytes: 0, at: 0};
  let next = 0;          // when the link is tried again, by performance.now(); 0: it is not down for long
  let takes = false;     // whether the target may be given keys by this page
  let waiting = [];      // keys that the target has yet to take: {number, key}

  for (const [event, act] of Object.entries({state, bare, lost, probe, sent})) link.on(event, act);
  setInterval(tick, 1000);
  for (const event of ['focusin', 'focusout', 'focus', 'blur']) addEventListener(event, () => setTimeout(goes));

  function state({kvm: {title, source, input, viewers, keyboard}, you, source: {captured_fps}}) {
    document.title = title ? `${title} – KVM` : 'KVM';
    say('title', title || 'KVM');
    const may = you.role === 'control';
    const [is, deaf] = KEYBOARDS[keyboard?.state] ?? [keyboard?.state];
    show(source, [TROUBLES[source], may && (input === 'view-only' ? 'Nothing takes the keys: kvm-type is not running.' : deaf)]
      .filter(Boolean).join(' '));
    captured = captured_fps;

    const {other} = link;
    say('role', !may ? 'view only' : other != null ? `viewer ${other} controls` : viewers > 1 ? `${viewers} watch` : '');
    say('take', you.controller ? 'Give up control' : 'Take over');
    $('take').hidden = !may || !(other != null || you.controller && viewers > 1);
    $('logout').hidden = !you.login;
    document.body.classList.toggle('viewer', !may);
    takes = may && input !== 'view-only' && other == null;
    goes();

    say('keyboard', is ? `keyboard: ${is}` : '');
    $('leds').replaceChildren(...(keyboard?.leds ?? []).map(led => make('span', key_label(`${led}lock`))));
    while (keyboard && waiting[0]?.number <= you.taken) {
      const {number, key} = waiting.shift();
      key.className = you.failed.includes(number) ? 'failed' : 'taken';
    }
  }

  // Where keys go: to the target, while the picture has the focus.
  function goes() {
    const there = document.hasFocus() && ['screen', 'osk-text'].includes(document.activeElement.id);
    say('goes', !takes ? '' : there ? 'keys go to the target' : 'keys stay here: click the picture');
    document.body.classList.toggle('stays', takes && !there);
  }

  // Pictures come by plain HTTP, and nothing goes up.
  function bare({result: {kvm: {source}, source: {captured_fps}}}) {
    captured = captured_fps;
    show(source, `${TROUBLES[source] ?? ''} No WebSocket gets through, by a proxy perhaps: pictures only, no keys. Trying again …`, true);
  }

  function show(is, banner, retry) {
    say('source', is === 'none' ? 'no source' : is.replace('-', ' '));
    document.body.dataset.is = is;
    say('why', banner ?? '');
    $('banner').hidden = !banner;
    $('retry').hidden = !retry;
    next = 0;
    count();
  }

  function lost({attempt, wait_ms}) {
    show('reconnecting', attempt < 2 ? 'Connection lost. Reconnecting …' : 'No answer from the server.', true);
    if (attempt > 1) next = performance.now() + wait_ms;
    count();
    // What is not known any more.
    captured = '–';
    for (const id of ['role', 'keyboard', 'leds', 'age']) say(id, '');
    $('take').hidden = true;
    takes = false;
    goes();
    for (const {key} of waiting) key.className = 'failed';
    waiting = [];
  }

  function count() {
    const s = Math.ceil((next - performance.now()) / 1000);
    say('next', !next ? '' : s > 0 ? `Next try in ${s} s.` : 'Trying …');
  }

  // The server's clock, by the quickest answer.
  function probe({now_us, asked, answered}) {
    if (answered - asked <= round) {
      round = answered - asked;
      offset = now_us / 1000 - (asked + answered) / 2;
    }
    round += 1;  // clocks drift: what was measured gives way
  }

  function tick() {
    count();
    const {shown, bytes, time_us, shown_ms, width, height, tiles, trouble} = screen;
    const at = performance.now(), s = (at - last.at) / 1000;
    const age = shown_ms + offset - time_us / 1000;
    say('size', width ? `${width}×${height}` : '');
    say('fps', `${captured} / ${tiles ? Math.round((shown - last.shown) / s) : '–'} fps`);
    say('age', document.body.dataset.is === 'live' && time_us && age > -1000 ? `${Math.max(0, Math.round(age))} ms behind` : '');
    say('rate', tiles ? rate((bytes - last.bytes) / s) : trouble || 'MJPEG');
    last = {shown, bytes, at};
  }

  // Keys that go down, buttons and texts enter the history; the rest only counts.
  function sent(lines) {
    lines.forEach((line, i) => {
      const [verb, what] = line.split(' ');
      const label = {key: what, keydown: key_label(what ?? ' '), type: 'text', buttondown: `${what} button`,
        click: `${what} button`}[verb];
      if (!label) return;
      const key = make('li', label);
      $('history').append(key);
      if ($('history').children.length > KEPT) $('history').firstChild.remove();
      waiting.push({number: link.number + i + 1, key});
    });
  }
}
