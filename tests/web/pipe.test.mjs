// The whole pipe, seen and controlled from a real browser.
import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {close_pages, open, picture, tool, until} from './pipe.mjs';

test('a picture shows, a key and a click come out of the end, and are told as taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvm-pipe-')), fifo = join(folder, 'status');
  spawnSync('mkfifo', [fifo]);
  const pipe = spawn('/bin/sh', ['-c',
    `"$0" -d test | "$1" -l 127.0.0.1:0 --status "$3" | "$2" -a --dry-run -l de --status "$3"`,
    tool('kvm-capture'), tool('kvm-mjpeg-httpd'), tool('kvm-type'), fifo], {detached: true});
  try {
    let out = '', said = '';
    pipe.stdout.on('data', data => out += data);
    pipe.stderr.on('data', data => said += data);
    const [, port] = await until(() => /127\.0\.0\.1:(\d+)\//.exec(said), 'the port');
    const page = await open({url: `http://127.0.0.1:${port}/`});
    await picture(page);

    const colours = await page.evaluate(() => {
      const canvas = document.getElementById('tiles');
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    assert.ok(colours > 4, `only ${colours} colours`);
    const shot = await page.locator('#screen').screenshot();
    assert.ok(shot.length > 5000, 'the picture is not seen');

    await page.locator('#screen').press('k');
    await page.mouse.click(640, 400);
    // Reports: usage 0x0e is k; bit 0 of the mouse buttons is left.
    await until(() => /keyboard.*00 00 0e/i.test(out), 'the key');
    await until(() => /(pointer|mouse).* 01 /i.test(out), 'the click');
    for (const label of ['K', 'left button']) await page.locator(`#history .taken:text-is("${label}")`).waitFor();

    // A line that kvm-type cannot carry out is shown as failed, and a line sent with it as done.
    await page.locator('[popovertarget=scripts]').click();
    await page.locator('#script').fill('type 漢\nkey tab');
    await page.locator('#script-play').click();
    await page.locator('#history .failed:text-is("text")').waitFor();
    await page.locator('#history .taken:text-is("tab")').waitFor();
    await page.locator('#script-said:text("line 1: the target did not take it. 2 of 2 lines were sent.")').waitFor();
    await page.locator('[popovertarget=text]').click();
    await page.locator('#layout option:text-is("kvm-type’s own: de")').waitFor({state: 'attached'});
  } finally {
    await close_pages();  // an open page would look for the server
    if (pipe.exitCode === null && pipe.signalCode === null) {
      process.kill(-pipe.pid);
      await once(pipe, 'close');
    }
    rmSync(folder, {recursive: true});
  }
});
