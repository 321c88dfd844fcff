// Shows the state of the KVM: the banner, the status line and the last keys.
import {key_label} from './keys.js';
import {$, make} from './play.js';

// The banner for each state of the source except live.
const TROUBLES = {
  'no-signal': 'No HDMI signal: the target may be off, asleep or unplugged.',
  'no-device': 'The capture device is gone. Plug it in again.',
  stalled: 'The capture device sends no new pictures.',
  none: 'No pictures reach the server. Is kvm-capture running?',
};
// The text in the status line and the banner for each state of the keyboard except ready.
const KEYBOARDS = {
  'no-host': ['no USB host', 'Keys cannot reach the target: it is off, or its USB cable is unplugged.'],
  asleep: ['host asleep', 'The target is asleep. Keys wake it only if kvm-type runs with --wake.'],
  'no-device': ['no device', 'Keys cannot reach the target: this machine has no USB gadget yet. Run kvm-gadget-setup up.'],
};
const KEPT = 12;  // keys in the history

// Sets a text only if it changed, because a screen reader reads out each change.
function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

const rate = n => n < 1e6 ? `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} KB/s` : `${(n / 1e6).toFixed(1)} MB/s`;

export function status(link, screen) {
  let captured = '–';    // pictures a second
  let offset = NaN;      // ms from our clock to the server's
  let round = Infinity;  // round trip of the request that measured the offset, ms
  let last = {shown: 0, bytes: 0, at: 0};
  let next = 0;          // when the page connects again, by performance.now(); 0: no countdown
  let takes = false;     // whether the server takes keys from this page
  let waiting = [];      // keys that the target has not taken yet: {number, key}

  for (const [event, act] of Object.entries({state, bare, lost, probe, sent})) link.on(event, act);
  setInterval(tick, 1000);
  for (const event of ['focusin', 'focusout', 'focus', 'blur']) addEventListener(event, () => setTimeout(goes));

  function state({kvm: {title, source, input, viewers, keyboard}, you, source: {captured_fps}}) {
    document.title = title ? `${title} – KVM` : 'KVM';
    say('title', title || 'KVM');
    const may = you.role === 'control';
    const [label, problem] = KEYBOARDS[keyboard?.state] ?? [keyboard?.state];
    show(source, [TROUBLES[source], may && (input === 'view-only' ? 'Keys cannot reach the target: kvm-type is not running.' : problem)]
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

    say('keyboard', label ? `keyboard: ${label}` : '');
    $('leds').replaceChildren(...(keyboard?.leds ?? []).map(led => make('span', key_label(`${led}lock`))));
    while (keyboard && waiting[0]?.number <= you.taken) {
      const {number, key} = waiting.shift();
      key.className = you.failed.includes(number) ? 'failed' : 'taken';
    }
  }

  // Shows where keys go. They go to the target while the picture has the focus.
  function goes() {
    const there = document.hasFocus() && ['screen', 'osk-text'].includes(document.activeElement.id);
    say('goes', !takes ? '' : there ? 'keys go to the target' : 'keys stay here: click the picture');
    document.body.classList.toggle('stays', takes && !there);
  }

  // Without a WebSocket, pictures come over plain HTTP and no keys can be sent.
  function bare({result: {kvm: {source}, source: {captured_fps}}, refusal}) {
    captured = captured_fps;
    const why = refusal ? `The server takes no keys from this page: ${refusal}.`
      : 'No WebSocket connection, perhaps because of a proxy: you can watch, but no keys reach the target.';
    show(source, `${TROUBLES[source] ?? ''} ${why} Trying again …`, true);
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
    show('reconnecting', attempt < 2 ? 'Connection lost. Reconnecting …' : 'The server does not answer.', true);
    if (attempt > 1) next = performance.now() + wait_ms;
    count();
    // Clear everything that is no longer known.
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

  // Computes `offset` from the answer with the shortest round trip, which is the most accurate.
  function probe({now_us, asked, answered}) {
    if (answered - asked <= round) {
      round = answered - asked;
      offset = now_us / 1000 - (asked + answered) / 2;
    }
    round += 1;  // clocks drift: after a while a slower but newer answer may replace this one
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

  // Adds key presses, buttons and texts to the history.
  function sent(lines) {
    lines.forEach((line, i) => {
      const [verb, name] = line.split(' ');
      const label = {key: name, keydown: key_label(name ?? ' '), type: 'text', buttondown: `${name} button`,
        click: `${name} button`}[verb];
      if (!label) return;
      const key = make('li', label);
      $('history').append(key);
      if ($('history').children.length > KEPT) $('history').firstChild.remove();
      waiting.push({number: link.number + i + 1, key});
    });
  }
}
