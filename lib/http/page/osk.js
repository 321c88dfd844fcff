// The on-screen keyboard: legends of any layout, and sticky modifiers. Works by touch, mouse or
// Tab.
import {key_label, MODIFIERS} from './keys.js';
import {fill_layouts, follow_layout, layout} from './layouts.js';
import {$, make} from './play.js';
import {lines_for, objection, settings} from './text.js';

const BLOCKS = [`esc f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12
grave 1 2 3 4 5 6 7 8 9 0 minus equal yen backspace
tab q w e r t y u i o p leftbrace rightbrace backslash
capslock a s d f g h j k l semicolon apostrophe enter
leftshift 102nd z x c v b n m comma dot slash ro rightshift
leftctrl leftmeta leftalt hanja muhenkan space henkan katakanahiragana hangeul rightalt rightmeta compose rightctrl`, `sysrq scrolllock pause
insert home pageup
delete end pagedown
numlock up kpenter
left down right`];
const WIDTHS = {backspace: 2, tab: 1.5, backslash: 1.5, capslock: 1.75, enter: 2.25, leftshift: 1.25,
  rightshift: 2.75, space: 6, leftctrl: 1.5, rightctrl: 1.5};
// Keys that only keyboards of some countries have. Those with characters are shown if the layout
// has characters for them; the others by the country.
const RARE = ['yen', 'ro', 'muhenkan', 'henkan', 'katakanahiragana', 'hanja', 'hangeul'];
const NATIONAL = {jp: {grave: '半/全', capslock: '英数', muhenkan: '無変換', henkan: '変換', katakanahiragana: 'かな'},
  kr: {hanja: '한자', hangeul: '한/영'}};
// Phones type these signs by themselves in place of the plain ones.
const SMART = {'‘': "'", '’': "'", '“': '"', '”': '"', '„': '"', '–': '-', '—': '--', '…': '...', '\u00a0': ' '};
// A field that is not empty, because many phones do not report a Backspace in an empty field.
const FILLER = '\u200b';

// Calls `tell` with messages for the user.
export function on_screen_keyboard(link, tell) {
  const keys = new Map();    // Linux name → button
  const sticky = new Map();  // modifier pressed here → whether it is locked
  let legends = {};          // Linux name → characters: plain, with Shift, with AltGr, with both
  let national = {};         // Linux name → what keyboards of the country have on it instead of characters
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
    button.hidden = RARE.includes(name);
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
    national = NATIONAL[/^[a-z]*/.exec(wanted)] ?? {};
    for (const name of RARE) keys.get(name).hidden = !legends[name] && !national[name];
    level = null;
    print();
  }

  // Labels each key with all its characters, or with the character for the modifiers that are down.
  function print() {
    const now = (link.holds('leftshift') || link.holds('rightshift')) + 2 * link.holds('rightalt');
    if (level === now) return;
    level = now;
    for (const [name, button] of keys) {
      const levels = legends[name] ?? Array(4).fill(national[name] ?? key_label(name)), [plain, shift, altgr] = levels;
      const letter = plain.toUpperCase() === shift, main = level ? levels[level] : letter ? shift : plain;
      const small = text => level || main === text ? [] : [make('small', text)];
      button.ariaLabel = (!national[name] && main || key_label(name)).replace('⏎', 'Return');
      button.replaceChildren(...letter ? [] : small(shift), main, ...small(altgr));
    }
  }

  // A text field for a phone's keyboard or an input method. Its text is typed on the target if the
  // layout has all its characters; otherwise the text stays in the field.
  function field(input) {
    let composing = false, busy = false;
    let before = '';  // the text before the newest change
    const text = () => input.value.replace(FILLER, '');
    const put = rest => input.value = (document.activeElement === input ? FILLER : '') + (before = rest);
    const typable = async wanted => {
      const wrong = await objection(wanted);
      const plain = wanted.replace(/[^ -~]/g, sign => SMART[sign] ?? sign);
      if (!wrong || plain !== wanted && !await objection(plain)) return wrong ? plain : wanted;
      tell(wrong);
    };
    const type = async () => {
      if (busy) return;
      busy = true;
      for (let wanted; !composing && (wanted = text());) {
        const typed = await typable(wanted), [set, undo] = settings();
        if (composing || !text().startsWith(wanted)) continue;  // the text changed meanwhile
        if (typed === undefined || !link.send(...set, ...lines_for(typed, 32), ...undo)) break;
        put(text().slice(wanted.length));
      }
      busy = false;
    };
    input.oninput = ({inputType}) => {
      if (!input.value && !before && /^delete/.test(inputType)) link.send('key backspace');
      before = text();
      if (!composing && !before) put('');
      type();
    };
    input.onfocus = input.onblur = () => put(text());
    input.addEventListener('compositionstart', () => composing = true);
    input.addEventListener('compositionend', () => {
      composing = false;
      type();
    });
  }
}
