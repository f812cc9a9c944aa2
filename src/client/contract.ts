// The contract with Rust: every function and class that `src/browser/client.rs` imports, and the types of the values
// that cross. Rust names no other file of this folder. `src/tests/contract.rs` compares the two files.
import './forms.ts';
import './leave.ts';

export { areTextsSaved, loadText, saveText, settleTexts, startTexts } from './drafts.ts';
export { countLetters } from './letters.ts';
export { subscribe } from './push.ts';
export { askAgain, startRenewal } from './renewal.ts';
export { onSettled, submitText } from './send_queue.ts';

/** A variant of `ApiError` (`src/api/error.rs`), as the server sends it. */
export type ErrorCode = string;

/** What a text is written for. */
export class Place {
  readonly pair: string;
  readonly question: string;
  /** The number of the wording. */
  readonly version: number;
  /** How many revisions of their own answer the writer has seen. */
  readonly base: number;

  constructor(pair: string, question: string, version: number, base: number) {
    this.pair = pair;
    this.question = question;
    this.version = version;
    this.base = base;
  }
}

/** A text that this device holds for a field. */
export interface FoundText {
  readonly text: string;
  /** It was sent and waits for the network. */
  readonly isQueued: boolean;
  /** Another app shared it, and it is not saved yet. */
  readonly isNew: boolean;
}

/** What became of an answer: the server took it, it waits on this device, or it was refused. */
export interface Sent {
  readonly state: 'taken' | 'queued' | 'refused';
  /** Why it was refused. */
  readonly error?: ErrorCode;
}

/** A stored draft, for Rust to judge. */
export interface Draft {
  readonly question: string;
  readonly version: number;
  /** `null`: only the server knows. */
  readonly base: number | null;
  readonly text: string;
}

/** What becomes of a stored draft: it stays, it is dropped, or it is put aside with a reason. */
export type Verdict = 'keep' | 'drop' | 'PairClosed' | 'AlreadyOpen' | 'Swapped' | 'AnsweredElsewhere';
