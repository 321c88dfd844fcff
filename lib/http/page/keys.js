// Key names: KeyboardEvent.code (UI Events) → the Linux names of action lines, and labels.

// Codes whose Linux name is neither the code in lower case nor made by the rules in key_name().
// Firefox says VolumeUp where the standard says AudioVolumeUp.
const ODD = new Map([...`Escape esc Backquote grave BracketLeft leftbrace
BracketRight rightbrace Quote apostrophe Period dot IntlBackslash 102nd IntlRo ro IntlYen yen
ContextMenu compose PrintScreen sysrq NumpadDivide kpslash
NumpadMultiply kpasterisk NumpadSubtract kpminus NumpadAdd kpplus NumpadDecimal kpdot
KanaMode katakanahiragana Convert henkan NonConvert muhenkan Lang1 hangeul Lang2 hanja
Lang3 katakana Lang4 hiragana Lang5 zenkakuhankaku AudioVolumeMute mute VolumeMute mute
AudioVolumeUp volumeup AudioVolumeDown volumedown MediaTrackNext nextsong MediaTrackPrevious previoussong
MediaStop stopcd Eject ejectcd MediaSelect config Standby sleep LaunchMail mail LaunchApp1 file LaunchApp2 calc
BrowserHome homepage BrowserFavorites bookmarks`.matchAll(/(\w+)\s(\w+)/g)].map(row => row.slice(1)));
const PLAIN = /^(F\d+|Minus|Equal|Backspace|Tab|Backslash|\w+Lock|Semicolon|Enter|Comma|Slash|Space|Pause|Insert|Delete|Home|End|Page(Up|Down)|Power|Help|Undo|Again|Cut|Copy|Paste|Find|Props|Open|Sleep|WakeUp|Volume(Up|Down))$/;

export function key_name(code) {
  if (ODD.has(code)) return ODD.get(code);
  const [, kind, rest] = /^(Key|Digit|Arrow|Numpad|Browser|Media(?=PlayPause))(\w+)$/.exec(code) ?? [];
  if (kind) return (kind === 'Numpad' ? 'kp' : '') + rest.toLowerCase();
  const [, modifier, side] = /^(Shift|Control|Alt|Meta)(Left|Right)$/.exec(code) ?? [];
  if (modifier) return side.toLowerCase() + modifier.toLowerCase().replace('control', 'ctrl');
  return PLAIN.test(code) ? code.toLowerCase() : undefined;
}

const LABELS = {compose: 'Menu', rightalt: 'AltGr', capslock: 'Caps', numlock: 'Num', scrolllock: 'Scroll',
  sysrq: 'PrtSc', pageup: 'PgUp', pagedown: 'PgDn', delete: 'Del', insert: 'Ins', backspace: '⌫', enter: '⏎', kpenter: 'Enter',
  up: '↑', down: '↓', left: '←', right: '→', minus: '-', equal: '=', leftbrace: '[', rightbrace: ']',
  semicolon: ';', apostrophe: "'", grave: '`', backslash: '\\', comma: ',', dot: '.', slash: '/'};
export const key_label = name => LABELS[name] ??
  name.replace(/^left|^right/, '').replace(/./, first => first.toUpperCase());

export const MODIFIERS = ['left', 'right'].flatMap(side => ['ctrl', 'shift', 'alt', 'meta'].map(key => side + key));
