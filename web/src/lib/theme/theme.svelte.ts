export type ThemeChoice = 'system' | 'light' | 'dark';

/** The same key is read by `static/theme.js` before the first paint. */
const STORAGE_KEY = 'watchkeeper-theme';

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

class Theme {
  choice = $state<ThemeChoice>(readChoice());
  isDark = $state(document.documentElement.classList.contains('dark'));
  readonly #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.#system.addEventListener('change', () => this.#apply());
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      if (choice === 'system') localStorage.removeItem(STORAGE_KEY);
      else localStorage.setItem(STORAGE_KEY, choice);
    } catch {
      // Storage can be forbidden; the choice then holds until the page is left.
    }
    this.#apply();
  }

  #apply(): void {
    this.isDark = this.choice === 'dark' || (this.choice === 'system' && this.#system.matches);
    document.documentElement.classList.toggle('dark', this.isDark);
  }
}

export const theme = new Theme();
