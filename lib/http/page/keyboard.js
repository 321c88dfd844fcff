// The physical keyboard: each key that goes down or up here goes down or up on the target. Keys are
// identified by their position, not by their legend.
import {key_name, MODIFIERS} from './keys.js';
import {close_panel, platform} from './play.js';

const {mac, windows} = platform;
const ALTGR_MS = 50;
const AWAY_MS = 2000;

// The modifiers whose state events report. NAMES: our name of a modifier → its name in events.
const REPORTED = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'];
const NAMES = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};

// Keys whose up event Windows does not send, or sends for another press. The key left of 1 on a
// Japanese keyboard is such a key, too, but on other keyboards the same key is not.
const NEVER_RISE = ['capslock', 'katakanahiragana', 'henkan', 'muhenkan', 'hangeul', 'hanja', 'katakana', 'hiragana',
  'zenkakuhankaku'];
const WIDTH_KEY = /^(Zenkaku|Hankaku|ZenkakuHankaku)$/;

const HIDDEN = 'This browser hides Shift, Alt and AltGr from the page, and reports keys as if the keyboard were a US keyboard ' +
  '(Firefox: privacy.resistFingerprinting). Use the text field of the on-screen keyboard, or exempt this page from it.';

// Ctrl+Alt+Home, or Ctrl+Alt+Shift pressed and released without another key, calls `leave`, which
// moves the focus to the tools. `tell` shows a message to the user.
export function keyboard(link, element, leave, tell) {
  // The keys that are down: our name → the browser's name. If this machine remaps a key, the
  // browser gives it the name of another key.
  const pressed = new Map();
  const implied = new Set();  // modifiers pressed because the event of another key showed them
  const shown = new Set();    // modifiers that some event has reported as down
  let away = -Infinity;  // when a key last went down for which some browsers leave the page, whatever the page says
  let phantom;       // Windows: a ControlLeft that may come from an AltGr
  let shift_known;   // a Shift key has sent an event
  let mixed;         // a key that is no modifier went down since any modifier did

  element.onkeydown = event => {
    const home = event.code === 'Home' && event.ctrlKey && event.altKey;
    if (!home && !(event.code === 'Escape' && close_panel())) return on(event, true);
    event.preventDefault();
    if (home) leave();
  };
  element.onkeyup = event => {
    const leaving = !mixed && [...pressed.values()].sort().join() === 'Alt,Control,Shift';
    on(event, false);
    if (leaving) leave();
  };
  element.onblur = () => link.release();
  // Makes the browser ask before it closes or leaves the page while a key is down. The key was
  // probably meant for the target: the W of Ctrl+W or Command+W, or a key named Back.
  addEventListener('beforeunload', event =>
    (link.held.size || performance.now() - away < AWAY_MS) && event.preventDefault());
  link.on('released', () => {
    for (const keys of [pressed, implied]) keys.clear();
    settle(false);
  });

  function on(event, down) {
    const key = key_name(event.code) ?? key_name(event.key);
    if (!key) return;
    event.preventDefault();
    if (/^(Browser|Launch)/.test(event.code || event.key)) away = performance.now();
    if (event.repeat) return;  // the target repeats by itself
    const modifier = MODIFIERS.includes(key);
    for (const state of REPORTED) if (event.getModifierState(state)) shown.add(state);
    if (event.key === 'Shift') shift_known = true;
    settle(!(down && key === 'rightalt' && event.timeStamp - phantom?.since < ALTGR_MS));
    release_missed(event, key);
    if (windows && down && key === 'leftctrl') {
      phantom = {since: event.timeStamp, timer: setTimeout(settle, ALTGR_MS, true)};
      return;
    }
    if (down && !modifier) press_missed(event);
    act(event, key, down);
    mixed = pressed.size && (mixed || !modifier);
    if (!down && ![...pressed.keys()].some(held => !MODIFIERS.includes(held))) lift(...implied);
  }

  // For a press of CapsLock a Mac sends a single event, down or up. While Command is down, it sends
  // no up events of other keys. For PrintScreen, Windows sends only the up event.
  function act(event, key, down) {
    const never_rises = mac ? down && event.metaKey && !MODIFIERS.includes(key)
      : windows && (NEVER_RISE.includes(key) || WIDTH_KEY.test(event.key));
    if (mac && key === 'capslock' || down && never_rises || windows && !down && key === 'sysrq' && !pressed.has(key))
      link.send(`keydown ${key}`, `keyup ${key}`);
    else if (down) press(key, event.key);
    else lift(...mac && key.endsWith('meta') ? pressed.keys() : [key]);
  }

  function press(key, called) {
    if (link.send(`keydown ${key}`)) pressed.set(key, called);
  }

  function lift(...keys) {
    link.send(...keys.filter(key => pressed.delete(key)).map(key => `keyup ${key}`));
    for (const key of keys) implied.delete(key);
  }

  // Decides about the waiting ControlLeft: the user pressed it (`real`), or it belongs to an AltGr.
  function settle(real) {
    if (!phantom) return;
    clearTimeout(phantom.timer);
    phantom = null;
    if (real) press('leftctrl', 'Control');
  }

  // Releases modifiers for which the browser never sent an up event, for example Alt after Alt+Tab
  // to another window, or the second of two Shift keys on Windows. A remapped key keeps the name
  // that it had when it went down. A key whose state events do not report stays down: one whose
  // name is not in REPORTED, and AltGr in WebKitGTK.
  function release_missed(event, key) {
    lift(...MODIFIERS.filter(held => {
      const name = held.replace(/left|right/, ''), called = pressed.get(held);
      return !key.endsWith(name) && shown.has(called) &&
        ![called, NAMES[name]].some(state => event.getModifierState(state));
    }));
  }

  // Presses modifiers that are down according to the event of another key, but sent no event of
  // their own: the browser hides them, or they went down before the page had the focus. On Windows,
  // AltGr reports itself as Ctrl and Alt, too.
  function press_missed(event) {
    const altgr = pressed.has('rightalt') || event.getModifierState('AltGraph');
    for (const [name, state] of Object.entries(NAMES)) {
      if (!event.getModifierState(state) || [...pressed.values()].includes(state)) continue;
      if (altgr && ['ctrl', 'alt'].includes(name)) continue;
      press(`left${name}`, state);
      implied.add(`left${name}`);
      if (name === 'shift' && !shift_known) tell(HIDDEN);
      shift_known ||= name === 'shift';
    }
  }
}
