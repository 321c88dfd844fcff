// On demand, the locks of the target follow those of this keyboard.
import {$, keep, kept, platform} from './play.js';

// Our name of a lock, as lights and keys have it → its name in events. A Mac has only CapsLock.
const LOCKS = Object.entries(platform.mac ? {caps: 'CapsLock'} : {caps: 'CapsLock', num: 'NumLock'});

export function locks(link) {
  const shown = new Set();  // locks that some event has reported as on; WebKitGTK never reports NumLock
  const tried = new Map();  // lock → its state here when the target was asked to follow; it is asked only once
  const pressed = new Map();  // lock → the lights of the target when its key was sent
  const lights = () => link.state?.kvm.keyboard?.leds ?? [];

  $('sync-locks').checked = kept('sync-locks', false);
  $('sync-locks').onchange = () => keep('sync-locks', $('sync-locks').checked);
  // A lock key that anybody on this page sends changes the light after a while.
  link.on('sent', lines => {
    for (const [lock] of LOCKS)
      if (lines.some(line => RegExp(`^key(down)? ${lock}lock$`).test(line))) pressed.set(lock, lights().includes(lock));
  });
  link.on('state', () => {
    for (const [lock, before] of pressed) if (lights().includes(lock) !== before) pressed.delete(lock);
  });
  $('screen').addEventListener('keydown', follow, true);

  function follow(event) {
    if (!$('sync-locks').checked || link.state?.kvm.keyboard?.state !== 'ready') return;
    for (const [lock, name] of LOCKS) {
      const here = event.getModifierState(name);
      if (here) shown.add(lock);
      // Browsers differ in whether the event of the lock key itself has the new state.
      if (event.code === name || pressed.has(lock) || !shown.has(lock)) continue;
      if (here === lights().includes(lock)) tried.delete(lock);
      else if (tried.get(lock) !== here && link.send(`key ${lock}lock`)) tried.set(lock, here);
    }
  }
}
