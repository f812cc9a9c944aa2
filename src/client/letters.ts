// What a person calls a letter: extended grapheme clusters (UAX #29), by the browser's own tables (ECMA-402 Intl.Segmenter).
const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter('ko', { granularity: 'grapheme' });

/** The number of letters in a text. A browser without a segmenter counts code points; the server decides in any case. */
export function count_letters(text: string): number {
  return [...(segmenter?.segment(text) ?? text)].length;
}
