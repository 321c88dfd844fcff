// The target's screen: changed tiles on a canvas, or the MJPEG stream in an <img>. The stream is used
// by choice, or if tiles do not arrive or cannot be decoded.
import {$} from './play.js';

const HEADER = 16, PIECE = 16, WHOLE = 1, HEAD = 2;  // bytes; flags
const MOST_UNDECODED = 3, AGAIN_MS = 20000;
const UNDECODED = 'MJPEG: tiles cannot be decoded';

// One picture update (kvm-mjpeg-httpd(1), WEBSOCKET).
function parse(buffer, head) {
  const view = new DataView(buffer), u8 = at => view.getUint8(at), u16 = at => view.getUint16(at, true);
  const u32 = at => view.getUint32(at, true), whole = u8(1) & WHOLE, pieces = [];
  for (let at = HEADER, from = HEADER + u16(2) * PIECE, end = from; at < end; at += PIECE) {
    const left = u8(at + 8), top = u8(at + 9), width = u16(at + 4), height = u16(at + 6), bytes = u32(at + 12);
    const drawn = [width - left - u8(at + 10), height - top - u8(at + 11)];
    if (!whole) new DataView(head).setUint32(7, height << 16 | width);
    pieces.push({jpeg: new Blob([whole ? '' : head, new Uint8Array(buffer, from, bytes)], {type: 'image/jpeg'}),
      area: [left, top, ...drawn, u16(at) + left, u16(at + 2) + top, ...drawn]});
    from += bytes;
  }
  return {id: u32(4), time_us: Number(view.getBigInt64(8, true)), whole, pieces};
}

export class Screen {
  element = $('screen');
  trouble = '';    // why the stream replaces tiles
  shown = 0;       // pictures shown since the page was loaded
  bytes = 0;       // received since the page was loaded
  time_us = 0;     // when the newest picture was captured; 0: not known
  shown_ms = 0;    // when it was shown, by our clock
  width = 0;
  height = 0;
  #link;
  #head;           // the JPEG header of pieces
  #canvas = $('tiles');
  #image = $('stream');
  #view = $('view');
  #paint = this.#canvas.getContext('2d', {alpha: false});
  #turn = Promise.resolve();
  #zoom = {scale: 1, x: 0, y: 0};
  #hidden = 0;      // px of the view that the on-screen keyboard covers
  #mode = 'tiles';  // the user's choice: tiles or mjpeg
  #undecoded = 0;   // updates in a row that could not be decoded

