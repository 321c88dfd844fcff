// The on-screen keyboard: legends of any layout, and sticky modifiers. Works by touch, mouse or
// Tab.
import {key_label, MODIFIERS} from './keys.js';
import {fill_layouts, follow_layout, layout} from './layouts.js';
import {$, make} from './play.js';
import {lines_for, objection, settings} from './text.js';

const BLOCKS = [`esc f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12
grave 1 2 3 4 5 6 7 8 9 0 minus equal backspace
tab q w e r t y u i o p leftbrace rightbrace backslash
capslock a s d f g h j k l semicolon apostrophe enter
leftshift 102nd z x c v b n m comma dot slash rightshift
leftctrl leftmeta leftalt space rightalt rightmeta compose rightctrl`, `sysrq scrolllock pause
insert home pageup
delete end pagedown
numlock up kpenter
left down right`];
const WIDTHS = {backspace: 2, tab: 1.5, backslash: 1.5, capslock: 1.75, enter: 2.25, leftshift: 1.25,
  rightshift: 2.75, space: 6, leftctrl: 1.5, rightctrl: 1.5};

// Calls `tell` with messages for the user.
export function on_screen_keyboard(link, tell) {
  const keys = new Map();    // Linux name → button
  const sticky = new Map();  // modifier pressed here → whether it is locked
  let legends = {};          // Linux name → characters: plain, with Shift, with AltGr, with both
  let printed;               // the layout of these legends
  let level;                 // the level that the keys show; 0: each key shows several characters

  $('osk-keys').append(...BLOCKS.map(rows => make('div', ...rows.split('\n').map(names =>
    make('div', ...names.split(' ').map(name => key(name, make('button'))))))));
  $('osk-open').onclick = () => {
    $('osk-open').ariaExpanded = !$('osk').toggleAttribute('hidden');
    fill_layouts();
    load();
    $('screen').focus();
  };
  print();
  follow_layout(link, load);
  link.on('released', show);
  link.on('sent', lines => {
    show();
    if (lines.some(line => /^keyup /.test(line) && !MODIFIERS.includes(line.slice(6)))) queueMicrotask(spend);
  });
  field($('osk-text'));

  function key(name, button) {
    button.style.flexGrow = WIDTHS[name] ?? 1;
    keys.set(name, button);
    const modifier = MODIFIERS.includes(name);
    button.onpointerdown = event => {
      event.preventDefault();  // the focus stays where it is
      if (modifier) return;
      button.setPointerCapture(event.pointerId);
      link.send(`keydown ${name}`);
    };
    button.onpointerup = button.onpointercancel = () => modifier || rise(name);
    button.onclick = event => {
      if (modifier) modify(name);
      else if (event.detail === 0 && link.send(`keydown ${name}`)) rise(name);  // Enter or Space on the focused button
    };
    return button;
  }

  function rise(name) {
    if (link.holds(name)) link.send(`keyup ${name}`);
  }

  // Releases the modifiers that were pressed for one key only. Called after a key went up on the
  // physical or the on-screen keyboard.
  function spend() {
    link.send(...[...sticky].filter(([, locked]) => !locked).map(([modifier]) => `keyup ${modifier}`));
  }

  // A modifier pressed once is down for the next key; pressed twice, until it is pressed again.
  function modify(name) {
    const locked = sticky.get(name);
    if (locked) link.send(`keyup ${name}`);
    else if (locked === false || link.send(`keydown ${name}`)) sticky.set(name, locked === false);
    show();
  }

  function show() {
    for (const name of MODIFIERS) {
      const down = link.holds(name);
      if (!down) sticky.delete(name);
      keys.get(name).ariaPressed = down;
      keys.get(name).classList.toggle('locked', sticky.get(name) ?? false);
    }
    print();
  }

  async function load() {
    const wanted = layout();
    if ($('osk').hidden || printed === wanted) return;
    printed = wanted;
    const got = await fetch(`legends?layout=${wanted}`).then(reply => reply.json()).catch(() => ({}));
    if (printed !== wanted) return;
    legends = got;
    level = null;
    print();
  }

  // Labels each key with all its characters, or with the character for the modifiers that are down.
  function print() {
    const now = (link.holds('leftshift') || link.holds('rightshift')) + 2 * link.holds('rightalt');
    if (level === now) return;
    level = now;
    for (const [name, button] of keys) {
      const levels = legends[name] ?? Array(4).fill(key_label(name)), [plain, shift, altgr] = levels;
      const letter = plain.toUpperCase() === shift, main = level ? levels[level] : letter ? shift : plain;
      const small = text => level || main === text ? [] : [make('small', text)];
      button.ariaLabel = (main || key_label(name)).replace('⏎', 'Return');
      button.replaceChildren(...letter ? [] : small(shift), main, ...small(altgr));
    }
  }

  // A text field for a phone's keyboard or an input method. Its text is typed on the target if the
  // layout has all its characters; otherwise the text stays in the field.
  function field(input) {
    let composing = false, busy = false;
    const type = async () => {
      if (busy) return;
      busy = true;
      for (let text; !composing && (text = input.value);) {
        const wrong = await objection(text), [set, undo] = settings();
        if (composing || !input.value.startsWith(text)) continue;  // the text changed meanwhile
        if (wrong) tell(wrong);
        if (wrong || !link.send(...set, ...lines_for(text, 32), ...undo)) break;
        input.value = input.value.slice(text.length);
      }
      busy = false;
    };
    input.oninput = type;
    input.addEventListener('compositionstart', () => composing = true);
    input.addEventListener('compositionend', () => {
      composing = false;
      type();
    });
    input.onkeydown = event => {
      if (event.isComposing || input.value || event.key !== 'Backspace') return;
      event.preventDefault();
      link.send('key backspace');
    };
  }
}
