/**
 * Looks for secrets in whatever a hub gives away: answers, log, export, database, processes.
 *
 *   const sweep = new SecretSweep();
 *   sweep.add('report key', key);
 *   expect(sweep.find(text)).toEqual([]);
 */
export class SecretSweep {
  private readonly secrets: { readonly kind: string; readonly forms: readonly string[] }[] = [];

  /** From now on no text may hold this, whole or in good part, plain or encoded. */
  add(kind: string, secret: string): void {
    if (secret.length < 12) throw new Error(`${kind}: too short to be told from other text`);
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      bytes.toString('hex'),
      // Two of the three ways in which base64 can hold it begin and end elsewhere: its middle is the same.
      bytes.toString('base64').slice(0, -4),
      bytes.toString('base64url').slice(0, -4),
    ];
    // The half of a random secret is as bad as the whole.
    if (/^\S{32,}$/.test(secret))
      forms.push(secret.slice(4, secret.length / 2 + 4), secret.slice(-secret.length / 2));
    this.secrets.push({ kind, forms: [...new Set(forms)] });
  }

  get kinds(): string[] {
    return this.secrets.map(({ kind }) => kind);
  }

  /** The kinds of secrets that stand in a text, and around what. */
  find(text: string): string[] {
    const found: string[] = [];
    for (const { kind, forms } of this.secrets) {
      const at = Math.max(...forms.map((form) => text.indexOf(form)));
      if (at >= 0) found.push(`${kind} after ${JSON.stringify(text.slice(Math.max(0, at - 60), at))}`);
    }
    return found;
  }
}
