// Types a text of any length, after asking whether the layout has all of it.
import {chosen_layout, fill_layouts, layout} from './layouts.js';
import {$, player} from './play.js';

// Action lines for a text: pieces of at most `size` characters, Enter for each line's end.
export function lines_for(text, size) {
  return text.split(/\r\n|\r|\n/).flatMap((row, i) => {
    const characters = [...row], lines = i ? ['key enter'] : [];
    while (characters.length) lines.push(`type ${characters.splice(0, size).join('')}`);
    return lines;
  });
}

// What sets the layout that was chosen and the pace for the lines that follow, and what undoes it.
export function settings(delay_ms = 0) {
  const set = Object.entries({layout: chosen_layout(), typedelay: delay_ms}).filter(([, value]) => value);
  return [set.map(pair => pair.join(' ')), set.map(([verb]) => verb)];
}

// What stands in the way of typing this text, in words.
export const objection = (text, secret) => check(text, secret).catch(() => 'Nothing was sent: no link.');

// Asked is for each character once.
async function check(text, secret) {
  const reply = await fetch(`/check?layout=${layout()}`, {method: 'POST', body: [...new Set(text)].join('')});
  if (!reply.ok) return `Nothing was sent: no answer to the check (${reply.status}).`;
  const bad = (await reply.json()).untypable.map(({char}) => char);
  if (!bad.length) return '';
  const all = text.split('\n').flatMap((row, i) => [...row].flatMap((char, j) => bad.includes(char)
    ? `${secret ? 'a character' : char} (line ${i + 1}, column ${j + 1})` : []));
  return `Nothing was sent. Layout ${layout()} cannot type ${all.slice(0, 8).join(', ')}${all[8] ? ' …' : '.'}`;
}

export function texts(link) {
  const say = words => $('text-said').textContent = words;
  const type = player(link, $('text-go'), $('text-stop'), say);
  $('text').addEventListener('toggle', fill_layouts);

  $('text-form').onsubmit = async event => {
    event.preventDefault();
    const text = $('paste').value, delay_ms = Number($('speed').value), [set, undo] = settings(delay_ms);
    const wrong = await objection(text, $('secret').checked);
    if (wrong) return say(wrong);
    // What was sent cannot be called back: at a slow rate little is on the way.
    const lines = [...set, ...lines_for(text, delay_ms ? 5 : 32)], bar = $('text-progress');
    const size = line => line === 'key enter' ? 1 : /^type /.test(line) ? [...line].length - 5 : 0;
    const count = some => some.reduce((sum, line) => sum + size(line), 0), whole = count(lines);
    const far = done => `${count(lines.slice(0, done))} of ${whole} characters`;
    bar.max = lines.length;
    bar.hidden = false;
    link.quiet = $('secret').checked;
    const all = await type(lines, {ahead: delay_ms ? 3 : link.told ? 12 : 1, far, where: () => 'Not all went',
      progress: done => bar.value = done}, `Typed ${whole} characters.`);
    link.send(...undo);
    if (all && $('paste').value === text) $('screen').focus();
    if (link.quiet) $('paste').value = '';
    link.quiet = !(bar.hidden = true);
  };
}
