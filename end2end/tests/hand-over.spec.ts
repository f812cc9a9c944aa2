// Signing in on another device of one's own: digits and a yes, and the link out of an in-app browser.
import type { Page } from '@playwright/test';
import { expectAccessibleByDayAndDusk } from '../support/a11y.ts';
import { keptPages } from '../support/kept.ts';
import { expect, test } from '../support/pair.ts';
import { openFold } from '../support/fold.ts';
import { IPHONE, KAKAOTALK } from '../support/user-agents.ts';

const REFUSED = '숫자가 맞지 않거나 이미 쓰였거나 10분이 지났어요. 쓰던 기기에서 다시 확인해 주세요.';

// Failed tries are counted by address, and all tests have the same one.
test.beforeEach(({ clock }) => clock.advance('+1h'));

/** Makes digits on the page. Returns them as they are shown. */
async function digits(page: Page): Promise<string> {
  await page.goto('/hand-over');
  await page.getByRole('button', { name: /^숫자 (새로 )?받기$/ }).click();
  return page.getByText(/^\d{4} \d{4}$/).innerText();
}

async function type(page: Page, code: string): Promise<void> {
  await page.getByLabel('숫자 여덟 개').fill(code);
  await page.getByRole('button', { name: '다음' }).click();
}

test('from settings to the new phone: digits here, typed there, a yes here, and today opens there', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.goto(pair.at('settings/sign-in'));
  await page.getByRole('link', { name: '다른 내 기기에서 이어 쓰기' }).click();
  await expect(page.getByRole('heading', { level: 1, name: '다른 내 기기에서 이어 쓰기' })).toBeVisible();
  const code = await digits(page);
  await expect(page.getByRole('img', { name: '숫자를 적는 주소가 담긴 QR 코드' })).toBeVisible();
  await expectAccessibleByDayAndDusk(page);

  const { page: phone } = await somebody('민지', { userAgent: IPHONE });
  await phone.goto('/');
  await phone.getByRole('link', { name: '쓰던 사람이에요' }).click();
  await phone.getByRole('link', { name: '다른 기기에서 숫자 받기' }).click();
  await expectAccessibleByDayAndDusk(phone);
  await type(phone, code);
  await expect(phone.getByRole('heading', { name: '쓰던 기기에서 확인해 주세요' })).toBeVisible();
  await expect(phone.getByText('‘아이폰 · Safari’')).toBeVisible();
  await expectAccessibleByDayAndDusk(phone);

  await expect(
    page.getByRole('heading', { name: '아이폰 · Safari에서 들어오려고 해요. 내 기기가 맞나요?' }),
    'live',
  ).toBeVisible();
  await expectAccessibleByDayAndDusk(page);
  // Some people double-click everything.
  await page.getByRole('button', { name: '네, 내 기기예요' }).dblclick();

  await expect(phone).toHaveURL(pair.at('today'));
  await expect(phone.getByLabel('나의 답')).toBeVisible();
  await expect(page.getByText('아이폰 · Safari에서 이어 쓰기 시작했어요.')).toBeVisible();
  await page.goto(pair.at('settings/sign-in'));
  await openFold(page, '들어와 있는 기기');
  await expect(page.getByText('아이폰 · Safari', { exact: true })).toBeVisible();
});

test('digits typed where the recovery code goes are no wrong code, and nobody’s browser changes hands unsaid', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const code = await digits(pair.child.page);
  const { page: phone } = await somebody('민지', { userAgent: IPHONE });
  await phone.goto('/signin');
  await phone.getByLabel('복구 코드').fill(code);
  await phone.getByRole('button', { name: '들어가기' }).click();
  await expect(phone.getByLabel('숫자 여덟 개')).toHaveValue(code.replace(' ', '-'));
  await expect(phone.getByText('님이 들어와 있어요')).toHaveCount(0);

  // The mother's browser is about to sign in as the child.
  const { page } = pair.parent;
  await page.goto(`/signin/digits/${code.replace(' ', '-')}`);
  await expect(page.getByText('님이 들어와 있어요.')).toBeVisible();
  await expectAccessibleByDayAndDusk(page);
});

