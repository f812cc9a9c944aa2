// count.mjs RUST_LOG… PLAYWRIGHT_JSON: the summary of a test run. It prints the error of each failed browser test,
// then "N passed, N failed".
// A missing file means that the run ended before that step. If a file cannot be parsed, no summary line is printed.
import { existsSync, readFileSync } from 'node:fs';

/** Reads the summary of cargo-nextest, or else the "test result" lines of cargo test. */
function rust(text) {
  const summary = text.replace(/\x1b\[[0-9;]*m/g, '').match(/^\s*Summary \[.*?\] .*tests? run: (.*)$/m);
  if (summary) {
    const sum = (what) => [...summary[1].matchAll(what)].reduce((total, [, n]) => total + Number(n), 0);
    return { passed: sum(/(\d+) passed/g), failed: sum(/(\d+) (?:failed|timed out|exec failed)/g) };
  }
  const results = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)];
  if (results.length === 0) return null;
  return results.reduce((t, [, p, f]) => ({ passed: t.passed + Number(p), failed: t.failed + Number(f) }), {
    passed: 0,
    failed: 0,
  });
}

/** Reads Playwright's JSON report. Returns null for errors outside any test, such as a spec that does not parse. */
function playwright(text) {
  const { stats, errors, suites } = JSON.parse(text);
  suites.forEach(sayWhy);
  if (errors.length > 0) return null;
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected };
}

/** Prints the first lines of each failure, because most readers look only at the end of a long log. */
function sayWhy({ suites = [], specs = [] }) {
  suites.forEach(sayWhy);
  for (const { title, file, line, tests } of specs) {
    const failure = tests.flatMap(({ results }) => results).find(({ error }) => error);
    if (!failure) continue;
    const lines = (failure.error.message ?? '')
      .replace(/\x1b\[[0-9;]*m/g, '')
      .split('\n')
      .slice(0, 16);
    console.log(`✘ ${file}:${line} ${title}\n${lines.map((line) => `    ${line}`).join('\n')}`);
  }
}

const read = (file, parse) => {
  if (!existsSync(file)) return [];
  try {
    return [parse(readFileSync(file, 'utf8'))];
  } catch {
    return [null];
  }
};

const rustLogs = process.argv.slice(2);
const report = rustLogs.pop();
const counts = [...rustLogs.flatMap((log) => read(log, rust)), ...read(report, playwright)];
if (counts.length > 0 && counts.every(Boolean)) {
  const total = (key) => counts.reduce((sum, count) => sum + count[key], 0);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
}
