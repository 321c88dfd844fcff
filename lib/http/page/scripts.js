// Records the user's input as action lines with pauses; edits, saves, loads and plays such scripts.
import {$, download, keep, kept, player} from './play.js';

const PAUSE_MS = 20;  // shorter pauses are not recorded

export function scripts(link) {
  const script = $('script'), name = $('script-name'), list = $('script-list'), record = $('script-record');
  const say = words => $('script-said').textContent = words;
  const saved = () => kept('scripts', {});
  const show = chosen => {
    list.replaceChildren(new Option('–', ''), ...Object.keys(saved()).map(key => new Option(key)));
    list.value = chosen;
  };
  show('');
  list.onchange = () => {
    script.value = saved()[list.value] ?? '';
    name.value = list.value;
  };
  $('script-keep').onclick = () => {
    const key = name.value.trim() || 'unnamed';
    keep('scripts', {...saved(), [key]: script.value});
    show(key);
    say(`Saved in this browser as ${key}.`);
  };
  $('script-drop').onclick = () => {
    const {[list.value]: gone, ...rest} = saved();
    keep('scripts', rest);
    show('');
  };
  $('script-save').onclick = () => download(`${name.value.trim() || 'script'}.kvm`, [script.value], 'text/plain');
  $('script-open').onclick = () => $('script-file').click();
  $('script-file').onchange = async ({target}) => {
    const [file] = target.files;
    script.value = await file.text();
    name.value = file.name.replace(/\.\w+$/, '');
    target.value = '';
  };

  let since;  // when the last line was recorded; set only while recording
  const recording = yes => {
    record.ariaPressed = yes;
    document.body.classList.toggle('recording', yes);
    since = yes && performance.now();
  };
  record.onclick = () => {
    recording(!since);
    if (since) script.value = '';
    say(since ? 'Recording. Click the picture, then type and click.' : 'Recorded.');
  };
  link.on('sent', lines => {
    if (!since) return;
    const now = performance.now(), pause = Math.round(now - since);
    if (pause >= PAUSE_MS && script.value) script.value += `sleep ${pause}\n`;
    script.value += (link.quiet ? '# a secret was typed here' : lines.join('\n')) + '\n';
    since = now;
  });

  const run = player(link, $('script-play'), $('script-stop'), say);
  $('script-play').onclick = () => {
    recording(false);
    const lines = script.value.trimEnd().split(/\r?\n/).map(line => line.trimStart());
    const far = done => `${done} of ${lines.length} lines`, where = at => `line ${at + 1}`;
    run(lines, {ahead: 64, far, where, progress: done => say(far(done))}, `Played ${lines.length} lines.`);
  };
}
