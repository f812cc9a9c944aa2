// Counts letters as people do: extended grapheme clusters (UAX #29), by the browser's tables (ECMA-402 Intl.Segmenter).
const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter('ko', { granularity: 'grapheme' });

/** The number of letters in a text; of code points in a browser without a segmenter. The server decides in any case. */
export function countLetters(text: string): number {
  return [...(segmenter?.segment(text) ?? text)].length;
}
