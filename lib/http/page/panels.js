// The small panels: shortcuts, mouse, capture and view.
import {$, download, keep, kept, make, play, sending} from './play.js';

const REPEAT_MS = 150, JIGGLE_MS = 60000;
const REPEATED = ['F2', 'F12', 'Del', 'Esc', 'F8', 'F10'];
const CHORDS = ['Ctrl+Alt+Del', 'Alt+Tab', 'Alt+F4', 'Win', 'Win+L', 'Win+R', 'Ctrl+Shift+Esc', 'Ctrl+W', 'PrtSc'];
const REISUB = [...'reisub'].flatMap(key => [`key alt+sysrq+${key}`, 'sleep 1000']);

function button(label, act) {
  const element = make('button', label);
  element.onclick = () => act(element);
  return element;
}

export function shortcuts(link) {
  const chord = (keys, label = keys) => button(label, () => link.send(`key ${keys}`));
  $('chords').append(...CHORDS.map(keys => chord(keys)), button('SysRq REISUB', element => {
    const sure = element.classList.toggle('sure');
    element.textContent = sure ? 'Reboot the target?' : 'SysRq REISUB';
    if (!sure) play(link, REISUB).catch(() => {});
  }));
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

export function mouse_panel(link, mouse) {
  choose('mouse', 'absolute', way => mouse.relative = way === 'relative');
  $('reverse').onchange = () => keep('reverse', mouse.reverse = $('reverse').checked);
  $('reverse').checked = mouse.reverse = kept('reverse', false);
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
