// An X server without a monitor. Keys, clicks and wheel steps enter it by its XTEST extension, so
// that a browser gets them as it gets those of a real keyboard and mouse.
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';

export class Display {
  #server;
  #env;

  static async start({width = 1280, height = 800} = {}) {
    const display = new Display();
    display.#server = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-screen', '0', `${width}x${height}x24`],
      {stdio: ['ignore', 'ignore', 'ignore', 'pipe']});
    const [number] = await once(display.#server.stdio[3], 'data');
    display.#env = {...process.env, DISPLAY: `:${String(number).trim()}`, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1'};
    return display;
  }

  // The environment of a program that draws here.
  get env() { return this.#env; }

  // Sets the layout of the keyboard, as setxkbmap(1) names it.
  layout(name) { execFileSync('setxkbmap', [name], {env: this.#env}); }

  // Runs commands of xdotool(1), for example `keydown`, `a`.
  input(...words) { execFileSync('xdotool', words.map(String), {env: this.#env}); }

  async stop() {
    this.#server.kill();
    await once(this.#server, 'exit');
  }
}
