// A running `sapwood demo`, and everything it says while the story goes on.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';

export class Demo {
  /** Every JSON line so far. */
  happenings = [];
  #process;
  #said = new EventEmitter();
  #errors = '';

  constructor(binary) {
    this.#process = spawn(binary, ['demo', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.happenings.push(JSON.parse(line));
      this.#said.emit('line');
    });
    this.#process.once('error', (error) => this.#said.emit('error', error));
    this.#process.once('exit', (code) => {
      const last = JSON.stringify(this.happenings.at(-1));
      this.#said.emit('error', new Error(`the demo ended (${code}) after ${last}\n${this.#errors}`));
    });
    // Without a listener an early end would crash the test process instead of failing the test that waits.
    this.#said.on('error', () => {});
  }

  /** The first happening named `event`, as soon as it is there; fails when the demo ends before it. */
  async until(event) {
    for (;;) {
      const found = this.happenings.find((happening) => happening.event === event);
      if (found) return found;
      if (this.#process.exitCode !== null) throw new Error(`the demo ended without \`${event}\`\n${this.#errors}`);
      await once(this.#said, 'line');
    }
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
  }
}
