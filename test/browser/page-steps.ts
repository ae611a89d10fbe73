import type { Locator, Page } from 'playwright-core';
import { PAGE_DEADLINE_MS } from '../support/browser.js';
import type { ADMIN } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

/** What a visitor sees and does, by the names that assistive technology gets too. */

export const findCard = (page: Page, name: string): Locator =>
  page.getByRole('article', { name, exact: true });

export const findChart = (page: Page, title: string): Locator =>
  page.getByRole('figure', { name: title, exact: true });

export const findDialog = (page: Page, title: string): Locator =>
  page.getByRole('dialog', { name: title, exact: true });

export const findMeter = (card: Locator, name: string): Locator =>
  card.getByRole('meter', { name, exact: true });

export async function see(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: 'visible' });
}

export async function seeNoMore(locator: Locator): Promise<void> {
  await waitFor(async () => (await locator.count()) === 0, {
    deadlineMs: PAGE_DEADLINE_MS,
    what: () => `still there: ${locator}`,
  });
}

export async function seeHeading(page: Page, name: string): Promise<void> {
  await see(page.getByRole('heading', { level: 1, name, exact: true }));
}

export async function fillSignIn(page: Page, user: typeof ADMIN): Promise<void> {
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function chooseAccount(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'Account menu' }).click();
  await page
    .getByRole('menuitem', { name: item })
    .or(page.getByRole('menuitemradio', { name: item }))
    .click();
}

export async function chooseAction(page: Page, monitor: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${monitor}`, exact: true }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

export interface ChartState {
  readonly points: number;
  /** Epoch ms of the newest point; 0 before the first. */
  readonly lastAt: number;
}

export async function readChart(page: Page, title: string): Promise<ChartState> {
  const chart = findChart(page, title);
  return {
    points: Number(await chart.getAttribute('data-points')),
    lastAt: Number(await chart.getAttribute('data-last-at')),
  };
}

export function waitForChart(
  page: Page,
  title: string,
  fits: (state: ChartState) => boolean,
  deadlineMs = PAGE_DEADLINE_MS,
): Promise<ChartState> {
  let state: ChartState | undefined;
  return waitFor(
    async () => {
      state = await readChart(page, title);
      return fits(state) && state;
    },
    { deadlineMs, what: () => `the chart ${title} stays at ${JSON.stringify(state)}` },
  );
}

export async function waitForPath(page: Page, path: string): Promise<void> {
  await page.waitForURL((url) => url.pathname + url.search === path);
}
