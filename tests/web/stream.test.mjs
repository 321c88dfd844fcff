// /stream in an <img>: what Chromium has on the screen.
import {after, before, test} from 'node:test';
import {shows_lone_pictures} from './lone_picture.mjs';
import {Server, visit} from './pipe.mjs';

let server;
before(async () => server = await Server.start());
after(() => server.stop());

for (const path of ['/stream', '/stream?advance_headers=1'])
  test(`${path}: a picture that no other follows shows at once`, async () => {
    const page = await visit(server, {path: 'login'});
    await shows_lone_pictures(server,
      (code, ...args) => page.evaluate(`(async args => {${code}})(${JSON.stringify(args)})`), path);
  });
