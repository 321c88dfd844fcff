// Mouse and touch, absolute or relative (Pointer Lock). Sends moves at most once a frame, and never
// faster than the link carries them.

import {close_panel, platform} from './play.js';

const BUTTONS = ['left', 'middle', 'right', 'back', 'forward'];
const CLICK = 120;          // one click of a wheel in WheelEvent.wheelDelta
const FINGER_NOTCH_PX = 20;
const BACKLOG_BYTES = 512;  // while more than this waits in the socket, moves wait too
const HOLD_MS = 500, AGAIN_MS = 300;
const TAP_PX = 10, PINCH_PX = 24;

const between = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

// Returns the settings, which the caller may change.
export function mouse(link, screen) {
  // reverse: the wheel turns the other way. pointer_area: the part of all the target's screens
  // together that the picture shows, as fractions: left, top, width, height.
  const settings = {relative: false, reverse: false, pointer_area: [0, 0, 1, 1]};
  const area = screen.element;
  let waiting = null;   // an absolute move to be sent
  let by = [0, 0];      // a relative move to be sent
  let wheel = [0, 0];   // parts of notches to be sent, right and up
  let frame = 0;
  const fingers = new Map();
  let gesture = {};

  area.onmousedown = event => button(event, true);
  onmouseup = event => button(event, false);
  onmousemove = event => {
    const ours = document.pointerLockElement || area.contains(event.target) ||
      /button/.test([...link.held.keys()]);  // a drag may leave the picture
    if (ours) move(event);
  };
  area.onwheel = event => {
    event.preventDefault();
    const held = ['leftctrl', 'rightctrl'].some(link.holds);
    if (event.ctrlKey && !held) return screen.zoom(Math.exp(-event.deltaY / 100), event, 0, 0);  // a pinch
    const way = settings.reverse ? -1 : 1;
    scroll(-notches(event, 'X') * way, notches(event, 'Y') * way);
  };
  area.oncontextmenu = area.ondragstart = area.onauxclick = event => event.preventDefault();
  area.onpointerdown = event => touch(event, finger_down);
  area.onpointermove = event => touch(event, finger_move);
  area.onpointerup = area.onpointercancel = event => touch(event, finger_up);
  return settings;

  // Sends the moves that wait, then `lines`.
  function flush(...lines) {
    const whole = by.map(Math.trunc);
    if (whole.some(Boolean)) lines.unshift(`mousemove ${whole.join(' ')}`);
    if (waiting) lines.unshift(`mouseto ${waiting.map(v => v.toFixed(5)).join(' ')}`);
    waiting = null;
    by = by.map((v, i) => v - whole[i]);
    link.send(...lines);
  }

  function soon() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (link.waiting > BACKLOG_BYTES) return soon();
      if (!link.leads) [waiting, by] = [null, [0, 0]];  // a move alone neither takes control nor shows an error
      flush();
    });
  }

  function move(event) {
    point(event);
    if (document.pointerLockElement) shift(event.movementX, event.movementY);
    soon();
  }

  function point(event) {
    const [left, top, width, height] = settings.pointer_area, [x, y] = screen.point(event);
    if (!settings.relative) waiting = [left + x * width, top + y * height];
  }

  function shift(dx, dy) {
    if (settings.relative) by = [by[0] + dx, by[1] + dy];
  }

  function button(event, down) {
    const name = BUTTONS[event.button];
    if (!down && !link.held.has(`button ${name}`)) return;
    event.preventDefault();
    if (down) area.focus({preventScroll: true});
    if (down && close_panel()) return;  // a click that closes a panel does nothing else
    if (down && settings.relative && !document.pointerLockElement)
      return area.requestPointerLock({unadjustedMovement: true})
        ?.catch(() => area.requestPointerLock());
    point(event);
    flush(`button${down ? 'down' : 'up'} ${name}`);
  }

  // How many clicks left or up a wheel turned; parts of one from a touchpad or a wheel of high
  // resolution. Chromium divides by the zoom of the page, which is known to a few percent only; so
  // nearly whole clicks are whole. macOS accelerates a wheel: a slow click is a tenth of a click, a
  // quick one is several. There a fraction of a pixel tells a wheel from a touchpad, which reports
  // whole pixels; Firefox reports lines.
  function notches(event, axis) {
    const zoom = window.chrome ? outerWidth / innerWidth : 1;
    const turned = event[`wheelDelta${axis}`] / CLICK * zoom, whole = Math.round(turned);
    const pixels = event[`delta${axis}`] * devicePixelRatio;
    if (platform.mac && (event.deltaMode || Math.abs(pixels - Math.round(pixels)) > 1e-4)) return Math.sign(turned);
    return Math.abs(turned - whole) < 0.04 * Math.abs(whole) ? whole : turned;
  }

  // Scrolls by notches. Parts of a notch wait until they add up to a whole one.
  function scroll(right, up) {
    const sum = [wheel[0] + right, wheel[1] + up];
    const [h, v] = sum.map(notches => Math.trunc(notches.toFixed(6)));  // rounds away float errors: 0.4 + 0.6 is 1
    wheel = [sum[0] - h, sum[1] - v];
    if (v) flush(`wheel ${v}`);
    if (h) flush(`hwheel ${h}`);
  }

  function touch(event, act) {
    if (event.pointerType !== 'touch') return;
    event.preventDefault();  // otherwise the browser also sends mouse events
    if (act === finger_down || fingers.has(event.pointerId)) act(event);
  }

  // One finger moves the pointer. A tap clicks and a hold right-clicks. If the finger taps, then
  // touches again at once and moves, it drags. Two fingers scroll or zoom, and move a picture that
  // is larger than its frame. A tap with two fingers right-clicks, a tap with three fingers
  // middle-clicks.
  function finger_down(event) {
    area.focus({preventScroll: true});
    if (close_panel()) return;
    fingers.set(event.pointerId, event);
    if (fingers.size === 1) {
      const drag = event.timeStamp - gesture.tapped < AGAIN_MS;
      gesture = {first: event, most: 1, drag};
      point(event);
      if (drag) flush('buttondown left');
      else gesture.hold = setTimeout(() => click('right'), HOLD_MS);
    } else {
      clearTimeout(gesture.hold);
      gesture.most = fingers.size;
      gesture.start = pair();
    }
  }

  function click(button) {
    gesture.done = true;
    flush(`buttondown ${button}`, `buttonup ${button}`);
  }

  // The point midway between two fingers, and their distance.
  function pair() {
    const [a, b] = [...fingers.values()];
    return {clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2, apart: between(a, b)};
  }

  function finger_move(event) {
    const single = gesture.most === 1, before = fingers.get(event.pointerId);
    if (single && !gesture.moved && between(event, gesture.first) < TAP_PX) return;
    const old = !single && fingers.size === 2 && pair();
    fingers.set(event.pointerId, event);
    clearTimeout(gesture.hold);
    if (old) two_fingers(old, pair());
    if (!single || gesture.done) return;
    gesture.moved = true;
    point(event);
    shift(event.clientX - before.clientX, event.clientY - before.clientY);
    soon();
  }

  function two_fingers(old, now) {
    if (Math.abs(now.apart - gesture.start.apart) > PINCH_PX) gesture.way ??= 'pinch';
    if (between(now, gesture.start) > TAP_PX) gesture.way ??= 'scroll';
    const [dx, dy] = [now.clientX - old.clientX, now.clientY - old.clientY];
    if (gesture.way === 'pinch') screen.zoom(now.apart / old.apart, now, dx, dy);
    else if (gesture.way && screen.exceeds) screen.zoom(1, now, dx, dy);
    else if (gesture.way) scroll(-dx / FINGER_NOTCH_PX, dy / FINGER_NOTCH_PX);
    gesture.moved ||= gesture.way;
  }

  function finger_up(event) {
    fingers.delete(event.pointerId);
    clearTimeout(gesture.hold);
    if (fingers.size) return;
    if (gesture.drag) flush('buttonup left');
    else if (!gesture.moved && !gesture.done && event.type === 'pointerup') {
      click(['left', 'right', 'middle'][gesture.most - 1] ?? 'left');
      if (gesture.most === 1) gesture.tapped = event.timeStamp;
    }
  }
}
