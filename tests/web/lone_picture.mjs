// Measures how soon a picture that no other follows is on the screen of a browser. `run` runs the
// body of a function in a page of the server.
import assert from 'node:assert/strict';
import {rest, test_frames, until} from './pipe.mjs';

// Shows the stream in an <img> and notes in `seen` when its pixels change. `args`: the path.
const WATCH = `
  document.body.innerHTML = '<img>';
  const image = document.querySelector('img'), canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  window.pixels_of = shown => {
    if (!shown.naturalWidth) return 0;
    [canvas.width, canvas.height] = [shown.naturalWidth, shown.naturalHeight];
    context.drawImage(shown, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((sum, pixel) => Math.imul(sum, 31) + pixel | 0, 1);
  };
  window.seen = {pixels: 0, at: 0};
  setInterval(() => {
    const pixels = window.pixels_of(image);
    if (pixels !== window.seen.pixels) window.seen = {pixels, at: Date.now()};
  }, 5);
  image.src = args[0];
  return true;`;

// The pixels of a JPEG image. `args`: the image in base64.
const PIXELS = `
  const image = new Image();
  image.src = 'data:image/jpeg;base64,' + args[0];
  await image.decode();
  return window.pixels_of(image);`;

// Feeds two pictures in turn, each after a rest. A heartbeat sends each again after a second, so a
// browser that waits for it never shows a picture sooner. On a busy machine single tries may take
// any time, but not all.
export async function shows_lone_pictures(server, run, path) {
  const pictures = test_frames(2, '320x240', 'noise');
  await server.feed(pictures[0]);
  await run(WATCH, path);
  const pixels = [];
  for (const picture of pictures) pixels.push(await run(PIXELS, picture.toString('base64')));
  assert.notEqual(pixels[0], pixels[1]);
  const shown = async wanted => (await until(async () => {
    const seen = await run('return window.seen');
    return seen.pixels === wanted && seen;
  }, `the picture of ${path}`)).at;
  await shown(pixels[0]);
  await rest(2500);  // the viewer's first parts follow each other closely
  const took = [];
  for (let i = 1; i <= 20 && !(took.at(-1) < 700); i++) {
    await rest(300);
    const began = Date.now();
    await server.feed(pictures[i % 2]);
    took.push(await shown(pixels[i % 2]) - began);
  }
  assert.ok(took.at(-1) < 700, `${path}: the pictures were shown after ${took.join(', ')} ms`);
  return took.at(-1);
}
