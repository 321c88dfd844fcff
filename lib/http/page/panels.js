// The small panels: shortcuts, mouse, capture and view.
import {$, download, keep, kept, make, play, sending} from './play.js';

const REPEAT_MS = 150, JIGGLE_MS = 60000;
const REPEATED = ['F2', 'F12', 'Del', 'Esc', 'F8', 'F10'];
const CHORDS = ['Ctrl+Alt+Del', 'Alt+Tab', 'Alt+F4', 'Win', 'Win+L', 'Win+R', 'Ctrl+Shift+Esc', 'Ctrl+W', 'PrtSc'];
// Labels → keys.
const MEDIA = {'Play / pause': 'playpause', Previous: 'previoussong', Next: 'nextsong', Mute: 'mute', 'Volume −': 'volumedown',
  'Volume +': 'volumeup', Wake: 'wakeup'};
const POWER = {Sleep: 'sleep', Power: 'power'};
const LACKS = 'The gadget has no absolute pointer, so the mouse is relative: a click locks the pointer, Esc frees it.';
const REISUB = [...'reisub'].flatMap(key => [`key alt+sysrq+${key}`, 'sleep 1000']);

function button(label, act) {
  const element = make('button', label);
  element.onclick = () => act(element);
  return element;
}

export function shortcuts(link) {
  // Beside modifiers a letter names a key: Win+L has no Shift. Alone, an upper case letter has.
  const line = keys => `key ${keys.replace(/\S+\+\S+/g, chord => chord.toLowerCase())}`;
  const chord = (keys, label = keys) => button(label, () => link.send(line(keys)));
  // A button that asks before it acts.
  const asking = (label, question, act) => button(label, element => {
    const sure = element.classList.toggle('sure');
    element.textContent = sure ? question : label;
    if (!sure) act();
  });
  $('chords').append(...CHORDS.map(keys => chord(keys)),
    asking('SysRq REISUB', 'Reboot the target?', () => play(link, REISUB).catch(() => {})));
  $('media').append(...Object.entries(MEDIA).map(([label, key]) => chord(key, label)),
    ...Object.entries(POWER).map(([label, key]) => asking(label, `${label}, really?`, () => link.send(`key ${key}`))));
  link.on('state', ({kvm: {keyboard}}) => {
    $('media').hidden = $('media-title').hidden = !keyboard?.devices?.includes('controls');
  });
  for (let i = 1; i <= 12; i++) $('terminals').append(chord(`Ctrl+Alt+F${i}`, `F${i}`));

  let running, timer;
  const run = element => {
    clearInterval(timer);
    if (running) running.ariaPressed = false;
    running = element !== running && element;
    sending($('repeats'), Boolean(running));
    if (!running) return;
    running.ariaPressed = true;
    timer = setInterval(() => link.send(`key ${running.textContent}`) || run(), REPEAT_MS);
  };
  $('repeats').append(...REPEATED.map(key => button(key, run)));
  $('screen').addEventListener('keydown', () => run());  // typing stops the repetition

  const own = () => kept('shortcuts', []);
  const show = () => $('own').replaceChildren(...own().map(keys => {
    const drop = button('×', () => { keep('shortcuts', own().filter(other => other !== keys)); show(); });
    drop.ariaLabel = `Remove ${keys}`;
    return make('span', chord(keys), drop);
  }));
  $('own-form').onsubmit = event => {
    event.preventDefault();
    keep('shortcuts', [...new Set([...own(), $('own-keys').value.trim()])]);
    $('own-form').reset();
    show();
  };
  show();
}

// Calls `use` with the saved value of the radio buttons named `name` now, and with the new value at
// each change.
function choose(name, otherwise, use, now = kept(name, otherwise)) {
  for (const radio of document.getElementsByName(name)) {
    radio.onchange = () => { keep(name, radio.value); use(radio.value); };
    if (radio.checked = radio.value === now) use(now);
  }
}

// Four numbers from 0 to 1, of which the last two are a size; null for anything else.
function area_in(text) {
  const numbers = text.split(',').map(Number), [left, top, width, height] = numbers;
  const good = numbers.length === 4 && left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= 1 && top + height <= 1;
  return good ? numbers : null;
}