test('a no is told to the new device, and the other open pages hear of a yes', async ({ pairUp, somebody }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const today = await page.context().newPage();
  await today.goto(pair.at('today'));
  await expect(today.getByLabel('나의 답')).toBeVisible();

  const code = await digits(page);
  const { page: phone } = await somebody('민지', { userAgent: IPHONE });
  await phone.goto('/signin/digits');
  await type(phone, code);
  await page.getByRole('button', { name: '아니에요, 막아 주세요' }).click();
  await expect(phone.getByRole('heading', { name: '쓰던 기기에서 막았어요' })).toBeVisible();
  await expect(page.getByText('막았어요. 내 기기였다면 숫자를 새로 받아 주세요.')).toBeVisible();

  await phone.getByRole('link', { name: '숫자 다시 적기' }).click();
  await type(phone, code);
  await expect(phone.getByRole('alert')).toHaveText(REFUSED);
  await expect(phone.getByLabel('숫자 여덟 개'), 'what was typed stays').toHaveValue(code);
  await type(phone, await digits(page));
  await today.getByLabel('나의 답').fill('쓰던 글');
  await page.getByRole('button', { name: '네, 내 기기예요' }).click();
  await expect(phone).toHaveURL(pair.at('today'));
  await expect(today.getByRole('alert').filter({ hasText: '방금 다른 기기에서 이어 쓰기 시작했어요.' })).toBeVisible();
  await expect(today.getByLabel('나의 답')).toHaveValue('쓰던 글');
});

test('the picture’s address fills the digits in, and nothing of these pages is kept on a device', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  const code = await digits(page);
  const phone = await somebody('민지', { userAgent: IPHONE });
  await phone.page.goto(`/signin/digits/${code.replace(' ', '-')}`);
  await expect(phone.page.getByLabel('숫자 여덟 개')).toHaveValue(code.replace(' ', '-'));
  await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await phone.page.getByRole('button', { name: '다음' }).click();
  await page.getByRole('button', { name: '네, 내 기기예요' }).click();
  await expect(phone.page).toHaveURL(pair.at('today'));
  await expect(page.getByText('아이폰 · Safari에서 이어 쓰기 시작했어요.')).toBeVisible(); // the page is loaded again for it
  await page.goto('/hand-over/0a1b');
  await expect.poll(() => keptPages(phone.page)).toContain(pair.at('today'));
  for (const device of [page, phone.page])
    expect((await keptPages(device)).filter((path) => /hand-over|signin/.test(path))).toEqual([]);
});

test('after five wrong tries a browser waits an hour', async ({ somebody, ownServer }) => {
  const child = await somebody('도윤', { baseURL: ownServer.url });
  await child.startPair();
  const { page: phone } = await somebody('도윤', { baseURL: ownServer.url });
  await phone.goto(`${ownServer.url}/signin/digits`);
  for (let failure = 1; failure <= 5; failure++) {
    await type(phone, `0000 000${failure}`);
    await expect(phone.getByRole('alert')).toHaveText(REFUSED);
  }
  const code = await digits(child.page);
  await type(phone, code);
  await expect(phone.getByRole('alert')).toHaveText('여러 번 맞지 않았어요. 한 시간 뒤에 다시 해 주세요.');
  await ownServer.clock.advance('+1h');
  await ownServer.clock.advance('+1s');
  await child.page.goto('/hand-over');
  await type(phone, await digits(child.page));
  await expect(phone.getByRole('heading', { name: '쓰던 기기에서 확인해 주세요' })).toBeVisible();
});

test('inside KakaoTalk one reads and answers, and one tap leads out with the person in hand', async ({
  somebody,
  pairUp,
}) => {
  const inside = await somebody('민지', { userAgent: KAKAOTALK });
  const pair = await pairUp({ child: inside });
  const { page } = inside;
  await page.goto(pair.at('today'));
  await page.getByLabel('나의 답').fill('운동장 뒤 등나무 벤치요.');
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
  await page.reload();
  await expectAccessibleByDayAndDusk(page);
  const leaving = page.waitForRequest(/^kakaotalk:/);
  await page.getByRole('button', { name: '기본 브라우저로 열기' }).click();
  const way = new URL((await leaving).url());
  expect(way.href).toMatch(/^kakaotalk:\/\/web\/openExternal\?url=/);
  // There is no KakaoTalk to open the address here, so the page shows it as a link.
  await expect(page.getByRole('link', { name: '기본 브라우저로 열기' })).toHaveAttribute('href', way.href);

  const { page: browser } = await somebody('민지');
  await browser.goto(way.searchParams.get('url')!);
  await expect(browser.getByText('민지'), 'nobody is named before the tap').toHaveCount(0);
  await expectAccessibleByDayAndDusk(browser);
  await browser.getByRole('button', { name: '여기서 이어 쓰기' }).click();
  await expect(browser.getByRole('heading', { name: '민지 님, 어서 오세요' })).toBeVisible();
  await browser.getByRole('link', { name: '엄마와 나' }).click();
  await expect(browser.getByText('운동장 뒤 등나무 벤치요.').first()).toBeVisible();

  const { page: second } = await somebody('민지');
  await second.goto(way.searchParams.get('url')!);
  await second.getByRole('button', { name: '여기서 이어 쓰기' }).click();
  await expect(second.getByRole('alert')).toContainText('이미 쓰였거나 2분이 지났어요.');
});
