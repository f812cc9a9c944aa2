import { expect, test } from '../../support/pair.ts';
import { KAKAOTALK } from '../../support/user-agents.ts';

test('digits, the question and the yes are links and forms, and the new device asks again by itself', async ({
  pairUp,
  somebody,
}) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await page.goto(pair.at('settings/sign-in'));
  await page.getByRole('link', { name: '다른 내 기기에서 이어 쓰기' }).click();
  await page.getByRole('button', { name: '숫자 받기' }).click();
  const code = await page.getByText(/^\d{4} \d{4}$/).innerText();

  const { page: phone } = await somebody('민지');
  await phone.goto('/signin');
  await phone.getByRole('link', { name: '다른 기기에서 숫자 받기' }).click();
  await phone.getByLabel('숫자 여덟 개').fill(code);
  await phone.getByRole('button', { name: '다음' }).click();
  await expect(phone.getByRole('heading', { name: '쓰던 기기에서 확인해 주세요' })).toBeVisible();
  // The page of the device asks again by itself, too.
  await page.getByRole('button', { name: '네, 내 기기예요' }).click();
  await expect(page.getByText(/^확인했어요\./)).toBeVisible();
  await expect(page.getByRole('button', { name: '숫자 새로 받기' }), 'and a way on').toBeVisible();

  await phone.getByRole('button', { name: '들어가기' }).click();
  await expect(phone).toHaveURL(pair.at('today'));
  await expect(phone.getByLabel('나의 답')).toBeVisible();
});

test('out of an app’s browser it takes one tap more', async ({ pairUp, somebody }) => {
  const pair = await pairUp({ child: await somebody('민지', { userAgent: KAKAOTALK }) });
  const { page } = pair.child;
  await page.goto(pair.at('today'));
  await page.getByRole('button', { name: '기본 브라우저로 열기' }).click();
  const way = new URL((await page.getByRole('link', { name: '기본 브라우저로 열기' }).getAttribute('href'))!);
  const { page: browser } = await somebody('민지');
  await browser.goto(way.searchParams.get('url')!);
  await browser.getByRole('button', { name: '여기서 이어 쓰기' }).click();
  await expect(browser.getByRole('heading', { name: '민지 님, 어서 오세요' })).toBeVisible();
});
