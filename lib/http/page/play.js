// Plays action lines one after another, for texts, scripts and shortcuts. Also has helpers that all
// panels use.

import {note} from './link.js';

export const $ = id => document.getElementById(id);
export const make = (tag, ...inside) => {
  const element = document.createElement(tag);
  element.append(...inside);
  return element;
};

const system = navigator.userAgentData?.platform || navigator.platform;
export const platform = {mac: /^(mac|ip)/i.test(system), windows: /^win/i.test(system)};

// Moves the focus to the picture, so that keys go to the target again, unless the focus is on an
// element outside of the closed `panel`.
export function back_to_picture(panel) {
  const at = document.activeElement;
  if (at === document.body || panel?.contains(at)) $('screen').focus({preventScroll: true});
}

// Closes the open panel. Returns whether there was one.
export function close_panel() {
  const panel = document.querySelector('section:popover-open');
  panel?.hidePopover();
  return Boolean(panel);
}

const pause = (ms, signal) => new Promise(done => {
  const timer = setTimeout(end, signal.aborted ? 0 : ms);
  signal.addEventListener('abort', end);
  function end() {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    done();
  }
});

// Marks the panel of `element` as sending or not, on the panel's button in the bar.
export function sending(element, yes) {
  const {id} = element.closest('section');
  document.querySelector(`[popovertarget=${id}]`).classList.toggle('sending', yes);
}

const SILENT = /^(sleep +(\d+)|#|$)/;  // lines that are not sent

// Sends `lines`, pausing at each `sleep MS`, with at most `ahead` lines on their way to the target.
// Calls `progress` with the number of lines that the target took; if the server does not report
// that, with the number of lines sent. Returns false if stopped. Throws at the first line that is
// refused: in the error, `at` is the index of that line and `went` the number of lines that went to
// the target.
export async function play(link, lines, {signal, progress, ahead = 12} = {}) {
  const cut = new AbortController(), over = cut.signal;
  const places = new Map();  // the link's number of a line → its index in `lines`
  const held = new Map();    // keys and buttons that these lines hold down
  let i = 0, done = 0, wrong;
  const fail = (at, why, went = at) => {
    wrong ??= Object.assign(new Error(why), {at, went});
    cut.abort();
  };
  const refused = (number, why, went) => places.has(number) && fail(places.get(number), why, went);
  const tell = () => progress?.(done = Math.max(done, i - link.behind));
  signal?.addEventListener('abort', () => cut.abort());
  link.on('error', ({line, why}) => refused(line, why), {signal: over});
  link.on('state', ({you}) => you.failed.forEach(number => refused(number, 'the target did not take it', i)), {signal: over});
  link.on('lost', () => fail(done, 'the connection was lost'), {signal: over});
  while (i < lines.length && !over.aborted) {
    const [silent, , ms] = SILENT.exec(lines[i]) ?? [], room = ahead - link.behind, batch = [];
    if (silent !== undefined) i++;
    else while (batch.length < room && i < lines.length && !SILENT.test(lines[i])) {
      batch.push(lines[i]);
      note(held, lines[i]);
      places.set(link.number + batch.length, i++);
    }
    // The batch is one message. If the server refuses a line, it drops the rest of the message.
    if (batch.length && !link.send(...batch))
      fail(i - batch.length, link.open ? 'somebody else has control' : 'there is no connection');
    tell();
    const typed = link.has_receipts ? '' : batch.filter(line => /^type/.test(line)).join('');
    await pause(Number(ms ?? (room > 0 ? 10 * typed.length : 50)), over);
  }
  while (link.behind && !over.aborted) {
    await pause(50, over);
    tell();
  }
  cut.abort();
  link.send(...[...held].filter(([key]) => link.held.has(key)).map(([, undo]) => undo));
  if (wrong) throw wrong;
  if (signal?.aborted) progress?.(i);  // the target will still type the lines that were sent
  return !signal?.aborted;
}

// Returns a function that plays lines for a panel with the buttons `go` and `stop`. At the end it
// says `played` if all lines went, otherwise how `far` it came, and after a failure also `where`.
export function player(link, go, stop, say) {
  let cut;
  stop.onclick = () => cut.abort();
  return async (lines, {far, where, progress, ahead}, played) => {
    let done = 0, all = false;
    cut = new AbortController();
    go.disabled = !(stop.disabled = false);
    sending(go, true);
    say('');
    try {
      all = await play(link, lines, {signal: cut.signal, ahead, progress: now => progress(done = now)});
      say(all ? played : `Stopped after ${far(done)}.`);
    } catch ({at, went, message}) {
      say(`${where(at)}: ${message}. ${far(went)} were sent.`);
    }
    go.disabled = !(stop.disabled = true);
    sending(go, false);
    back_to_picture();
    return all;
  };
}

// Settings that this browser keeps.
export function kept(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(`kvm.${name}`)) ?? otherwise; } catch { return otherwise; }
}
export function keep(name, value) {
  try { localStorage.setItem(`kvm.${name}`, JSON.stringify(value)); } catch { /* a private window */ }
}

// Saves a file on the viewer's machine.
export function download(name, parts, type) {
  const a = make('a');
  a.href = URL.createObjectURL(new Blob(parts, {type}));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60000);
}
