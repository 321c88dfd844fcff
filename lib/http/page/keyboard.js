// The physical keyboard: each key that goes down or up here, by its position, goes down or up on the target.
import {key_name, MODIFIERS} from './keys.js';
import {put_away} from './play.js';

const platform = navigator.userAgentData?.platform || navigator.platform;
const mac = /^(mac|ip)/i.test(platform), windows = /^win/i.test(platform);
const ALTGR_MS = 50;

// The modifiers whose state an event tells, and their names for those of our keys.
const TOLD = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'];
const NAMES = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};

// Ctrl+Alt+Home calls `leave`, which moves the focus to the tools.
export function keyboard(link, element, leave) {
  const pressed = new Map();  // key → the browser's name of it, which differs if keys are remapped here
  let phantom;  // Windows: a ControlLeft that may come from an AltGr

  element.onkeydown = event => {
    const asks = event.code === 'Home' && event.ctrlKey && event.altKey;
    if (!asks && !(event.code === 'Escape' && put_away())) return on(event, true);
    event.preventDefault();
    if (asks) leave();
  };
  element.onkeyup = event => on(event, false);
  element.onblur = () => link.release();
  // The person meant Ctrl+W for the target.
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
    agree(event, key);
    if (windows && down && key === 'leftctrl') {
      phantom = {since: event.timeStamp, timer: setTimeout(settle, ALTGR_MS, true)};
      return;
    }
    // A Mac sends only a down or only an up event for CapsLock, and no up events of other keys while
    // Command is down. Windows sends only the up event of PrintScreen.
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

  // Decides about the waiting ControlLeft: the person pressed it (`real`), or it belongs to an AltGr.
  function settle(real) {
    if (!phantom) return;
    clearTimeout(phantom.timer);
    phantom = null;
    if (real) press('leftctrl', 'Control');
  }

  // Releases modifiers of which the browser never sent an up event (Alt+Tab away, the second Shift on
  // Windows). A remapped key keeps the name that it had when it went down; a key without a name in
  // TOLD is left alone, because events do not tell its state.
  function agree(event, key) {
    lift(...MODIFIERS.filter(held => {
      const name = held.replace(/left|right/, ''), called = pressed.get(held);
      return !key.endsWith(name) && TOLD.includes(called) &&
        ![called, NAMES[name]].some(state => event.getModifierState(state));
    }));
  }
}
