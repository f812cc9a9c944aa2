import type { Page } from '@playwright/test';
import { expect, test } from '../support/pair.ts';
import { KAKAOTALK } from '../support/user-agents.ts';

const REFUSED = '코드가 맞지 않거나 이미 쓰였거나 기한이 지났어요. 보낸 분에게 확인해 주세요.';

async function type(page: Page, code: string) {
  await page.goto('/join');
  await page.getByLabel('초대 코드').fill(code);
  await page.getByRole('button', { name: '초대 확인' }).click();
}

/** The code as somebody copies it by hand: small letters, spaces, o for 0, l for 1. */
const scrawled = (code: string) =>
  ` ${code.slice(0, 3)} ${code.slice(3, 7)}-${code.slice(7)} `.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');

// Failed tries are counted by address, and all tests have the same one.
test.beforeEach(({ clock }) => clock.advance('+1h'));

test('a bare code may be written as people write', async ({ somebody }) => {
  const [child, parent] = [await somebody('서연'), await somebody('미경')];
  const code = await child.invite(await child.startPair());
  await type(parent.page, scrawled(code));
  await expect(parent.page.getByRole('heading', { name: '서연이 기다리고 있어요' })).toBeVisible();
});

test('a wrong, a used, a withdrawn and a late code say the same', async ({ somebody, clock }) => {
  const { page } = await somebody('태오');
  const child = await somebody('준호');
  const pair = await child.startPair();
  const late = await child.invite(pair);
  await clock.advance('+8d');
  const withdrawn = await child.invite(pair);
  await child.post('withdraw_invitation', { pair });
  const used = await child.invite(pair);
  await (await somebody('은주')).join(used);

  for (const code of ['0123456789', late, withdrawn, used]) {
    await type(page, code);
    await expect(page.getByRole('alert')).toHaveText(REFUSED);
    await expect(page.getByLabel('초대 코드'), 'what was typed stays').toHaveValue(code);
  }
});

test('nobody joins themselves', async ({ somebody }) => {
  const child = await somebody('민지');
  const code = await child.invite(await child.startPair());
  await type(child.page, code);
  await expect(child.page.getByText('민지 님으로 들어가요.')).toBeVisible();
  await child.page.getByLabel('엄마').check();
  await child.page.getByRole('button', { name: '함께하기' }).click();
  await expect(child.page.getByText('내가 보낸 초대예요. 다른 사람에게 보내 주세요.')).toBeVisible();
});

test('two who are a pair already do not become another', async ({ pairUp }) => {
  const pair = await pairUp();
  const again = await pair.child.startPair();
  await type(pair.parent.page, await pair.child.invite(again));
  await pair.parent.page.getByLabel('엄마').check();
  await pair.parent.page.getByRole('button', { name: '함께하기' }).click();
  await expect(pair.parent.page.getByText('두 사람은 이미 짝이에요.')).toBeVisible();
});

test('a preview robot that opens the link uses nothing up and learns no name', async ({
  somebody,
  playwright,
  baseURL,
}) => {
  const [child, parent] = [await somebody('하은'), await somebody('정숙')];
  const code = await child.invite(await child.startPair());
  const robot = await playwright.request.newContext({
    baseURL,
    userAgent: 'facebookexternalhit/1.1; kakaotalk-scrap/1.0',
  });
  for (let time = 0; time < 3; time++) {
    const html = await (await robot.get(`/join/${code}`)).text();
    expect(html).not.toContain('하은');
    expect(html).toContain('<meta property="og:title" content="엄빠도 어렸다"');
    expect(html).toMatch(/<meta property="og:image" content="http[^"]+\/og\.png"/);
  }
  await robot.dispose();
  await parent.join(code);
});

test('a withdrawn invitation is gone from the page and a new one has another code', async ({ somebody }) => {
  const child = await somebody('지훈');
  const pair = await child.startPair();
  const first = await child.invite(pair);
  const { page } = child;
  await page.goto(`/p/${pair}/invite`);
  await page.getByRole('button', { name: '초대 거두기' }).click();
  await expect(page.getByRole('button', { name: '초대 만들기' })).toBeVisible();
  await page.getByRole('button', { name: '초대 만들기' }).click();
  const second = await page.getByText(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/).innerText();
  expect(second.replace('-', '')).not.toBe(first);
});

test('inside KakaoTalk the way out is offered before joining, and joining inside still works', async ({
  somebody,
  baseURL,
}) => {
  const child = await somebody('유나');
  const code = await child.invite(await child.startPair());
  const { page } = await somebody('기남', { userAgent: KAKAOTALK });
  await page.goto(`/join/${code}`);
  const out = page.getByRole('link', { name: '기본 브라우저로 열기' });
  await expect(out).toHaveAttribute(
    'href',
    `kakaotalk://web/openExternal?url=${encodeURIComponent(`${baseURL}/join/${code}`)}`,
  );

  await page.getByRole('button', { name: '초대 확인' }).click();
  await page.getByLabel('이름').fill('기남');
  await page.getByLabel(/만 14세 이상/).check();
  await page.getByLabel('할아버지').check();
  await page.getByRole('button', { name: '함께하기' }).click();
  await page.getByRole('button', { name: '보관했어요' }).click();
  await expect(page.getByLabel('나의 답')).toBeVisible();
});

test('in an ordinary browser nothing is said about apps', async ({ page }) => {
  await page.goto('/join');
  await expect(page.getByRole('button', { name: '초대 확인' })).toBeVisible();
  await expect(page.getByRole('link', { name: '기본 브라우저로 열기' })).toHaveCount(0);
});

test('after ten failures the next try waits an hour', async ({ somebody, ownServer }) => {
  const child = await somebody('도윤', { baseURL: ownServer.url });
  const code = await child.invite(await child.startPair());
  const { page } = await somebody('말순', { baseURL: ownServer.url });
  for (let failure = 1; failure < 10; failure++)
    await page.request.post('/api/check_invitation', { form: { code: '0123456789' } });
  await type(page, '0123456789');
  await expect(page.getByRole('alert')).toHaveText(REFUSED);

  await type(page, '9876543210');
  await expect(page.getByRole('alert')).toHaveText('여러 번 맞지 않았어요. 한 시간 뒤에 다시 해 주세요.');
  await expect(page.getByLabel('초대 코드')).toHaveValue('9876543210');
  await ownServer.clock.advance('+1h');
  await ownServer.clock.advance('+1s');
  await type(page, code);
  await expect(page.getByRole('heading', { name: '도윤이 기다리고 있어요' })).toBeVisible();
});
