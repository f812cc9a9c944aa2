import { expect, test } from '../support/pair.ts';

test('an answer can be edited until the card opens, and the earlier one stays mine alone', async ({ pairUp }) => {
  const pair = await pairUp();
  const [page, other] = [pair.child.page, pair.parent.page];
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('놀이터 그네요.');
  await page.getByRole('button', { name: '답하기' }).click();

  await page.getByText('답 고치기').click();
  await page.getByLabel('나의 답').fill('놀이터 미끄럼틀이요.');
  await page.getByRole('button', { name: '고친 답 저장하기' }).click();
  await expect(page.getByRole('article').getByText('놀이터 미끄럼틀이요.')).toBeVisible();
  await expect(page.getByLabel('나의 답')).toBeHidden();
  await page.getByText('고치기 전의 내 글 (나만 보여요)').click();
  await expect(page.getByRole('listitem').getByText('놀이터 그네요.')).toBeVisible();

  await pair.parent.answer(pair.id, '마당 감나무 밑이지.');
  await expect(page.getByText('마당 감나무 밑이지.')).toBeVisible();
  await expect(page.getByText('고치기 전의 내 글 (나만 보여요)')).toBeVisible();
  await pair.parent.open(pair.at('today'));
  await expect(other.getByText('놀이터 미끄럼틀이요.')).toBeVisible();
  expect(await other.content()).not.toContain('놀이터 그네요.');
});

test('a double tap is one answer', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const { as_of: before } = await pair.parent.today(pair.id);
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('자전거를 처음 혼자 탔던 공원이에요.');
  await page.getByRole('button', { name: '답하기' }).dblclick();

  await expect(page.getByText('답을 잘 간직했어요. 엄마가 답하면 카드가 열려요.')).toBeVisible();
  expect((await pair.child.today(pair.id)).question!.revisions).toEqual([]);
  expect((await pair.parent.today(pair.id)).as_of - before, 'what the other was told').toBe(1);
});

test('line breaks stay where they were written', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  const body = '첫 줄이에요.\n\n한 줄 쉬고 이어 썼어요.';
  // `innerText` has the line breaks as they are shown. It is read again until the leaf is in its place.
  const isDrawn = () =>
    expect(async () =>
      expect(await page.getByRole('article').getByText('첫 줄이에요.').innerText()).toBe(body),
    ).toPass();
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill(body);
  await page.getByRole('button', { name: '답하기' }).click();
  await isDrawn();

  await pair.parent.answer(pair.id, '그래.');
  await expect(page.getByText('그래.')).toBeVisible();
  await isDrawn();
});

test('the counter counts what people call letters and says when they are too many', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('👨‍👩‍👧');
  await expect(page.getByText('1 / 2,000')).toBeVisible();
  // Two thousand letters as the server counts them: half of them consist of two code points.
  await page.getByLabel('나의 답').fill('가🇰🇷'.repeat(1000));
  await expect(page.getByText('2000 / 2,000')).toBeVisible();
  await page.getByLabel('나의 답').press('End');
  await page.getByLabel('나의 답').pressSequentially('나');
  await expect(page.getByText('답은 2,000자까지 적을 수 있어요. 조금만 줄여 주세요.')).toBeVisible();
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(
    page.getByRole('alert').filter({ hasText: '답은 2,000자까지 적을 수 있어요. 조금만 줄여 주세요.' }),
  ).toBeVisible();

  await page.getByLabel('나의 답').press('Backspace');
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('답을 잘 간직했어요.')).toBeVisible();
});

test('an empty answer gets a sentence by the field', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('  \n ');
  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '답을 적어 주세요.' })).toBeVisible();
  await expect(page.getByLabel('나의 답')).toHaveAccessibleDescription(/답을 적어 주세요\./);
});

test('what one is typing, even half a syllable, survives the other answering', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.parent;
  const field = page.getByLabel('나의 답');
  await pair.parent.open(pair.at('today'));
  await field.pressSequentially('골목에서 ');
  const keyboard = await page.context().newCDPSession(page);
  await keyboard.send('Input.imeSetComposition', { text: '고', selectionStart: 1, selectionEnd: 1 });

  await pair.child.answer(pair.id, '운동장이요.');
  await expect(page.getByText('민지는 벌써 답했어요. 내가 답하면 바로 카드가 열려요.')).toBeVisible();
  await expect(field).toBeFocused();
  await expect(field).toHaveValue('골목에서 고');
  await keyboard.send('Input.imeSetComposition', { text: '고무', selectionStart: 2, selectionEnd: 2 });
  await keyboard.send('Input.insertText', { text: '고무줄' });
  await field.pressSequentially('을 했지.');
  await expect(field).toHaveValue('골목에서 고무줄을 했지.');

  await page.getByRole('button', { name: '답하기' }).click();
  await expect(page.getByText('운동장이요.')).toBeVisible();
  await expect(page.getByText('골목에서 고무줄을 했지.')).toBeVisible();
});

test('an edit the card opened over is not sent, and stays in sight', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.answer(pair.id, '문방구 뽑기요.');
  await pair.child.open(pair.at('today'));
  await page.getByText('답 고치기').click();
  await page.getByLabel('나의 답').fill('문방구 뽑기와 떡볶이요.');

  await pair.parent.answer(pair.id, '만화방이지.');
  await expect(page.getByText('만화방이지.')).toBeVisible();
  await expect(page.getByRole('article').getByText('문방구 뽑기요.')).toBeVisible();
  await expect(page.getByText('쓰는 사이에 카드가 열려서 이 글은 보내지 않았어요. 여기 남겨 두었어요.')).toBeVisible();
  await expect(page.getByText('문방구 뽑기와 떡볶이요.')).toBeVisible();
  await expect(page.getByRole('button', { name: '고친 답 저장하기' })).toHaveCount(0);
});

test('nothing sent to whoever has not answered holds a word of the other', async ({ pairUp }) => {
  const pair = await pairUp();
  await pair.child.answer(pair.id, '비밀이불속만화책');
  const heard: string[] = [];
  const { page } = pair.parent;
  page.on('response', async (response) => {
    // A page that is left gives no text.
    if (!/\/events|\/pkg\/|\/fonts\//.test(response.url())) heard.push(await response.text().catch(() => ''));
  });

  await pair.parent.open(pair.at('today'));
  await expect(page.getByText('민지는 벌써 답했어요.')).toBeVisible();
  await page.getByRole('link', { name: '보관함', exact: true }).click();
  await expect(page.getByText('아직 열린 카드가 없어요.')).toBeVisible();
  await page.getByRole('link', { name: '오늘', exact: true }).click();
  await expect(page.getByLabel('나의 답')).toBeVisible();
  const { question } = await pair.parent.today(pair.id);
  heard.push(await (await page.request.get(pair.at(`cards/${question!.id}`))).text(), await page.content());
  expect(heard.length).toBeGreaterThan(4);
  for (const text of heard) expect(text).not.toContain('비밀이불속만화책');
});

test('a draft waits on the device until it is sent', async ({ pairUp }) => {
  const pair = await pairUp();
  const { page } = pair.child;
  await pair.child.open(pair.at('today'));
  await page.getByLabel('나의 답').fill('버스 창가 자리에서');
  await expect(page.getByText('이 기기에 저장됨', { exact: true })).toBeVisible();
  await pair.child.open(pair.at('archive'));
  await pair.child.open(pair.at('today'));
  await expect(page.getByLabel('나의 답')).toHaveValue('버스 창가 자리에서');
  await expect(page.getByText('10 / 2,000')).toBeVisible();
});
