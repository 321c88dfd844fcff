// The physical keyboard: what goes down and up here goes down and up there, by position.
import {key_name, MODIFIERS} from './keys.js';
import {put_away} from './play.js';

const platform = navigator.userAgentData?.platform || navigator.platform;
const mac = /^(mac|ip)/i.test(platform), windows = /^win/i.test(platform);
const ALTGR_MS = 50;

// The modifiers that an event tells of; what those are called whose names we have.
const TOLD = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'];
const NAMES = {shift: 'Shift', ctrl: 'Control', alt: 'Alt', meta: 'Meta'};

// `leave` is called when Ctrl+Alt+Home asks for the tools.
export function keyboard(link, element, leave) {
  const pressed = new Map();  // key → what the browser called it: it may be remapped here
  let phantom;  // Windows: a ControlLeft that may be the shadow of an AltGr

  element.onkeydown = event => {
    const asks = event.code === 'Home' && event.ctrlKey && event.altKey;
    if (!asks && !(event.code === 'Escape' && put_away())) return on(event, true);
    event.preventDefault();
    if (asks) leave();
  };
  element.onkeyup = event => on(event, false);
  element.onblur = () => link.release();
  // Ctrl+W was meant for the target.
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
    // A Mac tells of CapsLock by halves, and of no key's rise while Command is down; Windows tells
    // of PrintScreen only as it rises.
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

  // What became of the waiting ControlLeft: a key of its own, or AltGr's shadow.
  function settle(real) {
    if (!phantom) return;
    clearTimeout(phantom.timer);
    phantom = null;
    if (real) press('leftctrl', 'Control');
  }

  // Lets go of modifiers whose rise was never told (Alt+Tab away, the second Shift on Windows). Where
  // keys are remapped, one is down under the name that it had, or is none of which events tell.
  function agree(event, key) {
    lift(...MODIFIERS.filter(held => {
      const name = held.replace(/left|right/, ''), called = pressed.get(held);
      return !key.endsWith(name) && TOLD.includes(called) &&
        ![called, NAMES[name]].some(state => event.getModifierState(state));
    }));
  }
}
