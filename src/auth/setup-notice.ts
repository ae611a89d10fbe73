/** Shows the set-up link on the hub's own console, outside the log, so that nobody overlooks it. */
export function printSetupLink(link: string, out: { write(text: string): unknown } = process.stdout): void {
  out.write(`\n  No admin yet. Within 30 minutes, open this link to make the first one:\n\n  ${link}\n\n`);
}
