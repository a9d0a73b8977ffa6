// Packs what Vite built: each file is kept compressed only, which is how it is embedded and sent.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const site = 'dist/site';
let files = 0, raw = 0, packed = 0;
for (const name of readdirSync(site, { recursive: true })) {
  const path = join(site, name);
  if (!statSync(path).isFile()) continue;
  const text = readFileSync(path);
  const small = gzipSync(text, { level: 9 });
  writeFileSync(`${path}.gz`, small);
  rmSync(path);
  files++, raw += text.length, packed += small.length;
}
console.log(`explorer: ${files} files, ${(raw / 1e6).toFixed(1)} MB, ${(packed / 1e6).toFixed(1)} MB packed`);
