// A Keyhall that a script starts, stops and starts again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts the demo on a folder; `stop` ends it as its operator would, and waits for it. */
export async function start(binary, folder, addr = '127.0.0.1:0') {
  const child = spawn(binary, ['demo', '--addr', addr, '--data-dir', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const site = /http:\/\/[0-9.:]+/.exec(line)?.[0];
    if (!site) continue;
    child.stdout.resume();
    return { site, stop: () => (child.kill('SIGTERM'), ended) };
  }
  throw new Error('the demo did not start');
}
