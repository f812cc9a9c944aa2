import { expect, test } from '../support/pair.ts';

test('a child and a parent meet, answer, see the card open and find it in the archive', async ({
  page: child,
  context,
  somebody,
}) => {
  await child.goto('/');
  await child.getByRole('link', { name: '시작하기' }).click();
  await child.getByLabel('이름').fill('민지');
  await child.getByLabel(/만 14세 이상/).check();
  await child.getByRole('button', { name: '다음' }).click();

  await expect(child.getByRole('heading', { name: '복구 코드를 간직해 주세요' })).toBeVisible();
  await expect(child.getByText(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/)).toBeVisible();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await child.getByRole('button', { name: '코드 복사하기' }).click();
  await expect(child.getByText('복사했어요')).toBeVisible();
  expect(await child.evaluate(() => navigator.clipboard.readText())).toMatch(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
  await child.getByRole('button', { name: '보관했어요' }).click();

  await child.getByLabel('자녀 쪽', { exact: true }).check();
  await child.getByRole('group', { name: '자녀 쪽이라면, 나는' }).getByLabel('딸').check();
  await child.getByLabel('질문이 오는 시간').fill('20:30');
  await child.getByRole('button', { name: '첫 질문 받기' }).click();

  await child.getByLabel('나의 답').fill('유치원 창밖으로 눈이 오던 날이요.');
  await child.getByRole('button', { name: '답하기' }).click();
  await expect(child.getByText('답을 잘 간직했어요. 짝이 들어와 답하면 카드가 열려요.')).toBeVisible();
  await expect(child.getByText('초대를 기다려요')).toBeVisible();

  await child.getByRole('link', { name: '초대하러 가기' }).click();
  await child.getByRole('group', { name: '초대받는 사람은 나의' }).getByLabel('엄마').check();
  await child.getByLabel(/초대받는 사람의 이름/).fill('순자');
  await child.getByRole('button', { name: '초대 만들기' }).click();
  await expect(child.getByText(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/)).toBeVisible();
  await expect(child.getByRole('img', { name: '초대 주소가 담긴 QR 코드' })).toBeVisible();
  const link = await child.getByText(/^http.*\/join\//).innerText();
  const listening = child.waitForResponse(/\/events\?/);
  await child.goto('/');
  await child.getByRole('link', { name: '기다리는 짝' }).click();
  await listening;

  const { page: parent } = await somebody('순자');
  await parent.goto(link);
  await parent.getByRole('button', { name: '초대 확인' }).click();
  await expect(parent.getByRole('heading', { name: '민지가 기다리고 있어요' })).toBeVisible();
  await expect(parent.getByLabel('이름')).toHaveValue('순자');
  await expect(parent.getByLabel('엄마')).toBeChecked();
  await parent.getByLabel(/만 14세 이상/).check();
  await parent.getByRole('button', { name: '함께하기' }).click();
  await parent.getByRole('button', { name: '보관했어요' }).click();
  await expect(child.getByText('엄마가 들어왔어요.')).toBeVisible();
  await expect(parent.getByText('민지는 벌써 답했어요. 내가 답하면 바로 카드가 열려요.')).toBeVisible();

  // A reload, a lost focus or a jump of the page would change these.
  await child.evaluate(() => (document.body.dataset.seen = 'before'));
  await child.getByRole('link', { name: '보관함', exact: true }).focus();
  const scrolled = await child.evaluate(() => (scrollTo(0, 100), scrollY));
  await parent.getByLabel('나의 답').fill('골목에서 고무줄을 했지.');
  await parent.getByRole('button', { name: '답하기' }).click();

  await expect(child.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await expect(child.getByRole('heading', { name: '엄마의 이야기' })).toBeVisible();
  await expect(child.getByRole('img', { name: '두 창문에 모두 불이 켜져 있어요' })).toBeAttached();
  await expect(child.getByRole('status').getByText('카드가 열렸어요', { exact: true })).toBeAttached();
  expect(await child.evaluate(() => document.body.dataset.seen)).toBe('before');
  await expect(child.getByRole('link', { name: '보관함', exact: true })).toBeFocused();
  expect(await child.evaluate(() => scrollY)).toBe(scrolled);
  await expect(parent.getByText('유치원 창밖으로 눈이 오던 날이요.')).toBeVisible();

  await child.getByRole('link', { name: '보관함', exact: true }).click();
  await child.getByRole('link', { name: /가장 오래된 기억/ }).click();
  await expect(child.getByRole('heading', { level: 1 })).toHaveText(
    '기억 속에서 가장 어린 나는 어디에서 무엇을 하고 있나요?',
  );
  await expect(child.getByText('엄마는 이렇게 물음을 받았어요:')).toContainText('기억의 맨 처음으로 돌아가면');
  await expect(child.getByText('골목에서 고무줄을 했지.')).toBeVisible();
  await expect(child.getByText('유치원 창밖으로 눈이 오던 날이요.')).toBeVisible();
});
