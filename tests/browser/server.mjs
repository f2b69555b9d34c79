// A `sapwood serve` of our own that can be stopped and started again on the same port and data, and what an operator
// would do to it with curl.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROJECT = '/api/v1/projects/default';

export class Server {
  #binary;
  #data;
  #options;
  #process;
  #errors = '';

  /** A server on a fresh data folder and a free port. */
  static async start(binary, options = []) {
    const server = new Server();
    server.#binary = binary;
    server.#options = options;
    server.#data = await mkdtemp(join(tmpdir(), 'sapwood-serve-'));
    const ready = await server.#spawn('127.0.0.1:0');
    server.url = ready.url;
    server.admin = ready.admin_token;
    server.application = ready.server_token;
    server.client = ready.client_token;
    return server;
  }

  async #spawn(listen) {
    const options = ['serve', '--json', '--listen', listen, '--data', this.#data, ...this.#options];
    this.#process = spawn(this.#binary, options, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    const lines = createInterface({ input: this.#process.stdout });
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(this.#process, 'exit').then(([code]) => {
        throw new Error(`the server ended (${code})\n${this.#errors}`);
      }),
    ]);
    return JSON.parse(line);
  }

  async #end() {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
  }

  /** Stops it; `start` makes it come back where it was. */
  async stop() {
    await this.#end();
    return { start: () => this.#spawn(new URL(this.url).host) };
  }

  /** Everything it said on standard error. */
  get said() {
    return this.#errors;
  }

  async close() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.#end();
    await rm(this.#data, { recursive: true, force: true, maxRetries: 5 });
  }

  /** As an administrator; the answer must be good. */
  async manage(method, path, body) {
    const response = await fetch(`${this.url}${PROJECT}/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.admin}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** A flag, and what it serves in production. */
  async flag(key, flag, targeting) {
    await this.manage('PUT', `flags/${key}`, { flag: { client_visible: true, ...flag } });
    await this.manage('PUT', `environments/production/flags/${key}`, { targeting: { on: true, rules: [], ...targeting } });
  }

  /** A boolean flag that serves one of its variants to everybody. */
  async serve(key, variant) {
    const variants = { on: true, off: false };
    await this.flag(key, { type: 'boolean', variants }, { off_variant: 'off', default: { variant } });
  }
}