// On a target with several monitors, absolute places are places on all of them together.
function pointer_area(mouse) {
  const list = $('pointer-area'), part = $('pointer-part');
  const use = text => {
    const area = area_in(text);
    if (area) keep('pointer-area', text);
    mouse.pointer_area = area ?? mouse.pointer_area;
    $('mouse-said').textContent = area || !text ? '' : 'A part is four numbers from 0 to 1, for example 0.25,0,0.5,1.';
  };
  part.value = list.value = kept('pointer-area', '0,0,1,1');
  if (!list.value) list.value = '';
  part.hidden = list.value !== '';
  use(part.value);
  list.onchange = () => {
    part.hidden = list.value !== '';
    if (list.value) use(part.value = list.value);
    else part.focus();
  };
  part.onchange = () => use(part.value);
}

// `tell` shows a message to the user.
export function mouse_panel(link, mouse, tell) {
  const [absolute, relative] = document.getElementsByName('mouse');
  const follow = () => mouse.relative = absolute.disabled || relative.checked;
  choose('mouse', 'absolute', follow);
  // A gadget without an absolute pointer has only a relative mouse.
  link.on('state', ({kvm: {keyboard}}) => {
    const lacks = Boolean(keyboard?.devices?.includes('mouse')) && !keyboard.devices.includes('pointer');
    if (lacks === absolute.disabled) return;
    absolute.disabled = lacks;
    $('mouse-lacks').textContent = lacks ? LACKS : '';
    if (lacks) tell(LACKS);
    follow();
  });
  $('reverse').onchange = () => keep('reverse', mouse.reverse = $('reverse').checked);
  $('reverse').checked = mouse.reverse = kept('reverse', false);
  pointer_area(mouse);
  let last = performance.now();
  link.on('sent', () => last = performance.now());
  setInterval(() => {
    if ($('jiggle').checked && performance.now() - last >= JIGGLE_MS && link.state && link.other == null)
      link.send('mousemove 1 0', 'mousemove -1 0');
  }, 1000);
}

export function sight(screen, mode) {
  choose('size', 'fit', size => screen.fit(size === 'fit'));
  choose('mode', 'tiles', how => screen.use(how), mode);
  const page = document.documentElement;
  $('fullscreen').hidden = !page.requestFullscreen;  // an iPhone has no full screen
  $('fullscreen').onclick = async () => {
    if (document.fullscreenElement) return document.exitFullscreen();
    await page.requestFullscreen();
    $('sight').hidePopover();
    screen.element.focus();
    navigator.keyboard?.lock().catch(() => {});  // Alt+Tab, Ctrl+W and Esc go to the target
  };
  document.onfullscreenchange = () =>
    $('fullscreen').textContent = document.fullscreenElement ? 'Leave full screen' : 'Full screen';
}

const file_name = suffix =>
  `${$('title').textContent} ${new Date().toISOString().slice(0, 19)}`.replace(/\W+/g, '-') + `.${suffix}`;

export function capture() {
  const say = words => $('film-said').textContent = words;
  $('snapshot').onclick = async () => {
    try {
      const reply = await fetch('snapshot');
      if (!reply.ok) return say('Nothing was saved: there is no picture.');
      download(file_name('jpg'), [await reply.blob()]);
      say('Saved.');
    } catch {
      say('Nothing was saved: the server does not answer.');
    }
  };
  const type = ['video/webm', 'video/mp4'].find(kind => window.MediaRecorder?.isTypeSupported(kind));
  $('film').hidden = !type;
  let film;
  $('film').onclick = () => {
    if (film) return film.stop();
    const parts = [];
    const show = () => {
      $('film').ariaPressed = Boolean(film);
      $('film').textContent = film ? 'Stop' : 'Record video';
      document.body.classList.toggle('filming', Boolean(film));
    };
    document.querySelector('[value=tiles]').click();
    if ($('tiles').hidden) return say('Cannot record: only whole pictures (MJPEG) arrive.');
    film = new MediaRecorder($('tiles').captureStream(), {mimeType: type, videoBitsPerSecond: 4e6});
    film.ondataavailable = ({data}) => parts.push(data);
    film.onstop = () => {
      film = null;
      show();
      say('Saved.');
      download(file_name(type.slice(6)), parts, type);
    };
    film.start(1000);
    show();
  };
}
