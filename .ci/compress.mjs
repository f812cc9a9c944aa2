// compress.mjs FOLDER: writes .br (quality 11) and .gz next to every text-like file below a folder.
// A file is skipped if its .br and .gz are at least as new as the file. A .br or .gz without its file is removed.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT_LIKE = /\.(js|wasm|css|svg|webmanifest|html|txt)$/;
const folder = process.argv[2];

const isFresh = (companion, file) => existsSync(companion) && statSync(companion).mtimeMs >= statSync(file).mtimeMs;

for (const name of readdirSync(folder, { recursive: true })) {
  const file = join(folder, name);
  const source = file.replace(/\.(br|gz)$/, '');
  if (source !== file && TEXT_LIKE.test(source) && !existsSync(source)) rmSync(file);
  if (!TEXT_LIKE.test(file) || !statSync(file).isFile()) continue;
  if (isFresh(`${file}.br`, file) && isFresh(`${file}.gz`, file)) continue;

  const bytes = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 22, // the largest window that every browser accepts
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
