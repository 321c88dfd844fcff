// The physical keyboard: each key that goes down or up here goes down or up on the target. Keys are
// identified by their position, not by their legend.
import {key_name, MODIFIERS} from './keys.js';
import {close_panel} from './play.js';

const platform = navigator.userAgentData?.platform || navigator.platform;
const mac = /^(mac|ip)/i.test(platform), windows = /^win/i.test(platform);
const ALTGR_MS = 50;

// The modifiers whose state events report. NAMES: our name of a modifier → its name in events.
const REPORTED = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'];
const NAMES = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};

// Ctrl+Alt+Home calls `leave`, which moves the focus to the tools.
export function keyboard(link, element, leave) {
  // The keys that are down: our name → the browser's name. If this machine remaps a key, the
  // browser gives it the name of another key.
  const pressed = new Map();
  let phantom;  // Windows: a ControlLeft that may come from an AltGr

  element.onkeydown = event => {
    const leaving = event.code === 'Home' && event.ctrlKey && event.altKey;
    if (!leaving && !(event.code === 'Escape' && close_panel())) return on(event, true);
    event.preventDefault();
    if (leaving) leave();
  };
  element.onkeyup = event => on(event, false);
  element.onblur = () => link.release();
  // Makes the browser ask before it closes the page while Ctrl is down: a Ctrl+W was probably meant
  // for the target.
  addEventListener('beforeunload', event => ['leftctrl', 'rightctrl'].some(link.holds) && event.preventDefault());
  link.on('released', () => {
    pressed.clear();
    settle(false);
  });

  function on(event, down) {
    const key = key_name(event.code);
    if (!key) return;
    event.preventDefault();
    if (event.repeat) return;  // the target repeats by itself
    settle(!(down && key === 'rightalt' && event.timeStamp - phantom?.since < ALTGR_MS));
    release_missed(event, key);
    if (windows && down && key === 'leftctrl') {
      phantom = {since: event.timeStamp, timer: setTimeout(settle, ALTGR_MS, true)};
      return;
    }
    // For a press of CapsLock a Mac sends a single event, down or up. While Command is down, it
    // sends no up events of other keys. For PrintScreen, Windows sends only the up event.
    if ((mac && (key === 'capslock' || (down && event.metaKey && !MODIFIERS.includes(key)))) ||
        (windows && !down && key === 'sysrq' && !pressed.has(key)))
      link.send(`keydown ${key}`, `keyup ${key}`);
    else if (down) press(key, event.key);
    else lift(...mac && key.endsWith('meta') ? pressed.keys() : [key]);
  }

  function press(key, called) {
    if (link.send(`keydown ${key}`)) pressed.set(key, called);
  }

  function lift(...keys) {
    link.send(...keys.filter(key => pressed.delete(key)).map(key => `keyup ${key}`));
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
  // that it had when it went down. A key whose name is not in REPORTED stays down, because events
  // do not report its state.
  function release_missed(event, key) {
    lift(...MODIFIERS.filter(held => {
      const name = held.replace(/left|right/, ''), called = pressed.get(held);
      return !key.endsWith(name) && REPORTED.includes(called) &&
        ![called, NAMES[name]].some(state => event.getModifierState(state));
    }));
  }
}
