// Types a text of any length, after asking the server whether the layout has all its characters.
import {chosen_layout, fill_layouts, layout} from './layouts.js';
import {$, player} from './play.js';

// The action lines for a text: pieces of at most `size` characters, and Enter for each end of a line.
export function lines_for(text, size) {
  const pieces = new RegExp(`.{1,${size}}`, 'gsu');
  return text.split(/\r\n|\r|\n/).flatMap((row, i) =>
    [...i ? ['key enter'] : [], ...(row.match(pieces) ?? []).map(piece => `type ${piece}`)]);
}

// The lines that set the chosen layout and the pace, and the lines that reset both.
export function settings(delay_ms = 0) {
  const set = Object.entries({layout: chosen_layout(), typedelay: delay_ms}).filter(([, value]) => value);
  return [set.map(pair => pair.join(' ')), set.map(([verb]) => verb)];
}

// Returns the reason why this text cannot be typed; empty if it can.
export const objection = (text, secret) =>
  check(text, secret).catch(() => 'Nothing was sent: the server does not answer.');

// Sends each different character to the server only once.
async function check(text, secret) {
  const reply = await fetch(`check?layout=${layout()}`, {method: 'POST', body: [...new Set(text)].join('')});
  if (!reply.ok) return `Nothing was sent: the server could not check the text (HTTP ${reply.status}).`;
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
    // Sent lines cannot be stopped, so at a slow rate only few are sent ahead.
    const lines = [...set, ...lines_for(text, delay_ms ? 5 : 32)], bar = $('text-progress');
    const size = line => line === 'key enter' ? 1 : /^type /.test(line) ? [...line].length - 5 : 0;
    const count = some => some.reduce((sum, line) => sum + size(line), 0), whole = count(lines);
    const far = done => `${count(lines.slice(0, done))} of ${whole} characters`;
    bar.max = lines.length;
    bar.hidden = false;
    link.quiet = $('secret').checked;
    const all = await type(lines, {ahead: delay_ms ? 3 : link.has_receipts ? 12 : 1, far, where: () => 'Not all was typed',
      progress: done => bar.value = done}, `Typed ${whole} characters.`);
    link.send(...undo);
    if (all && $('paste').value === text) $('screen').focus();
    if (link.quiet) $('paste').value = '';
    link.quiet = !(bar.hidden = true);
  };
}
