// Fails when a question of the catalogue has outgrown the question font, when a syllable of people's names (NAMES in
// make.py) is not in it, or when it is larger than 150 kB.
//
//     node end2end/font/check.mjs        (then, if it fails: end2end/font/make.py)

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fontkit from 'fontkit';

const LIMIT = 150_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const fontPath = join(root, 'public/fonts/question.woff2');
const catalogue = join(root, 'src/server/catalogue');

const font = fontkit.create(readFileSync(fontPath));
const problems = [];
const missingOf = (text) =>
  [...new Set(text)]
    .filter((character) => !/\p{Cc}/u.test(character) && !font.hasGlyphForCodePoint(character.codePointAt(0)))
    .sort();

for (const file of readdirSync(catalogue)
  .filter((name) => name.endsWith('.toml'))
  .sort()) {
  // Whole comment lines are nobody's question; everything else in the file may be shown.
  const text = readFileSync(join(catalogue, file), 'utf8').replace(/^\s*#.*$/gm, '');
  const missing = missingOf(text);
  if (missing.length > 0) problems.push(`${file}: not in the question font: ${missing.join(' ')}`);
}

// Python has the only list. A list that is not found there, or is nearly empty, is an error like a missing syllable.
const names = readFileSync(join(root, 'end2end/font/make.py'), 'utf8').match(/^NAMES = """\n(.*?)^"""$/ms)?.[1] ?? '';
const syllables = new Set(names.match(/[가-힣]/g));
if (syllables.size < 250)
  problems.push(`make.py: NAMES holds ${syllables.size} syllables, at least 250 are looked for`);
const nameless = missingOf(names);
if (nameless.length > 0) problems.push(`make.py: NAMES: not in the question font: ${nameless.join(' ')}`);

const bytes = statSync(fontPath).size;
if (bytes > LIMIT) problems.push(`question.woff2 weighs ${bytes} bytes, more than ${LIMIT}`);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error('run: target/tools/font-venv/bin/python end2end/font/make.py');
  process.exit(1);
}
const covered = `every question and ${syllables.size} syllables of names covered`;
console.log(`question font: ${font.numGlyphs} glyphs, ${bytes} bytes, ${covered}`);
