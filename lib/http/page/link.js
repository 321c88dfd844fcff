// The page's only WebSocket (kvm-mjpeg-httpd(1), WEBSOCKET): receives pictures and state, sends
// action lines. Knows which keys and buttons this page holds down, whichever part of the page
// pressed them, and releases them when the page loses the focus.

const BEAT_MS = 150;    // the server releases our keys after 500 ms without a message
const PROBE_MS = 5000;  // a server that sends nothing for this time counts as gone
const LONGEST_WAIT_MS = 10000, CONNECT_MS = 5000;

// Updates `held` (key or button that is down → the line that releases it) for an action line.
export function note(held, line) {
  const [, kind, way, name] = /^(key|button)(down|up) (.+)/.exec(line) ?? [];
  if (way === 'down') held.set(`${kind} ${name}`, `${kind}up ${name}`);
  else if (way === 'up') held.delete(`${kind} ${name}`);
  else if (line === 'releaseall') held.clear();
}

const in_time = () => ({signal: AbortSignal.timeout(PROBE_MS - 500)});

// Why the server takes no input from this page; undefined if it would. The server judges the origin
// of a POST as it judges that of a WebSocket, but a page can read only the answer to a POST.
async function refusal() {
  const reply = await fetch('check', {method: 'POST', ...in_time()});
  return reply.status === 403 ? (await reply.json()).why : undefined;
}

export class Link extends EventTarget {
  held = new Map();  // "key a" → the line that releases it
  state = null;      // the last state message; null while there is no link
  number = 0;        // lines sent since the link came up
  quiet = false;     // the lines being sent are secret: a recording must leave them out
  #failures = 0;     // failed attempts to connect, in a row
  #bare = false;     // the server answers, but no WebSocket can be opened
  #why = '';         // the reason that the server gave when it closed the link
  #heard;            // when the last message came, by our clock
  #socket;
  #retry;

  constructor() {
    super();
    setInterval(() => this.held.size && this.tell({op: 'beat'}), BEAT_MS);
    setInterval(() => this.#probe(), PROBE_MS);
    for (const away of ['blur', 'pagehide']) addEventListener(away, () => this.release());
    addEventListener('online', () => this.connect());
    document.addEventListener('visibilitychange', () => document.hidden ? this.release() : this.connect());
  }

  get open() { return this.#socket?.readyState === WebSocket.OPEN; }
  get waiting() { return this.#socket?.bufferedAmount ?? 0; }  // bytes not yet on the wire

  connect() {
    if (this.open) return;
    this.drop();
    const socket = this.#socket = new WebSocket(new URL('ws', location.href.replace(/^http/, 'ws')));
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({data}) => {
      this.#heard = Date.now();
      typeof data === 'string' ? this.#hear(JSON.parse(data)) : this.#emit('picture', data);
    };
    socket.onclose = ({reason}) => this.#lost(reason);
    this.#retry = setTimeout(() => this.#lost(), CONNECT_MS);
  }

  drop() {
    clearTimeout(this.#retry);
    if (!this.#socket) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  #lost(why = '') {
    this.drop();
    this.#why = why;
    this.held.clear();
    this.state = null;
    this.number = 0;
    const wait_ms = Math.min(500 * 2 ** this.#failures++, LONGEST_WAIT_MS) * (0.8 + 0.4 * Math.random());
    this.#retry = setTimeout(() => this.connect(), wait_ms);
    this.#emit('released');
    if (!this.#bare) this.#emit('lost', {attempt: this.#failures, wait_ms});
    this.#probe();
  }

  #hear(message) {
    if (message.op === 'state') {
      const first = !this.state;
      this.state = message;
      if (this.other != null && this.held.size) {  // another viewer took over: the server released our keys
        this.held.clear();
        this.#emit('released');
      }
      if (first) {
        clearTimeout(this.#retry);
        this.#failures = 0;
        this.#bare = false;
        this.#emit('first');
        this.#probe();
      }
    }
    this.#emit(message.op, message);
  }

  on(name, act, options) { this.addEventListener(name, ({detail}) => act(detail), options); }
  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, {detail})); }

  // Gets the state over plain HTTP, to distinguish a dead link, a still picture and an ended
  // session.
  async #probe() {
    if (document.hidden) return;
    const asked = Date.now();
    try {
      const reply = await fetch('state', in_time());
      if (reply.status === 401) return location.reload();
      const {result} = await reply.json();
      this.#emit('probe', {now_us: result.kvm.now_us, asked, answered: Date.now()});
      if (this.#failures > 1) this.#emit('bare', {result, first: !this.#bare, refusal: this.#why || await refusal()});
      this.#bare = this.#failures > 1;
    } catch {
      this.#bare = false;
      if (this.open && this.#heard < asked) this.#lost();
    }
  }

  // Whether the server reports which lines the target took; and how many lines are not yet taken.
  get has_receipts() { return Boolean(this.state?.kvm.keyboard); }
  get behind() { return this.has_receipts ? this.number - this.state.you.taken : 0; }

  // The viewer who controls instead of us; null if there is none.
  get other() {
    const {you, kvm: {controller}} = this.state;
    return you.controller || controller.shared ? null : controller.id;
  }

  // Whether we may send, and already have control or are the only viewer.
  get leads() {
    if (!this.state) return false;
    const {you, kvm: {controller, viewers}} = this.state;
    return you.role === 'control' && this.other == null && (you.controller || controller.shared || viewers === 1);
  }

  // Sends a control message. False if there is no link.
  tell(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
    return this.open;
  }

  // Whether we may send lines. If nobody has control, the first viewer who sends gets it.
  #may() {
    if (!this.open || !this.state) return false;
    if (this.state.you.role === 'control' && this.other == null) return true;
    this.#emit('denied');
    return false;
  }

  // Sends action lines in order. False if they were not sent.
  send(...lines) {
    if (!lines.length || !this.#may()) return false;
    this.#socket.send(lines.join('\n'));
    for (const line of lines) note(this.held, line);
    this.#emit('sent', lines);  // `number` does not count them yet: lines[0] is `number` + 1
    this.number += lines.length;
    return true;
  }

  holds = key => this.held.has(`key ${key}`);

  release() {
    this.send(...this.held.values());
    this.held.clear();
    this.#emit('released');
  }
}
