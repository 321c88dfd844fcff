// Action lines one after another, for texts, scripts and shortcuts; and what every panel wants.

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
  setTimeout(done, ms);
  signal?.addEventListener('abort', done);
});

// Sends `lines`, resting at each `sleep MS` and while the target has more than `ahead` of them to
// take. `progress` is told how many it took (were sent, where nobody tells). False: stopped.
export async function play(link, lines, {signal, progress, ahead = 12} = {}) {
  for (let i = 0; i < lines.length && !signal?.aborted; i++) {
    const [, ms] = /^sleep +(\d+)/.exec(lines[i]) ?? [];
    if (ms) await pause(Number(ms), signal);
    else if (!link.send(lines[i])) throw new Error('no link, or somebody else controls');
    else if (!link.told && /^type/.test(lines[i])) await pause(10 * lines[i].length, signal);
    const most = i + 1 < lines.length ? ahead : 0;
    do progress?.(i + 1 - link.behind);
    while (link.behind > most && !signal?.aborted && !await pause(50, signal));
  }
  link.release();
  return !signal?.aborted;
}

// Plays for a panel with the buttons `go` and `stop`, and says how it went: all, or not.
export function player(link, go, stop, say) {
  let cut;
  stop.onclick = () => cut.abort();
  return async (lines, options, played) => {
    cut = new AbortController();
    go.disabled = !(stop.disabled = false);
    let all = false;
    try {
      all = await play(link, lines, {signal: cut.signal, ...options});
      say(all ? played : 'Stopped.');
    } catch (error) {
      say(`Not all went: ${error.message}.`);
    }
    go.disabled = !(stop.disabled = true);
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
