import type uPlot from 'uplot';
import { pickLocale } from '../format/locale.ts';

let loading: Promise<typeof uPlot> | undefined;

/**
 * uPlot calls `new Intl.NumberFormat(navigator.language)` as it is loaded; under a language that
 * Intl refuses (`en-US@posix`) that would end the page, so such a language is replaced first.
 */
export function loadUPlot(): Promise<typeof uPlot> {
  loading ??= (async () => {
    if (pickLocale() !== navigator.language) {
      Object.defineProperty(navigator, 'language', { value: pickLocale(), configurable: true });
    }
    const module = await import('uplot');
    return module.default;
  })();
  return loading;
}
