// People with browsers of their own. They are made and paired by posting the app's forms, so that a spec drives in the
// browser only what it is about. Specs import `test` and `expect` from here.
import type { BrowserContext, BrowserContextOptions, Page, TestInfo } from '@playwright/test';
import { expect, test as base } from './server.ts';

export { expect } from './server.ts';

// The names and relations of `src/server/storage/seeds.rs`.
const PARENTS = {
  순자: 'mother',
  영호: 'father',
  미경: 'mother',
  정숙: 'grandmother',
  상철: 'father',
  말순: 'grandmother',
  기남: 'grandfather',
  은주: 'mother',
};
const CHILDREN = {
  민지: 'daughter',
  준호: 'son',
  서연: 'daughter',
  도윤: 'son',
  하은: 'daughter',
  지훈: 'son',
  유나: 'daughter',
  태오: 'son',
};
type ParentName = keyof typeof PARENTS;
type ChildName = keyof typeof CHILDREN;
type Name = ParentName | ChildName;

type Fields = Record<string, string>;

/** The part of `TodayView` that tests read. */
export interface Today {
  as_of: number;
  /** The pair's local date. */
  today: string;
  question: Question | null;
  later: Question[];
}

export interface Question {
  id: string;
  version: number;
  number: number;
  topic: string;
  wording: string;
  revisions: string[];
  /** Who has answered, as this person may know it; an object where words are shown. */
  answers: 'Open' | 'OtherIsWaiting' | object;
}

/** A person at one device. */
export class Person<N extends Name = Name> {
  private isSignedUp = false;

  constructor(
    readonly name: N,
    readonly page: Page,
  ) {}

  /** Posts a form as this browser would. Returns the address of the redirect, and throws a refusal. */
  async post(form: string, fields: Fields = {}): Promise<string> {
    const response = await this.page.request.post(`/api/${form}`, {
      form: fields,
      headers: { accept: 'text/html' },
      maxRedirects: 0,
    });
    if (response.status() !== 303) throw new Error(`${this.name}: ${form} was answered with ${response.status()}`);
    return response.headers().location;
  }

  async signUp(): Promise<void> {
    if (this.isSignedUp) return;
    await this.post('sign_up', { name: this.name, consent: 'yes', zone: 'Asia/Seoul' });
    this.isSignedUp = true;
  }

  /** Signs in on this device with the recovery code from another device. */
  async signInAs(elsewhere: Person): Promise<void> {
    await this.post('sign_in', { code: await elsewhere.recoveryCode() });
    this.isSignedUp = true;
  }

  /** Starts a pair in the seat that this name is for. Returns the pair's id. */
  async startPair(pushTime = '21:00'): Promise<string> {
    await this.signUp();
    const seat: Fields =
      this.name in PARENTS
        ? { role: 'parent', parent_relation: this.relation }
        : { role: 'child', child_relation: this.relation };
    const today = await this.post('start_pair', { ...seat, push_time: pushTime, zone: 'Asia/Seoul' });
    return today.split('/')[2];
  }

  /** Makes an invitation. Returns its code. */
  async invite(pair: string): Promise<string> {
    await this.post('invite', { pair });
    const [, code] = (await this.cookie('__Host-invitation')).split('.');
    return code;
  }

  /** Takes the other seat with a code, and signs up if need be. */
  async join(code: string): Promise<void> {
    await this.post('check_invitation', { code });
    await this.post('join', { name: this.name, consent: 'yes', relation: this.relation, zone: 'Asia/Seoul' });
    this.isSignedUp = true;
  }

  /** Today's view, as this person may see it. */
  async today(pair: string): Promise<Today> {
    const response = await this.page.request.post('/api/today', { form: { pair } });
    if (!response.ok()) throw new Error(`${this.name}: today was answered with ${response.status()}`);
    return (await response.json()) as Today;
  }

  /** Answers today's question. */
  async answer(pair: string, body: string): Promise<void> {
    const { question } = await this.today(pair);
    await this.post('submit_answer', { daily_question: question!.id, version: String(question!.version), body });
  }

  /** Opens a page of a pair and waits until it is hydrated and has its feed. */
  async open(path: string): Promise<void> {
    const line = this.page.waitForResponse(/\/events\?/);
    await this.page.goto(path);
    await line;
  }

  /** The recovery code that this browser shows until the person has noted it. */
  async recoveryCode(): Promise<string> {
    const [, code] = (await this.cookie('__Host-recovery')).split('.');
    return code;
  }

  private get relation(): string {
    return { ...PARENTS, ...CHILDREN }[this.name];
  }

  private async cookie(name: string): Promise<string> {
    const cookie = (await this.page.context().cookies()).find((cookie) => cookie.name === name);
    if (!cookie) throw new Error(`${this.name} has no cookie ${name}`);
    return cookie.value;
  }
}

/** A parent and a child who answer together. */
export class Pair {
  constructor(
    readonly id: string,
    readonly parent: Person,
    readonly child: Person,
  ) {}

  /** The address of a page of this pair. */
  at(page: string): string {
    return `/p/${this.id}/${page}`;
  }

  /** Both answer today's question: the card opens. */
  async complete(parentSays = '골목에서 고무줄을 했지.', childSays = '운동장 뒤 등나무 벤치요.'): Promise<void> {
    await this.parent.answer(this.id, parentSays);
    await this.child.answer(this.id, childSays);
  }
}

interface Pairing {
  parent?: Person<ParentName> | ParentName;
  child?: Person<ChildName> | ChildName;
  pushTime?: string;
}

export type People = {
  /** A person who has not signed up, with a browser of their own. */
  somebody: <N extends Name>(name: N, options?: BrowserContextOptions) => Promise<Person<N>>;
  /** A child who invited and a parent who joined. Their first question is open. */
  pairUp: (pairing?: Pairing) => Promise<Pair>;
};

/**
 * Leads every page away before its browser closes. Chromium never finishes closing one whose page loads itself again in
 * that moment, as a page does when it receives an event.
 */
export async function leave(context: BrowserContext): Promise<void> {
  // The page may load itself in between.
  await Promise.all(context.pages().map((page) => expect(async () => void (await page.goto('about:blank'))).toPass()));
}

/** The pages of a failing test stay open for the picture. */
const isPassing = ({ status, expectedStatus }: TestInfo) => status === expectedStatus;

export const test = base.extend<People>({
  context: async ({ context }, use, testInfo) => {
    await use(context);
    if (isPassing(testInfo)) await leave(context);
  },

  somebody: async ({ browser }, use, testInfo) => {
    const contexts: BrowserContext[] = [];
    await use(async (name, options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      return new Person(name, await context.newPage());
    });
    if (isPassing(testInfo)) await Promise.all(contexts.map(leave));
    await Promise.all(contexts.map((context) => context.close()));
  },

  pairUp: async ({ somebody }, use) => {
    await use(async ({ parent = '순자', child = '민지', pushTime } = {}) => {
      const inviter = typeof child === 'string' ? await somebody(child) : child;
      const joiner = typeof parent === 'string' ? await somebody(parent) : parent;
      const id = await inviter.startPair(pushTime);
      await joiner.join(await inviter.invite(id));
      return new Pair(id, joiner, inviter);
    });
  },
});
