import { rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { TestBrowser } from '../support/browser.js';
import { signIn } from '../support/hub-client.js';
import { ADMIN_ENV, canMountVolumes, HubProcess } from '../support/hub-process.js';

const TITLE = /disk is nearly full/;
const DEADLINE = { timeout: 40_000 };

(canMountVolumes() ? it : it.skip)(
  'the page says that the disk of the hub is nearly full, and no more when it is not (needs the right to mount a small one)',
  async () => {
    const [hub, browser] = await Promise.all([
      HubProcess.start({ env: ADMIN_ENV, volumeMib: 320 }),
      TestBrowser.launch(),
    ]);
    try {
      const user = await signIn(hub);
      const { page } = await browser.open(hub, { user });
      await page.goto(hub.url);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.getByText(TITLE).count()).toBe(0);
      const { bavail, bsize } = await statfs(hub.dataDir);
      writeFileSync(path.join(hub.dataDir, 'ballast'), Buffer.alloc(bavail * bsize - 60e6));
      const notice = page.getByRole('alert').filter({ hasText: TITLE });
      await notice.waitFor(DEADLINE);
      expect(await notice.innerText()).toMatch(/MiB are free, .* have to be/);
      rmSync(path.join(hub.dataDir, 'ballast'));
      await notice.waitFor({ ...DEADLINE, state: 'hidden' });
    } finally {
      await browser.close();
      await hub.clean();
    }
  },
  120_000,
);
