// css.mjs IN OUT: bundles and minifies a style sheet with its imports. A parse error prints file and line and fails.
// Paths in url() are not changed, so use absolute paths.
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { writeFileSync } from 'node:fs';

const { bundle } = createRequire(new URL('../end2end/package.json', import.meta.url))('lightningcss');
const [input, output] = process.argv.slice(2);

try {
  const { code, warnings } = bundle({ filename: input, minify: true });
  for (const { message, loc } of warnings) {
    console.error(`${relative('.', loc.filename)}:${loc.line}:${loc.column}: ${message}`);
  }
  if (warnings.length > 0) process.exit(1);
  writeFileSync(output, code);
} catch (error) {
  const where = error.loc ? `${relative('.', error.fileName ?? input)}:${error.loc.line}:${error.loc.column}: ` : '';
  console.error(`${where}${error.message}`);
  process.exit(1);
}
