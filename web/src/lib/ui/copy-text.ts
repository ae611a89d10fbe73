/**
 * Puts the text on the clipboard. The clipboard API exists only under TLS or on localhost; on a
 * plain-HTTP LAN the old command still works, from a field beside `anchor` (a dialog traps focus).
 */
export async function copyText(text: string, anchor: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'sr-only';
    anchor.after(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    anchor.focus();
    return isCopied;
  }
}
