// Action lines one after another, for texts, scripts and shortcuts; and what every panel wants.

import {note} from './link.js';

export const $ = id => document.getElementById(id);
export const make = (tag, ...inside) => {
  const element = document.createElement(tag);
  element.append(...inside);
  return element;
};

// Keys go to the target again where nothing has the focus, or a panel that went away.
export function back_to_picture(panel) {
  const at = document.activeElement;
  if (at === document.body || panel?.contains(at)) $('screen').focus({preventScroll: true});
}

// Closes the panel that is open, if one is: whether there was.
export function put_away() {
  const panel = document.querySelector('section:popover-open');
  panel?.hidePopover();
  return Boolean(panel);
}

const pause = (ms, signal) => new Promise(done => {
  if (signal.aborted) done();
  setTimeout(done, ms);
  signal.addEventListener('abort', done);
});

// Whether the panel that `element` is in sends something: its button in the bar shows it.
export function sending(element, yes) {
  const {id} = element.closest('section');
  document.querySelector(`[popovertarget=${id}]`).classList.toggle('sending', yes);
}

const SILENT = /^(sleep +(\d+)|#|$)/;  // what stays here

// Sends `lines`, resting at each `sleep MS`, with at most `ahead` of them on their way to the target.
// `progress` is told how many it took (were sent, where nobody tells). False: stopped. Throws at the
// first line that is refused, the one `at` in the error; `went` tells how many were sent on.
export async function play(link, lines, {signal, progress, ahead = 12} = {}) {
  const cut = new AbortController(), over = cut.signal;
  const places = new Map();  // the link's number of a line → its place here
  const held = new Map();    // by these lines
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
  link.on('lost', () => fail(done, 'the link broke'), {signal: over});
  while (i < lines.length && !over.aborted) {
    const [silent, , ms] = SILENT.exec(lines[i]) ?? [], room = ahead - link.behind, batch = [];
    if (silent !== undefined) i++;
    else while (batch.length < room && i < lines.length && !SILENT.test(lines[i])) {
      batch.push(lines[i]);
      note(held, lines[i]);
      places.set(link.number + batch.length, i++);
    }
    // One message: with a line that is refused go all that follow in it.
    if (batch.length && !link.send(...batch))
      fail(i - batch.length, link.open ? 'somebody else controls' : 'no link');
    tell();
    const typed = link.told ? '' : batch.filter(line => /^type/.test(line)).join('');
    await pause(Number(ms ?? (room > 0 ? 10 * typed.length : 50)), over);
  }
  while (link.behind && !over.aborted) {
    await pause(50, over);
    tell();
  }
  cut.abort();
  link.send(...[...held].filter(([what]) => link.held.has(what)).map(([, undo]) => undo));
  if (wrong) throw wrong;
  if (signal?.aborted) progress?.(i);  // what was sent will be typed
  return !signal?.aborted;
}

// Plays for a panel with the buttons `go` and `stop`, and says how it went: all, or how `far`. Says
// `where`, if it was not the person that stopped it.
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
      say(all ? played : `Stopped: ${far(done)} went.`);
    } catch ({at, went, message}) {
      say(`${where(at)}: ${message}; ${far(went)} went.`);
    }
    go.disabled = !(stop.disabled = true);
    sending(go, false);
    back_to_picture();
    return all;
  };
}

// What this browser keeps for the person.
export function kept(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(`kvm.${name}`)) ?? otherwise; } catch { return otherwise; }
}
export function keep(name, value) {
  try { localStorage.setItem(`kvm.${name}`, JSON.stringify(value)); } catch { /* a private window */ }
}

// Hands the person a file.
export function download(name, parts, type) {
  const a = make('a');
  a.href = URL.createObjectURL(new Blob(parts, {type}));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60000);
}