  constructor(link) {
    this.#link = link;
    link.on('picture', detail => this.#update(detail));
    link.on('first', () => this.trouble ? this.#stand_in('') : (document.hidden || !this.tiles) && this.#ask());
    link.on('lost', () => this.#view.classList.add('waits'));  // the picture is old
    link.on('bare', ({first}) => first && this.#stand_in('MJPEG: no WebSocket'));
    document.addEventListener('visibilitychange', () => this.#ask());
    this.#image.onload = () => this.#shown(0, this.#image.naturalWidth, this.#image.naturalHeight);
    const observer = new ResizeObserver(() => this.#lay());
    for (const part of [this.#view, $('osk')]) observer.observe(part);
  }

  get tiles() { return this.#mode === 'tiles' && !this.trouble; }

  use(mode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#choose();
  }

  #stand_in(trouble) {
    this.trouble = trouble;
    this.#choose();
  }

  #choose() {
    this.#canvas.hidden = !this.tiles;
    this.#image.hidden = this.tiles;
    this.#ask();
  }

  // Asks for the pictures of this mode, beginning with a whole one. A hidden page asks for none.
  #ask() {
    this.#link.tell({op: 'picture', mode: this.tiles && !document.hidden ? 'tiles' : 'off'});
    if (this.tiles || document.hidden) this.#image.removeAttribute('src');
    else this.#image.src = `stream?${Date.now()}`;
  }

  // Decodes pieces in parallel, but draws updates in the order in which they came.
  #update(buffer) {
    this.bytes += buffer.byteLength;
    if (new Uint8Array(buffer)[1] & HEAD) return this.#head = buffer.slice(HEADER);
    const {id, time_us, whole, pieces} = parse(buffer, this.#head);
    const decoded = Promise.all(pieces.map(({jpeg}) => createImageBitmap(jpeg, {colorSpaceConversion: 'none'})));
    decoded.catch(() => {});
    this.#turn = this.#turn.then(async () => {
      try {
        const bitmaps = await decoded;
        const canvas = this.#canvas, {width, height} = whole ? bitmaps[0] : canvas;
        if (canvas.width !== width) canvas.width = width;
        if (canvas.height !== height) canvas.height = height;
        bitmaps.forEach((bitmap, i) => {
          this.#paint.drawImage(bitmap, ...pieces[i].area);
          bitmap.close();
        });
        this.#shown(time_us, width, height);
        this.#link.tell({op: 'ack', id});
        this.#undecoded = 0;
      } catch {
        if (++this.#undecoded < MOST_UNDECODED) return this.#ask();  // begins again with a whole picture
        this.#stand_in(UNDECODED);
        setTimeout(() => this.trouble === UNDECODED && this.#stand_in(''), AGAIN_MS);
      }
    });
  }

  #shown(time_us, width, height) {
    this.shown++;
    this.time_us = time_us;
    this.shown_ms = Date.now();
    this.#view.classList.remove('waits');
    if (width === this.width && height === this.height) return;
    Object.assign(this, {width, height});
    this.#lay(true);
  }

  // `yes`: the picture fits the view; otherwise one pixel of the target is one pixel here.
  fit(yes) {
    this.#view.classList.toggle('fit', yes);
    this.#lay(true);
  }

  get #fit() { return this.#view.classList.contains('fit'); }

  // The visible part of the view: on a phone in landscape the on-screen keyboard covers the rest.
  #room() {
    const {left, right, top, bottom} = this.#view.getBoundingClientRect(), keys = $('osk').getBoundingClientRect();
    return {left, right, top, bottom: keys.height ? Math.min(bottom, keys.top) : bottom};
  }

  // Whether the picture is larger than its room.
  get exceeds() {
    const box = this.element.getBoundingClientRect(), {left, right, top, bottom} = this.#room();
    return box.width > right - left + 1 || box.height > bottom - top + 1;
  }

  // Sets the picture's size and position. `reset` ends an enlargement; without `reset`, as when the
  // view changes its size, the enlargement stays. When the on-screen keyboard begins to cover the
  // picture, the lower end of the picture stays visible, because prompts are there.
  #lay(reset) {
    const {width, height} = this, view = this.#view.getBoundingClientRect(), hidden = view.bottom - this.#room().bottom;
    if (!width) return;
    const before = this.element.getBoundingClientRect().width / this.#zoom.scale;
    const scale = this.#fit ? Math.min(view.width / width, view.height / height) : 1 / devicePixelRatio;
    Object.assign(this.element.style, {width: `${width * scale}px`, height: `${height * scale}px`});
    this.#view.style.paddingBottom = `${hidden}px`;
    const {scale: enlarged, x, y} = this.#zoom, grown = before && width * scale / before;
    this.#move(reset ? 1 : enlarged, x * grown, hidden && !this.#hidden ? -Infinity : y * grown);
    this.#hidden = hidden;
  }

  // Enlarges by `factor` around the position of an event, and moves by dx, dy.
  zoom(factor, {clientX, clientY}, dx, dy) {
    const box = this.element.getBoundingClientRect(), {scale, x, y} = this.#zoom;
    const next = Math.min(Math.max(scale * factor, 1), 8), less = 1 - next / scale;
    this.#move(next, x + dx + (clientX - box.left - box.width / 2) * less,
      y + dy + (clientY - box.top - box.height / 2) * less);
    if (next === 1 && !this.#fit) this.#view.scrollBy(-dx, -dy);
  }

  // Enlarges and moves the picture, but keeps it inside its room or, if it is larger, keeps the
  // whole room covered.
  #move(scale, x, y) {
    const {style} = this.element, room = this.#room();
    style.transform = `scale(${scale})`;
    const box = this.element.getBoundingClientRect();
    const clamped = (by, from, size, start, end) =>
      Math.min(Math.max(from + by, Math.min(start, end - size)), Math.max(start, end - size)) - from;
    if (scale === 1 && !(this.#fit && this.exceeds)) x = y = 0;
    else {
      x = clamped(x, box.left, box.width, room.left, room.right);
      y = clamped(y, box.top, box.height, room.top, room.bottom);
    }
    this.#zoom = {scale, x, y};
    style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  // The position of an event on the target's screen, 0–1 each way.
  point({clientX, clientY}) {
    const box = this.element.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height]
      .map(part => Math.min(Math.max(part, 0), 1));
  }
}
