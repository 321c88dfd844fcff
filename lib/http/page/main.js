// Puts the page together.
import {keyboard} from './keyboard.js';
import {Link} from './link.js';
import {locks} from './locks.js';
import {mouse} from './mouse.js';
import {on_screen_keyboard} from './osk.js';
import {capture, mouse_panel, shortcuts, sight} from './panels.js';
import {$, back_to_picture} from './play.js';
import {Screen} from './screen.js';
import {scripts} from './scripts.js';
import {status} from './status.js';
import {texts} from './text.js';

for (const opener of $('tools').children) {
  const panel = opener.popoverTargetElement;
  opener.title = opener.textContent;  // narrow windows show the icon only
  if (panel) {
    panel.ariaLabel = opener.title;
    panel.addEventListener('toggle', ({newState}) => {
      opener.ariaExpanded = newState === 'open';
      if (newState === 'closed') back_to_picture(panel);
    });
  }
  opener.insertAdjacentHTML('afterbegin',
    `<svg aria-hidden=true viewBox="0 0 24 24"><use href="page/icons.svg#${panel?.id ?? 'osk'}"/></svg>`);
}

const link = new Link();
const screen = new Screen(link);
status(link, screen);
keyboard(link, screen.element, () => {
  document.exitPointerLock?.();
  $('tools').querySelector('button').focus();
}, toast);
locks(link);
on_screen_keyboard(link, toast);
shortcuts(link);
mouse_panel(link, mouse(link, screen), toast);
texts(link);
scripts(link);
capture();
sight(screen, new URLSearchParams(location.search).get('mode') ?? undefined);

let fades;
function toast(words) {
  $('toast').textContent = words;
  $('toast').hidePopover();
  $('toast').showPopover();  // above the newest panel
  clearTimeout(fades);
  fades = setTimeout(() => $('toast').hidePopover(), 6000);
}
link.on('error', ({why}) => toast(`Refused: ${why}`));
link.on('denied', () => toast(link.state.you.role === 'control'
  ? 'Somebody else has control. Press “Take over” to get it.' : 'You may watch, but not control.'));

$('take').onclick = () => {
  link.tell({op: 'control', take: !link.state.you.controller});
  screen.element.focus();
};
$('retry').onclick = () => link.connect();
$('logout').onsubmit = () => link.drop();

// A click outside of input fields does not move the focus, so that keys still go to the target.
document.onmousedown = event => event.target.closest('input, select, textarea, #screen') || event.preventDefault();

link.connect();
screen.element.focus();
