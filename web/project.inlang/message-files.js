// The usual file plugin of inlang is loaded from a CDN; a build must work without the internet.
// This one reads messages/<locale>.json: { "name": "Text with {inputs}" }.
const KEY = 'plugin.watchkeeper.messageFiles';

function parsePattern(text) {
  return text
    .split(/(\{[A-Za-z]\w*\})/)
    .filter((part) => part !== '')
    .map((part) =>
      part.startsWith('{') && part.endsWith('}')
        ? { type: 'expression', arg: { type: 'variable-reference', name: part.slice(1, -1) } }
        : { type: 'text', value: part },
    );
}

function declareInputs(pattern) {
  const names = new Set(pattern.filter((part) => part.type === 'expression').map((part) => part.arg.name));
  return [...names].map((name) => ({ type: 'input-variable', name }));
}

export default {
  key: KEY,
  toBeImportedFiles: ({ settings }) =>
    settings.locales.map((locale) => ({
      locale,
      path: settings[KEY].pathPattern.replace('{locale}', locale),
    })),
  importFiles: ({ files }) => {
    const bundles = [];
    const messages = [];
    const variants = [];
    for (const file of files) {
      for (const [id, text] of Object.entries(JSON.parse(new TextDecoder().decode(file.content)))) {
        const pattern = parsePattern(text);
        bundles.push({ id, declarations: declareInputs(pattern) });
        messages.push({ bundleId: id, locale: file.locale, selectors: [] });
        variants.push({ messageBundleId: id, messageLocale: file.locale, matches: [], pattern });
      }
    }
    return { bundles, messages, variants };
  },
};
