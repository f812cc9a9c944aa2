import { expect, test } from '../../support/pair.ts';

test('an answer is taken back from its card and restored', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.complete('아무에게도 말하지 않은 이야기', '놀이터 그네요.');
  const card = pair.at(`cards/${(await pair.parent.today(pair.id)).question!.id}`);
  const [mine, theirs] = [pair.parent.page, pair.child.page];
  await mine.goto(card);
  await mine.getByText('이 답 지우기').click();
  await mine.getByRole('button', { name: '내 답 지우기' }).click();
  await expect(mine.getByText('내가 지운 답이에요.')).toBeVisible();
  await theirs.goto(card);
  await expect(theirs.getByText('이 답은 지워졌어요.')).toBeVisible();
  await expect(theirs.getByText('아무에게도 말하지 않은 이야기')).toHaveCount(0);
  await expect(theirs.getByText('놀이터 그네요.')).toBeVisible();

  await mine.getByRole('button', { name: '되돌리기' }).click();
  await expect(mine.getByText('아무에게도 말하지 않은 이야기')).toBeVisible();
  await theirs.reload();
  await expect(theirs.getByText('아무에게도 말하지 않은 이야기')).toBeVisible();
});

test('an account is deleted from the settings, and the recovery code takes that back', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const code = await pair.child.recoveryCode();
  await page.goto(pair.at('today'));
  await page.getByRole('link', { name: '설정' }).click();
  await page.getByRole('link', { name: '도움' }).click();
  await page.getByRole('link', { name: '그만 쓰고 싶어요' }).click();
  await page.getByRole('button', { name: '계정 지우기' }).click();
  await expect(page.getByText('아래 칸에 표시해야 계정을 지울 수 있어요.')).toBeVisible();
  await page.getByLabel('7일 뒤에 계정을 지워 주세요.').check();
  await page.getByLabel('복구 코드').fill('AAAA-AAAA-AAAA-AAAA');
  await page.getByLabel('내 글도 지우기').check();
  await page.getByRole('button', { name: '계정 지우기' }).click();
  await expect(page.getByText('코드가 맞지 않아요.')).toBeVisible();
  await expect(page.getByLabel('내 글도 지우기'), 'the choice stays').toBeChecked();
  await page.getByLabel('7일 뒤에 계정을 지워 주세요.').check();
  await page.getByLabel('복구 코드').fill(code);
  await page.getByRole('button', { name: '계정 지우기' }).click();
  await expect(page.getByRole('heading', { level: 1, name: '또 만나요' })).toBeVisible();
  expect((await page.request.get(pair.at('today'))).status()).toBe(401);
  await pair.parent.page.goto('/inbox');
  await expect(pair.parent.page.getByText('계정을 지우기로 했어요')).toBeVisible();

  await page.getByRole('link', { name: '복구 코드로 들어가기' }).click();
  await page.getByLabel('복구 코드').fill(code);
  await page.getByRole('button', { name: '들어가기' }).click();
  await page.goto(pair.at('today'));
  await expect(page.getByLabel('나의 답')).toBeVisible();
});
