// Types a text of any length, after asking whether the layout has all of it.
import {chosen_layout, fill_layouts, layout} from './layouts.js';
import {$, player} from './play.js';

const MOST_SHOWN = 8;

// Action lines for a text: pieces of at most `size` characters, Enter for each line's end.
export function lines_for(text, size) {
  return text.split(/\r\n|\r|\n/).flatMap((row, i) => {
    const characters = [...row], lines = i ? ['key enter'] : [];
    while (characters.length) lines.push(`type ${characters.splice(0, size).join('')}`);
    return lines;
  });
}

// What stands in the way of typing this text, in words.
async function objection(text) {
  const reply = await fetch(`/check?layout=${layout()}`, {method: 'POST', body: text});
  if (!reply.ok) return `Nothing was sent: no answer to the check (${reply.status}).`;
  const {ok, untypable} = await reply.json();
  if (ok) return '';
  const some = untypable.slice(0, MOST_SHOWN).map(bad => `${bad.char} (line ${bad.line}, column ${bad.column})`);
  const more = untypable.length > MOST_SHOWN ? ` and ${untypable.length - MOST_SHOWN} more` : '';
  return `Nothing was sent. Layout ${layout()} cannot type ${some.join(', ')}${more}.`;
}

export function texts(link) {
  const say = words => $('text-said').textContent = words;
  const type = player(link, $('text-go'), $('text-stop'), say);
  $('text').addEventListener('toggle', fill_layouts);
  $('secret').onchange = () => $('paste').classList.toggle('masked', $('secret').checked);

  $('text-form').onsubmit = async event => {
    event.preventDefault();
    const text = $('paste').value, chosen = chosen_layout(), delay_ms = Number($('speed').value);
    const wrong = await objection(text).catch(() => 'Nothing was sent: no link.');
    if (wrong) return say(wrong);
    // What was sent cannot be called back: at a slow rate little is on the way.
    const lines = lines_for(text, delay_ms ? 5 : 32), bar = $('text-progress');
    if (delay_ms) lines.unshift(`typedelay ${delay_ms}`);
    if (chosen) lines.unshift(`layout ${chosen}`);
    bar.max = lines.length;
    bar.hidden = false;
    link.quiet = $('secret').checked;
    await type(lines, {ahead: delay_ms ? 2 : 12, progress: done => bar.value = done}, `Typed ${[...text].length} characters.`);
    link.send(...chosen ? ['layout'] : [], ...delay_ms ? ['typedelay'] : []);
    if (link.quiet) $('paste').value = '';
    link.quiet = !(bar.hidden = true);
  };
}
