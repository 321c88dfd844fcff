// The target's keyboard layout: the one chosen in any `.layout` list, otherwise that of kvm-type.
import {keep, kept} from './play.js';

const lists = document.querySelectorAll('.layout');
let default_layout = '', filled;

export const chosen_layout = () => kept('layout', '');
// A chosen layout is used on the target of kvm-type's own layout: "fr@windows".
const target = () => default_layout.match(/@.*/)?.[0] ?? '';
export const layout = () => chosen_layout() ? chosen_layout() + target() : default_layout || 'us';

// Calls `changed` when layout() may have changed.
export function follow_layout(link, changed) {
  const choose = name => {
    keep('layout', name);
    for (const list of lists) list.value = name;
    changed();
  };
  for (const list of lists) list.onchange = () => choose(list.value);
  link.on('state', ({kvm: {keyboard}}) => {
    default_layout = keyboard?.layout ?? '';
    for (const list of lists) list.options[0].text = `kvm-type’s own: ${default_layout || '?'}`;
    changed();
  });
}

// There are hundreds of layouts, so the page loads them only when a list may be used.
export const fill_layouts = () => filled ??= fetch('layouts').then(reply => reply.json()).then(all => {
  for (const list of lists) {
    list.append(...all.map(({name, variant, title}) => new Option(title, variant ? `${name}:${variant}` : name)));
    list.value = chosen_layout();
  }
}).catch(() => filled = null);
